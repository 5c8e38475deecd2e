"""The assistant that the set-up offers: an Assist pipeline of the account's agent, ears and voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import language as language_util

from . import assist, issues
from .const import DOMAIN, LANGUAGES, SUBENTRY_AGENT, SUBENTRY_STT, SUBENTRY_TTS

if TYPE_CHECKING:
    from . import StepAudioConfigEntry

CONF_ASSISTANT: Final = "assistant"
CONF_PREFERRED: Final = "preferred"


async def async_fulfil_wish(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Create the assistant that was wished for when the account was added; once, and from then on it is the user's."""
    wish = entry.data.get(CONF_ASSISTANT)
    if wish is None:
        return
    # Taken back before anything can go wrong with it.
    rest = {name: value for name, value in entry.data.items() if name != CONF_ASSISTANT}
    hass.config_entries.async_update_entry(entry, data=rest)
    language, spoken = _languages(hass)
    agent, ears, voice = (_engine(hass, entry, kind) for kind in (SUBENTRY_AGENT, SUBENTRY_STT, SUBENTRY_TTS))
    settings = {
        "name": entry.title,
        "language": language,
        "conversation_engine": agent,
        "conversation_language": MATCH_ALL,
        "stt_engine": ears,
        "stt_language": spoken,
        "tts_engine": voice,
        "tts_language": spoken,
        # Every voice speaks both languages; what is chosen for the agent or the voice later holds here, too.
        "tts_voice": None,
        "wake_word_entity": None,
        "wake_word_id": None,
    }
    if not await assist.async_create_pipeline(hass, settings, preferred=wish[CONF_PREFERRED]):
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{issues.NO_ASSISTANT}_{entry.entry_id}",
            data={issues.ENTRY_ID: entry.entry_id},
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=issues.NO_ASSISTANT,
            translation_placeholders={"account": entry.title},
        )


def _languages(hass: HomeAssistant) -> tuple[str, str]:
    """Return the language of the home, or English if the models do not speak it, and what it is called to them."""
    country = hass.config.country
    if spoken := language_util.matches(hass.config.language, LANGUAGES, country=country):
        return hass.config.language, spoken[0]
    return "en", language_util.matches("en", LANGUAGES, country=country)[0]


def _engine(hass: HomeAssistant, entry: StepAudioConfigEntry, kind: str) -> str | None:
    """Return the entity of the account's first agent, ears or voice."""
    first = next((each for each in entry.subentries.values() if each.subentry_type == kind), None)
    return er.async_get(hass).async_get_entity_id(kind, DOMAIN, first.subentry_id) if first is not None else None
