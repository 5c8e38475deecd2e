"""What Home Assistant knows of the run around us, the turn in its context, and the early start of the voice.

The only room that touches what Home Assistant does not promise to keep. Each of it stands behind a fallback that
costs speed and never correctness: a run that is not found, or looks different, is a run of which nothing is known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import voluptuous as vol
from homeassistant.components import conversation, tts
from homeassistant.components.assist_pipeline import Pipeline, PipelineNotFound, async_get_pipelines
from homeassistant.components.assist_pipeline.pipeline import async_get_pipeline
from homeassistant.components.conversation import chat_log
from homeassistant.const import MATCH_ALL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import chat_session, entity_registry as er

from .client.client import StepAudioClient
from .client.session import Session
from .client.turn import Turn
from .formats import CONVERTS_EVERY_SHAPE, taken_over

_LOGGER = logging.getLogger(__name__)

# assist_pipeline starts text-to-speech after more than 60 characters (home-assistant.md section 3). These have no
# width and no sound, and only the listener of the run sees them: the chat log and the spoken text stay clean.
EARLY_START = "\u200b" * 61


@dataclass(frozen=True, slots=True)
class Run:
    """The pipeline run around a call, as far as it is known."""

    conversation_id: str
    speaks: bool
    """Whether text-to-speech follows."""
    agent: str | None
    """Who answers. None where the run may end with the user's words, as a satellite's own question does."""
    tts_engine: str | None
    voice: str | None
    """The voice that the pipeline names."""
    other_voice: str | None
    """The voice in which text-to-speech would speak if the pipeline names none."""
    language: str
    """The language that the agent will be called with."""
    satellite_id: str | None


@dataclass(eq=False, slots=True)
class SpokenTurn:
    """A turn on its way through the stages of a run."""

    conversation_id: str
    turn: Turn
    text: str
    """The user's words, as the stages pass them on."""
    voice: str = ""
    """The voice that speaks the answer; empty for words alone."""
    failure: str = ""
    """The sentence that tells the user why there is no answer."""


current_turn: ContextVar[SpokenTurn | None] = ContextVar("stepaudio_current_turn", default=None)
spoken_by: ContextVar[str | None] = ContextVar("stepaudio_spoken_by", default=None)
"""The text-to-speech that will speak the answer where there is no run."""
_start: ContextVar[Mapping[str, Any] | None] = ContextVar("stepaudio_run_start", default=None)
"""The start of the run around us, from where it was first looked for: Home Assistant keeps a pipeline's last ten."""


def async_current_run(hass: HomeAssistant) -> Run | None:
    """Return the pipeline run that the caller is part of, or None if there is none or it cannot be told."""
    session = chat_session.current_session.get()
    if session is None:
        return None
    if (engine := spoken_by.get()) is not None:
        return Run(session.conversation_id, True, None, engine, None, None, hass.config.language, None)
    try:
        start = _run_start(hass, session.conversation_id)
        if start is None:
            return None
        pipeline = async_get_pipeline(hass, start["pipeline"])
        reply = _reply(hass, start)
    except AttributeError, KeyError, LookupError, TypeError, PipelineNotFound:
        _LOGGER.debug("The pipeline run cannot be read; answers will start later")
        return None
    language = pipeline.conversation_language
    if language == MATCH_ALL:
        language = pipeline.stt_language or pipeline.tts_language or pipeline.language
    to_the_end = "tts_output" in start
    return Run(
        conversation_id=session.conversation_id,
        speaks=to_the_end,
        agent=pipeline.conversation_engine if to_the_end or pipeline.tts_engine is None else None,
        tts_engine=pipeline.tts_engine,
        voice=pipeline.tts_voice,
        other_voice=reply.options.get(tts.ATTR_VOICE) if reply is not None else None,
        language=language,
        satellite_id=start.get("satellite_id") or _listening_satellite(hass),
    )


def _run_start(hass: HomeAssistant, conversation_id: str) -> Mapping[str, Any] | None:
    """Return the data of the run-start event of the conversation's newest run that has not ended."""
    found: tuple[str, Mapping[str, Any]] | None = None
    for runs in hass.data["assist_pipeline"].pipeline_debug.values():
        for run in runs.values():
            events = run.events
            if not events or events[-1].type == "run-end" or events[0].type != "run-start":
                continue
            data = events[0].data
            if data["conversation_id"] == conversation_id and (found is None or run.timestamp > found[0]):
                found = run.timestamp, data
    if found is not None:
        _start.set(found[1])
        return found[1]
    known = _start.get()
    return known if known is not None and known["conversation_id"] == conversation_id else None


def _reply(hass: HomeAssistant, start: Mapping[str, Any]) -> tts.ResultStream | None:
    """Return what a run will say, if it says anything."""
    return tts.async_get_stream(hass, start["tts_output"]["token"]) if "tts_output" in start else None


def _listening_satellite(hass: HomeAssistant) -> str | None:
    """Return the satellite that is listening, if there is just one: run-start names it only since 2026.11."""
    listening = [state.entity_id for state in hass.states.async_all("assist_satellite") if state.state == "listening"]
    return listening[0] if len(listening) == 1 else None


