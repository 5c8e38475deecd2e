"""The voices and their names."""

import pytest

from custom_components.stepaudio.const import REGIONS, SPEECH_ONLY_VOICES, VOICES
from custom_components.stepaudio.voices import clone_name, voice_name


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_every_voice_of_a_region_has_a_name_of_its_own(region, language):
    voices = (*VOICES[region], *SPEECH_ONLY_VOICES[region])
    names = {voice_name(voice, language) for voice in voices}
    assert len(names) == len(voices)
    assert not names & set(voices)


def test_default_voice_is_the_same_in_all_regions():
    assert {VOICES[region][0] for region in REGIONS} == {"elegantgentle-female"}


def test_voice_that_is_not_known_is_its_own_name():
    assert voice_name("voice-tone-abcd", "en") == "voice-tone-abcd"


def test_cloned_voices_are_told_apart_by_the_end_of_their_ids():
    assert clone_name("voice-tone-abcd", "en-GB") == "My own voice abcd"
    assert clone_name("voice-tone-abcd", "zh-HK") == "我的音色 abcd"
