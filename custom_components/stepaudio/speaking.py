"""How a text is spoken: the options of an entity and of a single call, and what they mean to the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.tts import ATTR_VOICE
from homeassistant.exceptions import HomeAssistantError

from .client.speech import SpeechOptions
from .const import DEFAULT_SPEECH_MODEL, DOMAIN

CONF_SPEED: Final = "speed"
CONF_VOLUME: Final = "volume"
CONF_INSTRUCTION: Final = "instruction"
CONF_PRONUNCIATION: Final = "pronunciation"
CONF_TEXT_NORMALIZATION: Final = "text_normalization"
SPEECH_OPTIONS: Final = (CONF_SPEED, CONF_VOLUME, CONF_INSTRUCTION, CONF_PRONUNCIATION, CONF_TEXT_NORMALIZATION)

SPEED_RANGE: Final = (0.5, 2.0)
VOLUME_RANGE: Final = (0.1, 2.0)
LONGEST_INSTRUCTION: Final = 200
NORMALIZATIONS: Final = ("standard", "enhanced")
"""All of protocol sheet 2.1 and 2.2, for the default model."""


def speech_options(options: Mapping[str, Any], rate_hz: int) -> SpeechOptions:
    """Return what the service is told; raises `HomeAssistantError` for what it would refuse."""
    instruction = str(options.get(CONF_INSTRUCTION) or "").strip()
    if len(instruction) > LONGEST_INSTRUCTION:
        raise refused(CONF_INSTRUCTION)
    normalization = str(options.get(CONF_TEXT_NORMALIZATION) or "")
    if normalization and normalization not in NORMALIZATIONS:
        raise refused(CONF_TEXT_NORMALIZATION)
    return SpeechOptions(
        DEFAULT_SPEECH_MODEL,
        str(options[ATTR_VOICE]),
        rate_hz,
        _number(options, CONF_SPEED, SPEED_RANGE),
        _number(options, CONF_VOLUME, VOLUME_RANGE),
        instruction,
        _pronunciation(options.get(CONF_PRONUNCIATION)),
        normalization,
    )


def _number(options: Mapping[str, Any], name: str, bounds: tuple[float, float]) -> float:
    value = options.get(name)
    try:
        number = 1.0 if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise refused(name) from error
    if not bounds[0] <= number <= bounds[1]:
        raise refused(name)
    return number


def _pronunciation(value: Any) -> tuple[str, ...]:
    """Return the replacements; they are given as {written: spoken}, or as a list or lines of "written/spoken"."""
    if isinstance(value, Mapping):
        value = [f"{written}/{spoken or ''}" for written, spoken in value.items()]
    elif isinstance(value, str):
        value = value.splitlines()
    elif not isinstance(value, list | tuple | None):
        raise refused(CONF_PRONUNCIATION)
    found = tuple(str(each).strip() for each in value or () if str(each).strip())
    if not all(written.strip() and spoken.strip() for written, _, spoken in (each.partition("/") for each in found)):
        raise refused(CONF_PRONUNCIATION)
    return found


def refused(name: str) -> HomeAssistantError:
    """Return the error for an option whose value the service would not take."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="speech_option", translation_placeholders={"option": name}
    )
