"""The ears: Home Assistant's speech-to-text calls, and the turn that takes the audio in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable
from typing import override

from homeassistant.components import stt
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.ulid import ulid_now

from . import StepAudioConfigEntry, assist
from .client.errors import ClosedError, NoSpeechError, ServiceTimeoutError, StepAudioError
from .client.events import SessionConfig
from .client.turn import Turn
from .const import CONF_REGION, LANGUAGES, SUBENTRY_STT, UNHEARD, VOICES
from .entity import StepAudioEntity

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
        """Feed the model while the user speaks, and return the words."""
        run = assist.async_current_run(self.hass)
        fused = run is not None and assist.async_belongs_to(self.hass, run.agent, self.entry.entry_id)
        key = run.conversation_id if run is not None and fused else f"stt-{ulid_now()}"
        turn: Turn | None = None
        try:
            turn = assist.async_session(self.client, key).listen(metadata.sample_rate, self._plain_config)
            async for chunk in stream:
                turn.feed(chunk)
            turn.end_input()
            text = await self._async_words(turn)
            if fused and text:
                # The agent answers, or tells why there is no answer.
                assist.current_turn.set(assist.SpokenTurn(key, turn, text))
                turn = None
            elif turn.error is not None and not isinstance(turn.error, NoSpeechError):
                return stt.SpeechResult(None, stt.SpeechResultState.ERROR)
            return stt.SpeechResult(text, stt.SpeechResultState.SUCCESS)
        except ClosedError:
            return stt.SpeechResult(None, stt.SpeechResultState.ERROR)
        finally:
            if turn is not None:
                turn.close()
            if not fused:
                self.client.end_session(key)

    async def _async_words(self, turn: Turn) -> str | None:
        """Return the user's words, None if there are none, or what stands for words that were not told."""
        try:
            text = await turn.wait_for_transcript(self.client.timeouts.transcript_s)
        except NoSpeechError:
            return None
        except TimeoutError:
            turn.fail(ServiceTimeoutError())
        except StepAudioError as error:
            _LOGGER.debug("The words did not come: %s", error)
        else:
            return UNHEARD if text is None else text or None
        return UNHEARD

    @property
    def _plain_config(self) -> SessionConfig:
        """What a session is configured with while no agent has said anything better."""
        return SessionConfig("Listen.", VOICES[self.entry.data[CONF_REGION]][0], with_voice=False)