def async_device_id(hass: HomeAssistant, satellite_id: str | None) -> str | None:
    """Return the device of a satellite."""
    entry = er.async_get(hass).async_get(satellite_id) if satellite_id else None
    return entry.device_id if entry else None


def async_belongs_to(hass: HomeAssistant, entity_id: str | None, entry_id: str) -> bool:
    """Return whether an entity is one of this account's."""
    entity = er.async_get(hass).async_get(entity_id) if entity_id else None
    return entity is not None and entity.config_entry_id == entry_id


def async_pipelines(hass: HomeAssistant) -> list[Pipeline]:
    """Return the pipelines; none where Assist is not set up."""
    try:
        return async_get_pipelines(hass)
    except AttributeError, KeyError:
        return []


def async_watch_pipelines(hass: HomeAssistant, on_change: Callable[[], None]) -> CALLBACK_TYPE:
    """Call whenever a pipeline is added, changed or removed."""

    async def on_store_change(change_type: str, item_id: str, item: Mapping[str, Any]) -> None:
        on_change()

    try:
        stop: CALLBACK_TYPE = hass.data["assist_pipeline"].pipeline_store.async_add_listener(on_store_change)
    except AttributeError, KeyError:
        _LOGGER.debug("The pipelines cannot be watched; they are looked at when the account is set up")
        return lambda: None
    return stop


def async_session(client: StepAudioClient, conversation_id: str) -> Session:
    """Return the model's session for a conversation; it ends when Home Assistant forgets the conversation."""
    if client.find_session(conversation_id) is None:
        chat = chat_session.current_session.get()
        if chat is not None and chat.conversation_id == conversation_id:
            chat.async_on_cleanup(lambda: client.end_session(conversation_id))
    return client.session(conversation_id)


def async_logged_content(hass: HomeAssistant, conversation_id: str) -> list[conversation.Content]:
    """Return what the chat log of a conversation holds so far."""
    log = hass.data.get("conversation_chat_logs", {}).get(conversation_id)
    return list(getattr(log, "content", ()))


def async_watch_local_answers(hass: HomeAssistant, client: StepAudioClient) -> CALLBACK_TYPE:
    """Take an early answer back as soon as a sentence trigger or a local intent has answered instead."""

    @callback
    def on_chat_log(conversation_id: str, event_type: str, data: Mapping[str, Any]) -> None:
        if event_type != "content_added" or data.get("content", {}).get("role") != "assistant":
            return
        session = client.find_session(conversation_id)
        turn = session.turn if session is not None else None
        if turn is not None and turn.input_ended and not turn.claimed:
            turn.close()

    try:
        return chat_log.async_subscribe_chat_logs(hass, on_chat_log)
    except AttributeError:
        _LOGGER.debug("Chat logs cannot be followed; an early answer ends with the next turn at the latest")
        return lambda: None


def async_start_voice_early(log: conversation.ChatLog) -> None:
    """Have the run start text-to-speech now, uncached, instead of after 60 characters."""
    listener = log.delta_listener
    if listener is None:
        return
    if CONVERTS_EVERY_SHAPE:
        _take_over_format(log)
    try:
        listener(log, {"role": "assistant"})
        listener(log, {"content": EARLY_START})
    except Exception:  # noqa: BLE001 - whatever it raises in a later version, the ordinary start remains
        _LOGGER.debug("The voice cannot be started early; it will start later")


def _take_over_format(log: conversation.ChatLog) -> None:
    """Have the reply of this run left in the shape that our own voice gives it."""
    _change_reply(log, taken_over)


def async_speak_in(log: conversation.ChatLog, voice: str) -> None:
    """Have the reply of this run spoken in a voice, whether the model speaks or text-to-speech; before it begins."""
    _change_reply(log, lambda options: {**options, tts.ATTR_VOICE: voice})


def _change_reply(log: conversation.ChatLog, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    """Change the options of what this run will say. Home Assistant's cache goes by them, too."""
    try:
        start = _run_start(log.hass, log.conversation_id)
        reply = _reply(log.hass, start) if start is not None else None
        if reply is not None:
            reply.options = change(reply.options)
    except AttributeError, KeyError, TypeError:
        _LOGGER.debug("The options of the reply cannot be changed; it is spoken and converted as Home Assistant does")


def async_hears(hass: HomeAssistant) -> bool:
    """Return whether the home has an assistant that can be spoken to."""
    return any(pipeline.stt_engine for pipeline in async_pipelines(hass))


async def async_create_pipeline(hass: HomeAssistant, settings: dict[str, Any], *, preferred: bool) -> bool:
    """Create a pipeline; False if Home Assistant does not let that be done."""
    try:
        store = hass.data["assist_pipeline"].pipeline_store
        pipeline = await store.async_create_item(settings)
        if preferred:
            store.async_set_preferred_item(pipeline.id)
    except AttributeError, KeyError, TypeError, HomeAssistantError, vol.Invalid:
        _LOGGER.debug("The assistant cannot be created; that is left to the user")
        return False
    return True
