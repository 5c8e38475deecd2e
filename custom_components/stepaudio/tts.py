"""The voice: Home Assistant's text-to-speech calls, spoken by the turn itself or synthesised."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import replace
from typing import override

from homeassistant.components import tts
from homeassistant.components.tts.entity import TTSAudioRequest, TTSAudioResponse
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import StepAudioConfigEntry, assist, chosen_voice
from .client.audio import SERVICE_HZ, size_bytes
from .client.containers import Encoder
from .client.errors import StepAudioError, VoiceError
from .client.rest import list_voices
from .client.speech import RATES_HZ, SpeechOptions
from .const import (
    CONF_REGION,
    LANGUAGES,
    SPEECH_ONLY_VOICES,
    SUBENTRY_TTS,
    VOICES,
)
from .entity import StepAudioEntity, translated
from .formats import FORMAT_OPTIONS, reply_format
from .speaking import SPEECH_OPTIONS, speech_options
from .voices import clone_name, voice_name

_LOGGER = logging.getLogger(__name__)

PARALLEL_UPDATES = 0

# Encoding this much at once takes a few milliseconds at most; then everybody else has a turn.
_STEP_BYTES = size_bytes(500, SERVICE_HZ)


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the voices of an account."""
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_TTS:
            async_add_entities([StepAudioVoice(entry, subentry)], config_subentry_id=subentry.subentry_id)


class StepAudioVoice(StepAudioEntity, tts.TextToSpeechEntity):
    """The model speaks."""

    # Text-to-speech wants a name of the entity's own, and the device bears the same one.
    _attr_has_entity_name = False
    _attr_default_language = LANGUAGES[0]

    def __init__(self, entry: StepAudioConfigEntry, subentry: ConfigSubentry) -> None:
        """Take the voices of the account's region."""
        super().__init__(entry, subentry)
        self._attr_name = subentry.title
        region = entry.data[CONF_REGION]
        self._default_voice: str = chosen_voice.voice_of_speech(entry, subentry)
        # The one that is used when nobody chooses comes first.
        self._voices = list(dict.fromkeys((self._default_voice, *VOICES[region], *SPEECH_ONLY_VOICES[region])))
        self._clones: list[str] = []
        self._attr_default_options = {tts.ATTR_VOICE: self._default_voice} | {
            name: subentry.data[name] for name in SPEECH_OPTIONS if name in subentry.data
        }
        self._attr_supported_languages = list(LANGUAGES)
        self._attr_supported_options = [tts.ATTR_VOICE, *SPEECH_OPTIONS, *FORMAT_OPTIONS]

    @override
    async def async_added_to_hass(self) -> None:
        """Ask for the account's cloned voices; nothing waits for them."""
        await super().async_added_to_hass()
        self._fetching = self.entry.async_create_background_task(
            self.hass, self._async_fetch_clones(), "stepaudio cloned voices"
        )

    async def _async_fetch_clones(self) -> None:
        try:
            self._clones = await list_voices(async_get_clientsession(self.hass), self.client.endpoint)
        except StepAudioError as error:
            _LOGGER.debug("The cloned voices are not known: %s", error)

    @callback
    @override
    def async_get_supported_voices(self, language: str) -> list[tts.Voice]:
        """Return the voices of the region and the account's own; any other id may be typed."""
        return [
            *(tts.Voice(voice, voice_name(voice, language)) for voice in self._voices if voice not in self._clones),
            *(tts.Voice(voice, clone_name(voice, language)) for voice in self._clones),
        ]

    @override
    async def async_stream_tts_audio(self, request: TTSAudioRequest) -> TTSAudioResponse:
        """Speak with the turn's own voice if the text is the turn's own, else synthesise the text."""
        options = {**request.options, tts.ATTR_VOICE: request.options.get(tts.ATTR_VOICE) or self._default_voice}
        extension, audio_format = reply_format(request.options)
        text = request.message_gen
        first = await anext(text, "")
        spoken = assist.current_turn.get()
        if spoken is not None and _is_own(spoken, first, options[tts.ATTR_VOICE]):
            encoder = Encoder(SERVICE_HZ, audio_format)
            pcm = self._speak_turn(spoken, text, speech_options(options, SERVICE_HZ))
            # What was heard is always answered: whoever plays it can be ready before the first sound.
            return TTSAudioResponse(extension, _encoded(pcm, encoder, header_first=True))
        # The service speaks at the rate that is asked for where it can.
        rate_hz = audio_format.rate_hz if audio_format.rate_hz in RATES_HZ else SERVICE_HZ
        encoder = Encoder(rate_hz, audio_format)
        pcm = self._speak_text(_all_of(first, text), speech_options(options, rate_hz))
        # A header would promise sound: what fails before its first one stays an error to whoever fetches it.
        return TTSAudioResponse(extension, _encoded(pcm, encoder, header_first=False))

    async def _speak_turn(
        self, spoken: assist.SpokenTurn, text: AsyncGenerator[str], options: SpeechOptions
    ) -> AsyncGenerator[bytes]:
        """Speak with the turn's voice; where that breaks off, say the rest, or why there is none."""
        turn = spoken.turn
        async with aclosing(text), aclosing(turn.speak()) as voice:
            try:
                async for pcm in voice:
                    yield pcm
            except StepAudioError as error:
                _LOGGER.debug("The voice broke off: %s", error)
                if isinstance(error, VoiceError):  # the agent reports it
                    options = replace(options, voice=VOICES[self.entry.data[CONF_REGION]][0])
            else:
                if turn.answers[-1].voice == options.voice:
                    chosen_voice.async_take_back(self.hass, self.entry, self.entity_id, options.voice, by="model")
                return
            # The words are complete when the run has passed all of them on.
            async for _ in text:
                pass
        async with aclosing(self._synthesize(_all_of(spoken.failure or turn.unspoken_words()), options)) as rest:
            async for pcm in rest:
                yield pcm

    async def _speak_text(self, text: AsyncIterable[str], options: SpeechOptions) -> AsyncGenerator[bytes]:
        async with aclosing(self._synthesize(text, options)) as pieces:
            async for pcm in pieces:
                yield pcm
        chosen_voice.async_take_back(self.hass, self.entry, self.entity_id, options.voice, by="speech")

    async def _synthesize(self, text: AsyncIterable[str], options: SpeechOptions) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(self.client.synthesize(text, options)) as pieces:
                async for pcm in pieces:
                    yield pcm
        except StepAudioError as error:
            if isinstance(error, VoiceError):
                chosen_voice.async_report(self.hass, self.entry, self.entity_id, options.voice, by="speech")
            raise translated(error, HomeAssistantError) from error


