"""The event that fires when a turn is over."""

from __future__ import annotations

from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import StepAudioConfigEntry
from .client.report import Outcome, TurnReport
from .client.turn import Turn
from .const import CONF_REPORT_WORDS
from .entity import AccountEntity

PARALLEL_UPDATES = 0
TURN = EventEntityDescription(key="turn", event_types=[outcome.value for outcome in Outcome])


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the event of an account."""
    async_add_entities([TurnEvent(entry, TURN)])


class TurnEvent(AccountEntity, EventEntity):
    """Tells how a turn went, and what was said if the user allows it."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the turns."""
        await super().async_added_to_hass()
        self.async_on_remove(self.client.on_turn(self._on_turn))

    @callback
    def _on_turn(self, report: TurnReport, turn: Turn) -> None:
        attributes: dict[str, Any] = {
            "kind": report.kind.value,
            "error": report.error or None,
            "model": report.model,
            "own_voice": report.first_audio_ms is not None,
            "transcript_ms": report.transcript_ms,
            "first_word_ms": report.first_word_ms,
            "first_voice_ms": report.first_voice_ms,
            "first_audio_ms": report.first_audio_ms,
            "end_ms": report.end_ms,
            "voice_ms": report.voice_ms,
            "input_tokens": report.input_tokens,
            "cached_tokens": report.cached_tokens,
            "output_tokens": report.output_tokens,
            "tools": len(report.tools),
            "rounds": report.rounds,
        }
        if self.entry.options.get(CONF_REPORT_WORDS):
            attributes["transcript"] = turn.transcript
            attributes["reply"] = " ".join(words for answer in turn.answers if (words := answer.words.strip()))
        self._trigger_event(report.outcome.value, attributes)
        self.async_write_ha_state()
