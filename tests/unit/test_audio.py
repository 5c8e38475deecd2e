"""PCM: lengths, resampling, the WAV header."""

import io
import wave

import numpy as np
import pytest

from custom_components.stepaudio.client.audio import (
    Resampler,
    due_bytes,
    duration_ms,
    size_bytes,
    wav_header,
    whole_samples,
)


def tone(rate_hz, seconds=1.0):
    """Return a tone as PCM."""
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    return (8000 * np.sin(2 * np.pi * 440 * time_s)).astype("<i2").tobytes()


def test_length_there_and_back_is_the_same():
    assert duration_ms(size_bytes(60, 16_000), 16_000) == 60


@pytest.mark.parametrize("chunk_bytes", [1, 320, 1921, 10_000])
def test_resampler_in_chunks_equals_resampler_at_once(chunk_bytes):
    pcm = tone(16_000)
    at_once, in_chunks = Resampler(16_000, 24_000), Resampler(16_000, 24_000)
    whole = at_once.push(pcm) + at_once.flush()
    pieces = [in_chunks.push(pcm[start : start + chunk_bytes]) for start in range(0, len(pcm), chunk_bytes)]
    assert b"".join(pieces) + in_chunks.flush() == whole
    assert len(whole) == len(pcm) * 3 // 2


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 44_100, 48_000])
def test_resampler_keeps_length_and_tone(rate_hz):
    resampler = Resampler(24_000, rate_hz)
    out = np.frombuffer(resampler.push(tone(24_000)) + resampler.flush(), "<i2")
    assert abs(len(out) - rate_hz) <= 1
    spectrum = np.abs(np.fft.rfft(out))
    assert abs(int(spectrum.argmax()) - 440) <= 1


def test_resampler_at_equal_rates_passes_bytes_unchanged():
    resampler = Resampler(24_000, 24_000)
    pcm = tone(24_000, 0.1)
    assert resampler.push(pcm) is pcm
    assert resampler.flush() == b""


def test_resampler_that_got_nothing_gives_nothing():
    assert Resampler(16_000, 24_000).flush() == b""


def test_wav_header_is_read_as_wav_of_unknown_length():
    with wave.open(io.BytesIO(wav_header(24_000) + tone(24_000, 0.1))) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (24_000, 1, 2)


@pytest.mark.parametrize(
    ("waiting_bytes", "ended", "due"),
    [
        (1918, False, 0),
        (1920, False, 1920),
        (1921, False, 1920),
        (100, True, 100),
        (1, True, 0),
        (99_999, True, 32_000),
    ],
)
def test_audio_leaves_in_pieces_that_are_worth_it_and_whole_samples(waiting_bytes, ended, due):
    assert due_bytes(waiting_bytes, 16_000, ended=ended) == due


def test_odd_byte_waits_for_its_other_half():
    assert whole_samples(b"abc") == (b"ab", b"c")
    assert whole_samples(b"ab") == (b"ab", b"")
