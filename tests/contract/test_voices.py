"""The voices that are offered, and what the service of each region takes."""

import pytest

from custom_components.stepaudio.client.events import SessionConfig
from custom_components.stepaudio.client.speech import SpeechOptions
from custom_components.stepaudio.const import SPEECH_ONLY_VOICES, VOICES
from simulator.voices import REALTIME_VOICES, SPEECH_VOICES

REGIONS = [("china", "com"), ("international", "ai"), ("custom", "com")]


async def text():
    """Give a word."""
    yield "Hello."


@pytest.mark.parametrize(("region", "platform"), REGIONS)
async def test_default_voice_is_taken_in_its_region_by_model_and_speech(client, simulator, region, platform):
    simulator.switches = simulator.switches.replace(region=platform, voice_refusal="error")
    voice = VOICES[region][0]
    await client.check(SessionConfig("Hello.", voice))
    assert [pcm async for pcm in client.synthesize(text(), SpeechOptions("stepaudio-2.5-tts", voice))]
    (spoken,) = simulator.responses
    assert spoken.voice == voice


@pytest.mark.parametrize(("region", "platform"), REGIONS)
def test_voices_that_are_offered_in_a_region_are_those_that_it_takes(region, platform):
    assert set(VOICES[region]) == set(REALTIME_VOICES[platform])
    assert set(SPEECH_ONLY_VOICES[region]) <= set(SPEECH_VOICES) - set(VOICES[region])
