"""The ears: Home Assistant's speech-to-text calls, and the turn that takes the audio in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any, override

from homeassistant.components import stt
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import StepAudioConfigEntry, assist
from .client.errors import ClosedError, NoSpeechError, ServiceTimeoutError, StepAudioError
from .client.events import SessionConfig
from .client.recognition import RecognitionOptions, Transcript
from .client.turn import Turn
from .const import CONF_REGION, DEFAULT_SPEECH_MODEL, LANGUAGES, SUBENTRY_STT, UNHEARD, VOICES
from .entity import StepAudioEntity
from .hotwords import async_hotwords

_LOGGER = logging.getLogger(__name__)

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the ears of an account."""
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_STT:
            async_add_entities([StepAudioEars(entry, subentry)], config_subentry_id=subentry.subentry_id)


class StepAudioEars(StepAudioEntity, stt.SpeechToTextEntity):
    """The model listens."""

    @property
    @override
    def supported_languages(self) -> list[str]:
        """The languages that the models hear."""
        return list(LANGUAGES)

    @property
    @override
    def supported_formats(self) -> list[stt.AudioFormats]:
        """PCM, announced as WAV."""
        return [stt.AudioFormats.WAV]

    @property
    @override
    def supported_codecs(self) -> list[stt.AudioCodecs]:
        """PCM."""
        return [stt.AudioCodecs.PCM]

    @property
    @override
    def supported_bit_rates(self) -> list[stt.AudioBitRates]:
        """Sixteen bits."""
        return [stt.AudioBitRates.BITRATE_16]

    @property
    @override
    def supported_sample_rates(self) -> list[stt.AudioSampleRates]:
        """What satellites send."""
        return [stt.AudioSampleRates.SAMPLERATE_16000]

    @property
    @override
    def supported_channels(self) -> list[stt.AudioChannels]:
        """Mono."""
        return [stt.AudioChannels.CHANNEL_MONO]

    @override
    async def async_process_audio_stream(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> stt.SpeechResult:
        """Return the words when the user has finished."""
        async with aclosing(self._async_hear(metadata, stream)) as heard:
            async for result in heard:
                if isinstance(result, stt.SpeechResult):
                    return result
        raise ClosedError

    async def async_process_audio_stream_with_progress(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> AsyncGenerator[Any]:
        """Yield the words so far and last the final ones; Home Assistant asks like this since 2026.11."""
        async with aclosing(self._async_hear(metadata, stream)) as heard:
            async for result in heard:
                yield stt.PartialSpeechResult(result) if isinstance(result, str) else result  # type: ignore[attr-defined]  # not before 2026.11

    async def _async_hear(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> AsyncGenerator[str | stt.SpeechResult]:
        """Yield the words so far and last the result: with the model's own ears if an agent of ours answers."""
        run = assist.async_current_run(self.hass)
        fused = run is not None and assist.async_belongs_to(self.hass, run.agent, self.entry.entry_id)
        if run is not None and not fused:
            self._prepare_voice(run)
        heard = (
            self._async_hear_in_turn(run.conversation_id, metadata, stream)
            if run is not None and fused
            else self._async_hear_alone(metadata, stream)
        )
        async with aclosing(heard):
            try:
                async for result in heard:
                    yield result
            except StepAudioError as error:
                _LOGGER.debug("Nothing was heard: %s", error)
                yield stt.SpeechResult(None, stt.SpeechResultState.ERROR)

    # --- alone ---

    def _prepare_voice(self, run: assist.Run) -> None:
        """Have a voice of this account ready for what somebody else will answer."""
        if run.speaks and assist.async_belongs_to(self.hass, run.tts_engine, self.entry.entry_id):
            self.client.prepare_speech(DEFAULT_SPEECH_MODEL)

    async def _async_hear_alone(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> AsyncGenerator[str | stt.SpeechResult]:
        async with aclosing(self._recognize(metadata, stream)) as heard:
            async for transcript in heard:
                yield _result(_spoken(transcript.text)) if transcript.final else transcript.text

    def _recognize(self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]) -> AsyncGenerator[Transcript]:
        """Recognise speech; the service is told what language it is and what names may be said."""
        options = RecognitionOptions(
            # Recognition knows Chinese and English, without their regions (sheet 3.3).
            language=metadata.language.partition("-")[0].lower(),
            hotwords=async_hotwords(self.hass, self.subentry.data),
            rate_hz=int(metadata.sample_rate),
        )
        return self.client.recognize(stream, options, async_get_clientsession(self.hass))

    async def _async_recognized(self, metadata: stt.SpeechMetadata, audio: bytes) -> str:
        """Return the words of audio that the model has heard already, empty if they do not come soon."""
        words = ""
        try:
            async with (
                asyncio.timeout(self.client.timeouts.second_hearing_s),
                aclosing(self._recognize(metadata, _whole(audio))) as heard,
            ):
                async for transcript in heard:
                    words = transcript.text if transcript.final else ""
        except (TimeoutError, StepAudioError) as error:
            _LOGGER.debug("Recognition did not help: %s", error)
        return _spoken(words)

    # --- as a part of one turn ---

    async def _async_hear_in_turn(
        self, conversation_id: str, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> AsyncGenerator[str | stt.SpeechResult]:
        """Feed the model while the user speaks; the turn goes on to the agent with its words."""
        turn = assist.async_session(self.client, conversation_id).listen(
            int(metadata.sample_rate),  # an enum, whose text is its name
            self._plain_config,
        )
        audio = bytearray()  # the turn forgets its own when it is refused or answered
        passed_on = False
        try:
            async for chunk in stream:
                turn.feed(chunk)
                audio += chunk
            turn.end_input()
            try:
                async with aclosing(self._async_partials(turn)) as partials:
                    async for words in partials:
                        yield words
                told = await turn.wait_for_transcript(self.client.timeouts.transcript_s)
                text = (
                    _spoken(told)
                    if told is not None
                    else await self._async_recognized(metadata, bytes(audio)) or UNHEARD
                )
            except NoSpeechError:
                # Too short for the model, "yes" for example. What recognition makes of it is answered like typed text.
                turn.close()
                yield _result(await self._async_recognized(metadata, bytes(audio)))
                return
            except TimeoutError:
                turn.fail(ServiceTimeoutError())
                text = UNHEARD
            except StepAudioError as error:
                _LOGGER.debug("The words did not come: %s", error)  # the agent tells why
                text = UNHEARD
            if text:
                assist.current_turn.set(assist.SpokenTurn(conversation_id, turn, text))
                passed_on = True
            yield _result(text)
        finally:
            if not passed_on:
                turn.close()

    async def _async_partials(self, turn: Turn) -> AsyncGenerator[str]:
        """Yield the words so far, for as long as they may take. Raises TimeoutError, and what ended them."""
        taken = 0
        deadline_s = asyncio.get_running_loop().time() + self.client.timeouts.transcript_s
        while not (turn.partials.ended and taken == len(turn.partials.items)):
            async with asyncio.timeout_at(deadline_s):
                await turn.partials.wait_beyond(taken)
            for words in turn.partials.items[taken:]:
                taken += 1
                yield words

    @property
    def _plain_config(self) -> SessionConfig:
        """What a session is configured with while no agent has said anything better."""
        return SessionConfig("Listen.", VOICES[self.entry.data[CONF_REGION]][0], with_voice=False)


def _result(text: str) -> stt.SpeechResult:
    """Return words as Home Assistant takes them; without any it tells that nothing was said."""
    return stt.SpeechResult(text, stt.SpeechResultState.SUCCESS)


def _spoken(text: str) -> str:
    """Return the words; a lone full stop is what recognisers make of noise."""
    return text.strip() if any(character.isalnum() for character in text) else ""


async def _whole(audio: bytes) -> AsyncGenerator[bytes]:
    yield audio
