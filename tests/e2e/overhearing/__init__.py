"""Tells the words so far that an ear yields to Home Assistant, which 2026.11.0 takes and shows nowhere."""

from homeassistant.components.stt import PartialSpeechResult, SpeechToTextEntity
from homeassistant.helpers import config_validation as cv

CONFIG_SCHEMA = cv.empty_config_schema("overhearing")


async def async_setup(hass, config):
    """Listen in where every caller of an ear passes, Assist and the HTTP API alike."""
    taken = SpeechToTextEntity.internal_async_process_audio_stream_with_progress

    async def told(ear, metadata, stream):
        async for result in taken(ear, metadata, stream):
            if isinstance(result, PartialSpeechResult):
                hass.bus.async_fire("overheard", {"words": result.text})
            yield result

    SpeechToTextEntity.internal_async_process_audio_stream_with_progress = told
    return True
