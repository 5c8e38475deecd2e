"""Replies in the format that the satellite asked for, without a process of FFmpeg."""

import asyncio

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.stepaudio import formats
from custom_components.stepaudio.client.containers import AudioFormat
from custom_components.stepaudio.formats import reply_format, taken_over
from simulator import Fault, Say, ScriptedBrain

from .conftest import Answered
from .sounds import listen

ANSWER = "The light is on now."


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"preferred_format": "wav"}, ("wav", 24_000, 1)),
        (
            {
                "preferred_format": "wav",
                "preferred_sample_rate": 16_000,
                "preferred_sample_channels": 1,
                "preferred_sample_bytes": 2,
            },
            ("wav", 16_000, 1),
        ),
        ({"preferred_format": "wav", "preferred_sample_rate": 22_050}, ("wav", 22_050, 1)),
        (
            {
                "preferred_format": "flac",
                "preferred_sample_rate": "48000",
                "preferred_sample_channels": "1",
                "preferred_sample_bytes": "2",
            },
            ("flac", 48_000, 1),
        ),
        ({}, ("mp3", 24_000, 1)),
        ({"preferred_format": "mp3", "preferred_sample_rate": 44_100, "preferred_bitrate": 96}, ("mp3", 44_100, 1)),
        ({"preferred_format": "ogg", "preferred_sample_channels": 2}, ("ogg", 48_000, 2)),
    ],
)
async def test_turn_is_spoken_in_the_format_asked_for_without_a_process(voice, simulator, no_process, asked, given):
    simulator.brain = ScriptedBrain(Say(ANSWER))
    answered = await voice.ask(await voice.pipeline(), "Turn it on.", tts_audio_output=dict(asked))
    *shape, words = listen(answered.audio)
    assert tuple(shape) == given
    assert words == ANSWER
    assert [response.kind for response in simulator.responses] == ["voice"]


@pytest.mark.parametrize("container", ["wav", "flac", "mp3", "ogg"])
async def test_header_of_a_turns_voice_leaves_before_the_services_first_sound(voice, simulator, container):
    simulator.brain = ScriptedBrain(Say(ANSWER))
    simulator.throw(Fault("stall", at="response.audio.delta"))
    answered = Answered()
    asked = {"preferred_format": container}
    run = asyncio.ensure_future(
        voice.ask(await voice.pipeline(), "Turn it on.", answered=answered, tts_audio_output=asked)
    )
    await answered.chunks.wait_beyond(0)
    assert not [entry for entry in simulator.log if entry.type == "response.audio.delta"]
    simulator.release()
    assert listen((await run).audio)[3] == ANSWER


@pytest.mark.parametrize(
    ("options", "extension", "container", "rate_hz"),
    [
        ({}, "mp3", "mp3", 24_000),
        ({"preferred_format": "opus"}, "opus", "ogg", 24_000),
        ({"preferred_format": "aac"}, "wav", "wav", 24_000),
    ],
)
def test_format_that_cannot_be_made_is_left_to_home_assistant(options, extension, container, rate_hz):
    found, audio_format = reply_format(options)
    assert (found, audio_format.container, audio_format.rate_hz) == (extension, container, rate_hz)


def test_rate_that_is_no_number_is_refused_by_its_name():
    with pytest.raises(HomeAssistantError) as refused:
        reply_format({"preferred_format": "flac", "preferred_sample_rate": "high"})
    assert refused.value.translation_placeholders == {"option": "preferred_sample_rate"}


@pytest.mark.parametrize("converts", [True, False])
def test_shape_that_home_assistant_converts_in_any_case_is_left_to_it_as_plain_wav(monkeypatch, converts):
    monkeypatch.setattr(formats, "CONVERTS_EVERY_SHAPE", converts)
    asked = {"preferred_format": "flac", "preferred_sample_rate": "48000", "preferred_sample_channels": "2"}
    ours = ("flac", AudioFormat("flac", 48_000, 2))
    assert reply_format(asked) == (("wav", AudioFormat("wav", 48_000)) if converts else ours)
    assert reply_format(taken_over(asked)) == ours
