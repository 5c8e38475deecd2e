"""Words as tones."""

import av
import numpy as np
import pytest

from simulator import ScriptEars, ToneVoice, read_tones, tones
from simulator.tones import GAP_S, sentences

TEXTS = ["Hello. How are you?", "打开厨房的灯。好吗？", "no end", "v1.5 is 3.2 ok! yes\nthird line"]


def said(text, rate_hz):
    return b"".join(tones(sentence, rate_hz) for sentence in sentences(text))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 24000, 44100, 48000])
def test_tones_are_read_at_their_rate(text, rate_hz):
    pcm = bytes(1554) + said(text, rate_hz) + bytes(1000)
    assert read_tones(pcm, rate_hz) == text


@pytest.mark.parametrize(("from_hz", "to_hz"), [(16000, 24000), (24000, 16000), (24000, 44100), (48000, 24000)])
def test_tones_are_read_after_resampling(from_hz, to_hz):
    frame = av.AudioFrame.from_ndarray(
        np.frombuffer(said(TEXTS[0], from_hz), "<i2")[None, :], format="s16", layout="mono"
    )
    frame.sample_rate = from_hz
    resampler = av.AudioResampler("s16", "mono", to_hz)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    assert read_tones(b"".join(part.to_ndarray().tobytes() for part in parts), to_hz) == TEXTS[0]


def test_tones_cut_off_leave_the_whole_sentences():
    pcm = said("One is here. Two is here.", 24000)
    assert read_tones(pcm[: len(pcm) * 3 // 4], 24000) == "One is here. "


def test_tones_are_not_read_from_noise():
    noise = np.random.default_rng(1).integers(-20000, 20000, 96000).astype("<i2").tobytes()
    assert read_tones(noise, 24000) == ""
    assert read_tones(b"", 24000) == ""


@pytest.mark.parametrize("text", TEXTS)
def test_sentences_joined_are_the_text(text):
    assert "".join(sentences(text)) == text


def test_tones_last_as_long_as_their_text():
    gap = round(GAP_S * 24000) * 2
    latin, chinese = tones("abcdefghij", 24000), tones("打开厨房", 24000)
    assert (len(latin) - gap) / 48 == 60 * 12
    assert (len(chinese) - gap) / 48 == 180 * 4 + 120


async def test_tone_voice_differs_by_text_and_repeats_itself():
    async def spoken(text):
        return b"".join([piece async for piece in ToneVoice().speak(text)])

    assert await spoken("Yes.") == await spoken("Yes.") != await spoken("Not")


async def test_script_ears_hear_tones_before_the_queue():
    ears = ScriptEars("queued")
    assert await ears.hear(tones("spoken", 16000), 16000) == "spoken"
    assert await ears.hear(b"\x01\x00" * 100, 16000) == "queued"


async def test_script_ears_hear_the_same_audio_again_as_before():
    ears = ScriptEars("first", otherwise="nothing")
    audio = b"\x01\x00" * 100
    assert [await ears.hear(audio, 16000), await ears.hear(audio, 16000)] == ["first", "first"]
    assert await ears.hear(b"\x02\x00" * 100, 16000) == "nothing"
    ears.learn(b"\x02\x00" * 100, "learnt")
    assert await ears.hear(b"\x02\x00" * 100, 16000) == "learnt"
