"""Which voice an entity speaks with, where it was chosen, and choosing another there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from homeassistant.components.assist_pipeline import Pipeline, async_update_pipeline
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from . import assist, issues
from .const import CONF_REGION, CONF_VOICE, SPEECH_ONLY_VOICES, SUBENTRY_AGENT, VOICES

if TYPE_CHECKING:
    from . import StepAudioConfigEntry


def voice_of_agent(entry: StepAudioConfigEntry, subentry: ConfigSubentry) -> str:
    """Return the voice of an agent, among those that the model has."""
    region = entry.data[CONF_REGION]
    voice: str | None = subentry.data.get(CONF_VOICE)
    return voice if voice and voice not in SPEECH_ONLY_VOICES[region] else VOICES[region][0]


def voice_of_speech(entry: StepAudioConfigEntry, subentry: ConfigSubentry) -> str:
    """Return the voice of text-to-speech: without one of its own, an announcement sounds like the first agent."""
    agents = (each for each in entry.subentries.values() if each.subentry_type == SUBENTRY_AGENT)
    voices = (each.data.get(CONF_VOICE) for each in (subentry, *islice(agents, 1)))
    return next((voice for voice in voices if voice), VOICES[entry.data[CONF_REGION]][0])


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a voice of an entity was chosen. Empty if nowhere: then an action has named it."""

    subentries: tuple[ConfigSubentry, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()

    def __bool__(self) -> bool:
        """Whether it was chosen anywhere."""
        return bool(self.subentries or self.pipelines)


@callback
def async_find(hass: HomeAssistant, entry: StepAudioConfigEntry, entity_id: str, voice: str) -> Choice:
    """Return where a voice was chosen for an entity."""
    entity = er.async_get(hass).async_get(entity_id)
    own = entry.subentries.get(entity.config_subentry_id or "") if entity is not None else None
    if own is None:
        return Choice()
    named = [each for each in entry.subentries.values() if each.data.get(CONF_VOICE) == voice]
    if own.subentry_type == SUBENTRY_AGENT:
        chosen = [own] if voice_of_agent(entry, own) == voice else []
    else:  # an agent's voice that the model does not have is spoken by text-to-speech
        chosen = [each for each in named if each is own or each.subentry_type == SUBENTRY_AGENT]
        if not chosen and voice_of_speech(entry, own) == voice:
            chosen = [own]
    pipelines = [
        each
        for each in assist.async_pipelines(hass)
        if each.tts_voice == voice and entity_id in {each.tts_engine, each.conversation_engine}
    ]
    return Choice(tuple(chosen), tuple(pipelines))


async def async_choose(hass: HomeAssistant, entry: StepAudioConfigEntry, choice: Choice, voice: str) -> None:
    """Choose another voice in the same places."""
    for pipeline in choice.pipelines:
        await async_update_pipeline(hass, pipeline, tts_voice=voice)
    for subentry in choice.subentries:
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, CONF_VOICE: voice})


@callback
def async_report(
    hass: HomeAssistant, entry: StepAudioConfigEntry, entity_id: str, voice: str, *, by: Literal["model", "speech"]
) -> None:
    """Tell the owner which entity has a voice that the model, or speech synthesis, refuses."""
    data = {issues.ENTRY_ID: entry.entry_id, "entity_id": entity_id, CONF_VOICE: voice, "by": by}
    issues.async_raise(hass, issues.VOICE, entity_id, data, {"entity": entity_id, "voice": voice})


@callback
def async_take_back(
    hass: HomeAssistant, entry: StepAudioConfigEntry, entity_id: str, voice: str, *, by: Literal["model", "speech"]
) -> None:
    """Take the report back of a voice that works now, or is chosen no more."""
    for issue in issues.async_of(hass, entry.entry_id, issues.VOICE):
        if (issue.data or {}).items() >= {"entity_id": entity_id, CONF_VOICE: voice, "by": by}.items():
            issues.async_take_back(hass, issue)
    async_review(hass, entry)


@callback
def async_review(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Take back the reports of voices that are chosen no more."""
    for issue in issues.async_of(hass, entry.entry_id, issues.VOICE):
        data = issue.data or {}
        if not async_find(hass, entry, str(data["entity_id"]), str(data[CONF_VOICE])):
            issues.async_take_back(hass, issue)
