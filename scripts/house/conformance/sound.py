"""Speech for the probes: cut to a length, brought to a level, streamed as a microphone does. 16-bit mono, 24 kHz."""

import asyncio
import base64
from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .findings import ProbeError
from .wire import Wire

RATE_HZ = 24_000
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * RATE_HZ // 1000 * 2
_LOUD = 500.0
"""RMS of a frame that is speech and not breath."""
_USUAL_LEVEL = 6000.0
"""Well above any threshold of voice detection, which ends at 5000."""
_APPEND_BYTES = 48_000


def silence(duration_ms: int) -> bytes:
    """Give silence."""
    return bytes(duration_ms // FRAME_MS * FRAME_BYTES)


def duration_s(pcm: bytes) -> float:
    """Give the length of audio."""
    return len(pcm) / (2 * RATE_HZ)


@dataclass(frozen=True, slots=True)
class Speech:
    """A sentence and its sound: whole frames from its first loud one to its last, at the usual level."""

    words: str
    pcm: bytes

    @classmethod
    def of(cls, words: str, pcm: bytes) -> Speech:
        """Make it of any recording of the words."""
        samples = _frames(pcm)
        levels = _levels(samples)
        loud = np.flatnonzero(levels > _LOUD)
        if not loud.size:
            raise ProbeError("the speech that is to be sent is silent")
        kept = samples[loud[0] : loud[-1] + 1]
        return cls(words, _scaled(kept, _USUAL_LEVEL / float(np.median(levels[levels > _LOUD]))))

    @property
    def duration_ms(self) -> int:
        """How long it is."""
        return len(self.pcm) // FRAME_BYTES * FRAME_MS

    def cut(self, duration_ms: int) -> bytes:
        """Give the beginning; said again and again where it is too short."""
        size = duration_ms // FRAME_MS * FRAME_BYTES
        return (self.pcm * (size // len(self.pcm) + 1))[:size]

    def at_level(self, level: float, duration_ms: int) -> bytes:
        """Give the beginning, so loud that its loudest tenth is louder than a level (RMS)."""
        samples = _frames(self.cut(duration_ms))
        return _scaled(samples, level / float(np.quantile(_levels(samples), 0.9)))


def loud_span_ms(pcm: bytes, level: float) -> tuple[int, int]:
    """Give where the first frame that is louder than a level (RMS) begins, and where the last one ends."""
    loud = np.flatnonzero(_levels(_frames(pcm)) > level)
    return (int(loud[0]) * FRAME_MS, int(loud[-1] + 1) * FRAME_MS) if loud.size else (0, len(pcm) // FRAME_BYTES)


def _frames(pcm: bytes) -> NDArray[np.float64]:
    whole = len(pcm) // FRAME_BYTES * FRAME_BYTES
    return np.frombuffer(pcm[:whole], "<i2").reshape(-1, FRAME_BYTES // 2).astype(np.float64)


def _levels(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    levels: NDArray[np.float64] = np.sqrt((frames**2).mean(axis=1))
    return levels


def _scaled(frames: NDArray[np.float64], factor: float) -> bytes:
    return np.clip(frames * factor, -32768, 32767).astype("<i2").tobytes()


async def append(wire: Wire, pcm: bytes) -> None:
    """Send audio to the input buffer at once."""
    for start in range(0, len(pcm), _APPEND_BYTES):
        piece = pcm[start : start + _APPEND_BYTES]
        await wire.send("input_audio_buffer.append", audio=base64.b64encode(piece).decode())


class Microphone:
    """Sends a frame every 20 ms, silence while nobody speaks, and knows when which audio had left."""

    def __init__(self, wire: Wire) -> None:
        """Send on a connection."""
        self._wire = wire
        self._left = bytearray()
        self._sent_s: list[float] = []

    def say(self, pcm: bytes) -> tuple[int, int]:
        """Speak next, and give the places in the stream where this begins and ends, in ms."""
        start_ms = len(self._sent_s) * FRAME_MS + len(self._left) // FRAME_BYTES * FRAME_MS
        self._left += pcm
        return start_ms, start_ms + len(pcm) // FRAME_BYTES * FRAME_MS

    def sent_ms(self, at_s: float) -> int:
        """Give how much audio had left at a time."""
        return bisect_right(self._sent_s, at_s) * FRAME_MS

    async def run(self) -> None:
        """Send in real time until cancelled, or until the connection ends."""
        start_s = self._wire.now_s
        with suppress(ProbeError):
            while True:
                frame = bytes(self._left[:FRAME_BYTES]) or bytes(FRAME_BYTES)
                del self._left[:FRAME_BYTES]
                self._sent_s.append(self._wire.now_s)
                await self._wire.send("input_audio_buffer.append", audio=base64.b64encode(frame).decode())
                due_s = start_s + len(self._sent_s) * FRAME_MS / 1000
                await asyncio.sleep(max(0.0, due_s - self._wire.now_s))


@asynccontextmanager
async def microphone(wire: Wire) -> AsyncGenerator[Microphone]:
    """Keep a microphone open for as long as the block lasts."""
    held = Microphone(wire)
    task = asyncio.create_task(held.run(), name="conformance microphone")
    try:
        yield held
    finally:
        task.cancel()
        await asyncio.wait([task])
