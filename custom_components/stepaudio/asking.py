"""An agent answers a text on a satellite or a media player, in its own voice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

import probatio as vol
from homeassistant.components import conversation, tts
from homeassistant.components.media_player.browse_media import async_process_play_media_url
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er, intent
from homeassistant.util.ulid import ulid_now

from . import assist
from .const import DOMAIN, SUBENTRY_AGENT, SUBENTRY_TTS

if TYPE_CHECKING:
    from . import StepAudioConfigEntry

_AGENT: Final = "agent"
_TEXT: Final = "text"
_PLAYER: Final = "player"
_LANGUAGE: Final = "language"

SCHEMA: Final = vol.Schema(
    {
        vol.Required(_AGENT): cv.entity_id,
        vol.Required(_TEXT): cv.string,
        vol.Required(_PLAYER): cv.entity_domain(["assist_satellite", "media_player"]),
        vol.Optional(_LANGUAGE): cv.string,
    }
)


async def async_ask(call: ServiceCall) -> ServiceResponse:
    """Have the agent answer, and the answer played; return its words when the player has taken them."""
    hass, agent, player = call.hass, call.data[_AGENT], call.data[_PLAYER]
    engine = _async_voice_beside(hass, agent)
    if hass.states.get(player) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_player", translation_placeholders={"player": player}
        )
    entity = er.async_get(hass).async_get(player)
    turn = assist.current_turn.set(None)
    spoken_by = assist.spoken_by.set(engine)
    try:
        # Within a conversation, such as that of a script that an agent runs, this is still another one.
        result = await conversation.async_converse(
            hass,
            call.data[_TEXT],
            ulid_now(),
            call.context,
            language=call.data.get(_LANGUAGE),
            agent_id=agent,
            device_id=entity.device_id if entity else None,
            satellite_id=player if player.startswith("assist_satellite.") else None,
        )
        reply = result.response.speech.get("plain", {}).get("speech", "")
        if result.response.response_type is intent.IntentResponseType.ERROR or not reply:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_answer", translation_placeholders={"reason": reply}
            )
        spoken = assist.current_turn.get()
        voice = spoken.voice if spoken is not None else ""
        stream = tts.async_create_stream(hass, engine, options={tts.ATTR_VOICE: voice} if voice else None)
        # As a stream, since those are in no cache: the voice is that of the turn.
        stream.async_set_message_stream(_once(reply))
    finally:
        assist.spoken_by.reset(spoken_by)
        assist.current_turn.reset(turn)
    await _async_play(call, player, reply, async_process_play_media_url(hass, stream.url))
    return {"reply": reply}


def _async_voice_beside(hass: HomeAssistant, agent: str) -> str:
    """Return the text-to-speech of an agent's account."""
    registry = er.async_get(hass)
    entity = registry.async_get(agent)
    entry: StepAudioConfigEntry | None = (
        hass.config_entries.async_get_entry(entity.config_entry_id) if entity and entity.config_entry_id else None
    )
    own = entry.subentries.get(entity.config_subentry_id or "") if entry and entity else None
    if entry is None or own is None or entry.domain != DOMAIN or own.subentry_type != SUBENTRY_AGENT:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_agent", translation_placeholders={"agent": agent}
        )
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_TTS:
            engine = registry.async_get_entity_id(Platform.TTS, DOMAIN, subentry.subentry_id)
            if engine is not None and hass.states.get(engine) is not None:
                return engine
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="no_voice_beside", translation_placeholders={"agent": agent}
    )


async def _async_play(call: ServiceCall, player: str, reply: str, url: str) -> None:
    if player.startswith("assist_satellite."):
        action, data = ("assist_satellite", "announce"), {"message": reply, "media_id": url, "preannounce": False}
    else:
        action = ("media_player", "play_media")
        data = {"media_content_id": url, "media_content_type": "music", "announce": True}
    await call.hass.services.async_call(*action, {ATTR_ENTITY_ID: player, **data}, blocking=True, context=call.context)


async def _once(text: str) -> AsyncGenerator[str]:
    yield text
