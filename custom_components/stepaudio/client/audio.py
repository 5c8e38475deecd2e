"""PCM: bytes and milliseconds, resampling, the WAV header.

PCM is 16-bit little-endian mono everywhere in the client.
"""

from __future__ import annotations

import struct
from fractions import Fraction

from av import AudioFrame, AudioResampler

SAMPLE_BYTES = 2
SERVICE_HZ = 24_000
"""Both directions; never negotiated (sheet 1.4)."""
# The service takes up to 15 MB at once; 60 ms is small enough for a live stream and spares a wake-up for each of
# the 10 ms chunks that Home Assistant hands over (sheet 1.4).
_APPEND_MS = 60
# What has piled up before the connection was ready leaves in pieces of this length.
_BACKLOG_MS = 1000


def duration_ms(size_bytes: int, rate_hz: int) -> float:
    """Return how long `size_bytes` of PCM last."""
    return size_bytes * 1000 / (rate_hz * SAMPLE_BYTES)


def size_bytes(length_ms: float, rate_hz: int) -> int:
    """Return the size of `length_ms` of PCM, a whole number of samples."""
    return int(length_ms * rate_hz / 1000) * SAMPLE_BYTES


def whole_samples(pcm: bytes) -> tuple[bytes, bytes]:
    """Return the whole samples of PCM, and the odd byte at its end, which belongs to what comes next (sheet 1.10)."""
    whole = len(pcm) - len(pcm) % SAMPLE_BYTES
    return pcm[:whole], pcm[whole:]


def due_bytes(waiting_bytes: int, rate_hz: int, *, ended: bool) -> int:
    """Return how much of the user's audio leaves at once, in whole samples: 0 if more has to come first."""
    if waiting_bytes < size_bytes(_APPEND_MS, rate_hz) and not ended:
        return 0
    return min(waiting_bytes - waiting_bytes % SAMPLE_BYTES, size_bytes(_BACKLOG_MS, rate_hz))


def audio_frame(pcm: bytes, rate_hz: int, position: int) -> AudioFrame:
    """Return PCM as a frame of PyAV that begins at sample `position`."""
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // SAMPLE_BYTES)
    frame.sample_rate = rate_hz
    frame.time_base = Fraction(1, rate_hz)
    frame.pts = position
    frame.planes[0].update(pcm)
    return frame


class Resampler:
    """PCM at one rate in, PCM at another out, without a seam between the chunks.

    At equal rates the bytes pass unchanged. A chunk may end in the middle of a sample: the odd byte is kept for
    the next one (sheet 1.10).
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Prepare to resample from `from_hz` to `to_hz`."""
        self._from_hz = from_hz
        self._odd = b""
        self._resampler = None if from_hz == to_hz else AudioResampler(format="s16", layout="mono", rate=to_hz)
        self._position = 0

    def push(self, pcm: bytes) -> bytes:
        """Return what can be said already; the filter holds a few samples back."""
        pcm, self._odd = whole_samples(self._odd + pcm)
        if self._resampler is None:
            return pcm
        if not pcm:
            return b""
        frame = audio_frame(pcm, self._from_hz, self._position)
        self._position += frame.samples
        return self._take(self._resampler.resample(frame))

    def flush(self) -> bytes:
        """Return what the filter held back; nothing may be pushed afterwards."""
        if self._resampler is None:
            return b""
        return self._take(self._resampler.resample(None)) if self._position else b""

    @staticmethod
    def _take(frames: list[AudioFrame]) -> bytes:
        return b"".join(bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES] for frame in frames)


def wav_header(rate_hz: int, *, channels: int = 1, sample_bytes: int = SAMPLE_BYTES) -> bytes:
    """Return the header of a WAV whose length is not known yet: the size fields hold their largest value."""
    unknown = 0xFFFFFFFF
    block = channels * sample_bytes
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        unknown,
        b"WAVE",
        b"fmt ",
        16,
        1,
        channels,
        rate_hz,
        rate_hz * block,
        block,
        sample_bytes * 8,
        b"data",
        unknown,
    )