def _is_own(spoken: assist.SpokenTurn, first: str, voice: str) -> bool:
    """Whether a text that begins with `first` is what the turn says itself, in this voice."""
    if not spoken.turn.claimed or spoken.voice != voice:
        return False
    if first.startswith(assist.EARLY_START):
        return True
    words = " ".join(" ".join(answer.words for answer in spoken.turn.answers).split())
    return bool(first.strip()) and words.startswith(" ".join(first.split()))


async def _all_of(first: str, rest: AsyncIterable[str] | None = None) -> AsyncGenerator[str]:
    yield first.replace("\u200b", "")
    if rest is not None:
        async for piece in rest:
            yield piece


async def _encoded(pieces: AsyncGenerator[bytes], encoder: Encoder, *, header_first: bool) -> AsyncGenerator[bytes]:
    """Yield the bytes of a stream, its header ahead of the first sound or with it."""
    header = encoder.header
    at_once_bytes = 0
    async with aclosing(pieces):
        if header_first:
            yield header
            header = b""
        async for pcm in pieces:
            for start in range(0, len(pcm), _STEP_BYTES):
                step = pcm[start : start + _STEP_BYTES]
                at_once_bytes += len(step)
                if at_once_bytes > _STEP_BYTES:
                    # What has piled up comes in many pieces, and nobody who takes them waits for anything.
                    await asyncio.sleep(0)
                    at_once_bytes = len(step)
                if data := encoder.push(step):
                    yield header + data
                    header = b""
        if data := header + encoder.flush():
            yield data
