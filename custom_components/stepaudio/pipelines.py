"""Assist pipelines that have our agent, but another engine's ears or voice: what is lost, and the switch to ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.components.assist_pipeline import Pipeline, async_update_pipeline
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.start import async_at_started
from homeassistant.util.language import matches

from . import assist, issues
from .const import LANGUAGES, SUBENTRY_STT, SUBENTRY_TTS

if TYPE_CHECKING:
    from . import StepAudioConfigEntry


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine of ours, and the language in which a pipeline would use it."""

    entity_id: str
    language: str


@dataclass(frozen=True, slots=True)
class HalfPipeline:
    """A pipeline whose turns are not ours from the first word to the last, although they could be."""

    pipeline: Pipeline
    ears: Engine | None
    """Ours, if another engine's listen."""
    voice: Engine | None
    """Ours, if another engine's speaks."""

    @property
    def kind(self) -> str:
        """The issue that this is."""
        if self.ears and self.voice:
            return issues.PIPELINE_BOTH
        return issues.PIPELINE_EARS if self.ears else issues.PIPELINE_VOICE


@callback
def async_watch(hass: HomeAssistant, entry: StepAudioConfigEntry, on_change: Callable[[], None]) -> None:
    """Report half-configured pipelines, and call `on_change`: from the start on, and whenever pipelines change."""

    @callback
    def check() -> None:
        _async_report(hass, entry)
        on_change()

    @callback
    def begin(hass: HomeAssistant) -> None:
        entry.async_on_unload(assist.async_watch_pipelines(hass, check))
        check()

    entry.async_on_unload(async_at_started(hass, begin))


@callback
def async_find_half(hass: HomeAssistant, entry: StepAudioConfigEntry, pipeline: Pipeline) -> HalfPipeline | None:
    """Return what is foreign in a pipeline of our agent and could be ours; None if nothing is.

    A stage that the pipeline leaves out is left out on purpose, and so is one for which the account has no engine, or
    none that knows the pipeline's language.
    """
    if not assist.async_belongs_to(hass, pipeline.conversation_engine, entry.entry_id):
        return None
    ears = _async_ours_instead(
        hass, entry, SUBENTRY_STT, pipeline.stt_engine, (pipeline.stt_language, pipeline.language)
    )
    voice = _async_ours_instead(
        hass, entry, SUBENTRY_TTS, pipeline.tts_engine, (pipeline.tts_language, pipeline.language)
    )
    return HalfPipeline(pipeline, ears, voice) if ears or voice else None


async def async_make_whole(hass: HomeAssistant, half: HalfPipeline) -> None:
    """Have a pipeline listen and speak with our engines."""
    changes: dict[str, str | None] = {}
    if half.ears:
        changes |= {"stt_engine": half.ears.entity_id, "stt_language": half.ears.language}
    if half.voice:
        changes |= {"tts_engine": half.voice.entity_id, "tts_language": half.voice.language, "tts_voice": None}
    await async_update_pipeline(hass, half.pipeline, **changes)  # type: ignore[arg-type]  # mypy takes any for each


@callback
def _async_ours_instead(
    hass: HomeAssistant,
    entry: StepAudioConfigEntry,
    domain: str,
    engine: str | None,
    languages: tuple[str | None, ...],
) -> Engine | None:
    """Return our engine that could take the place of a foreign one."""
    if engine is None or assist.async_belongs_to(hass, engine, entry.entry_id):
        return None
    ours = [
        entity.entity_id
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.domain == domain and not entity.disabled
    ]
    known = [each for language in languages if language for each in matches(language, LANGUAGES, hass.config.country)]
    return Engine(ours[0], known[0]) if ours and known else None


@callback
def _async_report(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Raise an issue for each half-configured pipeline, and take back those of the others, and that of having none."""
    raised: set[str] = set()
    all_pipelines = assist.async_pipelines(hass)
    if any(assist.async_belongs_to(hass, each.conversation_engine, entry.entry_id) for each in all_pipelines):
        issues.async_take_back(hass, *issues.async_of(hass, entry.entry_id, issues.NO_ASSISTANT))
    for pipeline in all_pipelines:
        if (half := async_find_half(hass, entry, pipeline)) is not None:
            raised.add(
                issues.async_raise(
                    hass,
                    half.kind,
                    pipeline.id,
                    {issues.ENTRY_ID: entry.entry_id, "pipeline_id": pipeline.id},
                    {
                        "pipeline": pipeline.name,
                        "agent": _name(hass, pipeline.conversation_engine),
                        "ears": _name(hass, pipeline.stt_engine),
                        "voice": _name(hass, pipeline.tts_engine),
                    },
                    severity=ir.IssueSeverity.WARNING,
                )
            )
    stale = [each for each in issues.async_of(hass, entry.entry_id, *issues.PIPELINES) if each.issue_id not in raised]
    issues.async_take_back(hass, *stale)


def _name(hass: HomeAssistant, engine: str | None) -> str:
    state = hass.states.get(engine) if engine and "." in engine else None
    return state.name if state is not None else engine or "–"
