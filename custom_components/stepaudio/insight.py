"""What is told of an account to whoever helps its user: how it is set and how it went; no key, no words, no voice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import CONF_LLM_HASS_API
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import (
    CONF_ANSWER_LANGUAGE,
    CONF_EARLY_ANSWER,
    CONF_FOLLOW_UP,
    CONF_HOTWORDS_OF_HOME,
    CONF_LOW_BALANCE,
    CONF_MAX_SESSIONS,
    CONF_MODEL,
    CONF_PLAN,
    CONF_PRICE_CACHED,
    CONF_PRICE_INPUT,
    CONF_PRICE_OUTPUT,
    CONF_RECOMMENDED,
    CONF_REGION,
    CONF_REPORT_WORDS,
    CONF_SPARES,
    CONF_TURNS_KEPT,
    CONF_VOICE,
    CONF_WEB_SEARCH,
    DOMAIN,
    SPEECH_ONLY_VOICES,
    VOICES,
)

if TYPE_CHECKING:
    from . import StepAudioConfigEntry

REDACTED: Final = "**REDACTED**"
LIBRARIES: Final = ("av", "orjson", "websockets")

# Whatever is added later is kept to ourselves until it is named here.
_SHOWN: Final = {
    CONF_ANSWER_LANGUAGE,
    CONF_EARLY_ANSWER,
    CONF_FOLLOW_UP,
    CONF_HOTWORDS_OF_HOME,
    CONF_LLM_HASS_API,
    CONF_LOW_BALANCE,
    CONF_MAX_SESSIONS,
    CONF_MODEL,
    CONF_PLAN,
    CONF_PRICE_CACHED,
    CONF_PRICE_INPUT,
    CONF_PRICE_OUTPUT,
    CONF_RECOMMENDED,
    CONF_REGION,
    CONF_REPORT_WORDS,
    CONF_SPARES,
    CONF_TURNS_KEPT,
    CONF_WEB_SEARCH,
}
_PUBLIC_VOICES: Final = {
    voice for table in (VOICES, SPEECH_ONLY_VOICES) for voices in table.values() for voice in voices
}
"""Any other is the clone of somebody's voice."""
_NAME: Final = re.compile(r"[\w.-]{1,80}", re.ASCII)
"""What functions and events are called. The model and the service choose them, and could write anything."""


def settings(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return which settings there are, and the values of those that no person has written."""
    return {
        name: settings(value) if isinstance(value, Mapping) else value if _is_shown(name, value) else REDACTED
        for name, value in data.items()
    }


def turns(entry: StepAudioConfigEntry) -> list[dict[str, Any]]:
    """Return how the account's last turns went, oldest first."""
    return [
        asdict(report) | {"at": report.at.isoformat(), "fused": report.fused, "tools": [*map(_name, report.tools)]}
        for report in entry.runtime_data.client.reports
    ]


def unknown_events(entry: StepAudioConfigEntry) -> dict[str, int]:
    """Return the types of events that nobody has described yet, and how often they came."""
    return {_name(kind): count for kind, count in entry.runtime_data.client.unknown_events.items()}


def last_error(entry: StepAudioConfigEntry) -> str:
    """Return the key of what last went wrong in a turn, or does with the account; empty for nothing."""
    errors = (report.error for report in reversed(entry.runtime_data.client.reports) if report.error)
    return entry.runtime_data.data.trouble or next(errors, "")


async def async_versions(hass: HomeAssistant) -> dict[str, str]:
    """Return the versions of the integration and the libraries that it stands on."""
    integration = await async_get_integration(hass, DOMAIN)
    found = await hass.async_add_executor_job(lambda: {name: version(name) for name in LIBRARIES})
    return {DOMAIN: str(integration.version), **found}


def _is_shown(name: str, value: Any) -> bool:
    return name in _SHOWN or (name == CONF_VOICE and value in _PUBLIC_VOICES)


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) else REDACTED
