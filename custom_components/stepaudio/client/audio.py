"""PCM: bytes and milliseconds, resampling, the WAV header.

PCM is 16-bit little-endian mono everywhere in the client.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from fractions import Fraction
from typing import cast

from av import AudioFrame
from av.filter import Graph
from av.filter.context import FilterContext

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


def append_bytes(rate_hz: int) -> int:
    """Return how much of the user's audio has to be there before it leaves, unless it has ended."""
    return size_bytes(_APPEND_MS, rate_hz)


def due_bytes(waiting_bytes: int, rate_hz: int, *, ended: bool) -> int:
    """Return how much of the user's audio leaves at once, in whole samples: 0 if more has to come first."""
    if waiting_bytes < append_bytes(rate_hz) and not ended:
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
    the next one (sheet 1.10). A filter graph of our own costs half of what PyAV's resampler does for each chunk, which
    asks for a second frame and is told with an exception that there is none, and starts no threads.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Prepare to resample from `from_hz` to `to_hz`."""
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._odd = b""
        self._ends: tuple[FilterContext, FilterContext] | None = None
        self._frame: AudioFrame | None = None

    def push(self, pcm: bytes) -> bytes:
        """Return what can be said already; the filter holds a few samples back."""
        pcm, self._odd = whole_samples(self._odd + pcm)
        if self._from_hz == self._to_hz:
            return pcm
        if not pcm:
            return b""
        source, sink = self._ends = self._ends or _filter(self._from_hz, self._to_hz)
        frame = self._frame
        if frame is None or frame.samples * SAMPLE_BYTES != len(pcm):
            # Chunks are of one size but for the last: the graph copies what is in the frame.
            frame = self._frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // SAMPLE_BYTES)
            frame.sample_rate = self._from_hz
        frame.planes[0].update(pcm)
        source.push(frame)
        try:
            return _pulled(sink)  # one frame for one
        except BlockingIOError:
            return b""  # so few samples that the filter keeps them all

    def flush(self) -> bytes:
        """Return what the filter held back; nothing may be pushed afterwards."""
        if self._ends is None:
            return b""
        (source, sink), self._ends = self._ends, None
        source.push(None)
        rest = []
        with suppress(EOFError):
            while True:
                rest.append(_pulled(sink))
        return b"".join(rest)


def _filter(from_hz: int, to_hz: int) -> tuple[FilterContext, FilterContext]:
    """Return both ends of a filter graph that resamples."""
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "abuffer", sample_rate=str(from_hz), sample_fmt="s16", channel_layout="mono", time_base=f"1/{from_hz}"
    )
    resampler = graph.add("aresample", str(to_hz))
    sink = graph.add("abuffersink")
    source.link_to(resampler)
    resampler.link_to(sink)
    graph.configure()
    return source, sink


def _pulled(sink: FilterContext) -> bytes:
    """Return the samples of the next frame. Raises `BlockingIOError` while there is none, `EOFError` after the last."""
    frame = cast(AudioFrame, sink.pull())
    # The plane is longer than its samples.
    return memoryview(frame.planes[0])[: frame.samples * SAMPLE_BYTES].tobytes()


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
