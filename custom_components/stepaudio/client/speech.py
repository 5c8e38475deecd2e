"""Text to voice, through the speech websocket of the service (sheet 2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import dataclass
from random import random
from typing import Any

import orjson

from .audio import SERVICE_HZ, duration_ms, whole_samples
from .connection import Connect, Connection, Timeouts
from .errors import ConnectionLostError, ServiceTimeoutError, StepAudioError, classify
from .messages import Body, read_event, read_pcm
from .pacing import Backoff
from .stream import Stream
from .text import SLOWEST_PACE, Reader, speaking_time_ms

SPEECH_PATH = "/v1/realtime/audio"
RATES_HZ = (8000, 16_000, 22_050, 24_000, 48_000)
"""The rates at which the service speaks (sheet 2.1)."""
# One event takes at most this much text (sheet 2.2).
_TEXT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How text is spoken; the voice comes as PCM at `rate_hz`. Ranges are those of sheet 2.1 and 2.2."""

    model: str
    voice: str
    rate_hz: int = SERVICE_HZ
    speed: float = 1.0
    """0.5 to 2."""
    volume: float = 1.0
    """0.1 to 2."""
    instruction: str = ""
    """The style, in words; at most 200 characters with stepaudio-2.5-tts."""
    pronunciation: tuple[str, ...] = ()
    """Replacements, each as "written/spoken"."""
    text_normalization: str = ""
    """standard or enhanced; empty leaves it to the service."""

    def fields(self) -> dict[str, Any]:
        """Return what `tts.create` says of it; defaults are left out, as not every model knows all of them."""
        fields: dict[str, Any] = {"voice_id": self.voice, "response_format": "pcm", "sample_rate": self.rate_hz}
        if self.speed != 1.0:
            fields["speed_ratio"] = self.speed
        if self.volume != 1.0:
            fields["volume_ratio"] = self.volume
        if self.instruction:
            fields["instruction"] = self.instruction
        if self.pronunciation:
            fields["pronunciation_map"] = {"tone": list(self.pronunciation)}
        if self.text_normalization:
            fields["text_normalization"] = self.text_normalization
        return fields


async def synthesize(
    connect: Connect, text: AsyncIterable[str], options: SpeechOptions, timeouts: Timeouts
) -> AsyncGenerator[bytes]:
    """Speak `text` as it comes and yield the voice as it comes: PCM, 16-bit mono, at `options.rate_hz`.

    `connect` opens `SPEECH_PATH` for `options.model`. Markup, addresses and emoji are not read out. A connection that
    is lost is replaced, and the voice goes on with the sentence that broke off. Ends when all text is spoken. Closing
    the iterator early closes the connection. Raises what `text` raises, the errors of `connect`, `VoiceError`,
    `ModerationError`, and, when several connections in a row spoke no whole sentence, `ConnectionLostError`,
    `ServiceTimeoutError` or `ServiceError`.
    """
    script: Stream[str] = Stream()
    reader = asyncio.create_task(_read(text, script), name="stepaudio speech text")
    progress = _Progress(script, options)
    clock = asyncio.get_running_loop().time
    backoff, attempts, first_loss_s = Backoff(), 0, 0.0
    try:
        while True:
            start = progress.start
            try:
                async with aclosing(_recite(connect, progress, options, timeouts)) as voice:
                    async for pcm in voice:
                        yield pcm
            except StepAudioError as error:
                progress.break_off()
                if progress.start > start or attempts == 0:
                    backoff.reset()
                    attempts, first_loss_s = 0, clock()
                attempts += 1
                impatient = clock() - first_loss_s > timeouts.patience_s
                if not error.retryable or attempts >= timeouts.attempts or impatient:
                    raise
            else:
                return
            await asyncio.sleep(backoff.next_s(random()))
            # The service ends what waits for text for a minute (sheet 2.2): another connection when there is some.
            await script.wait_beyond(progress.start)
            if progress.start >= len(script.items) and script.error is None:
                return
    finally:
        reader.cancel()
        await asyncio.wait([reader])


class _Progress:
    """How far a text is spoken: `start` is the first sentence that is not.

    The service cuts sentences in its own way, so they are compared by their letters.
    """

    def __init__(self, script: Stream[str], options: SpeechOptions) -> None:
        self.script = script
        self.start = 0
        self._options = options
        self._told = 0
        self._begun = ""
        self._voice_bytes = 0
        self._last_came = False

    def begin(self, text: str) -> None:
        """Take what the service says it is going to speak: what it began before is spoken whole."""
        self.end("")
        self._begun = text

    def end(self, text: str) -> None:
        """Take what the service says it has spoken whole; without a voice since the last end it says so twice."""
        if self._voice_bytes:
            self._told += _letters(text or self._begun)
        self._forget()

    def hear(self, pcm: bytes, *, last: bool) -> None:
        """Take a piece of the voice, and whether it is called the last one of what was begun."""
        self._voice_bytes += len(pcm)
        # Nobody speaks twice as fast as most do: such a piece cannot be the last one.
        self._last_came = last and 0 < speaking_time_ms(self._begun) < 2 * self._voice_ms

    def break_off(self) -> None:
        """Move `start` to the sentence that broke off; where the service told of none, the voice's length tells."""
        if self._last_came:
            self.end("")
        by_length = not self._told and not self._begun
        told, spoken_ms = self._told, self._voice_ms * SLOWEST_PACE
        while self.start < len(self.script.items):
            sentence = self.script.items[self.start]
            told -= _letters(sentence)
            spoken_ms -= speaking_time_ms(sentence)
            if (spoken_ms if by_length else told) < 0:
                break
            self.start += 1
        self._told = 0
        self._forget()

    def _forget(self) -> None:
        self._begun, self._voice_bytes, self._last_came = "", 0, False

    @property
    def _voice_ms(self) -> float:
        """How long the voice would be at the usual speed."""
        return duration_ms(self._voice_bytes, self._options.rate_hz) * self._options.speed


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


async def _read(text: AsyncIterable[str], script: Stream[str]) -> None:
    """Write the sentences of a text down as they come. Connections come and go beside it."""
    reader = Reader(_TEXT_LIMIT)
    try:
        async for piece in text:
            for said in reader.push(piece):
                script.push(said)
        for said in reader.flush():
            script.push(said)
        script.end()
    except Exception as error:  # noqa: BLE001 - it is the caller's, and raised there
        script.end(error)


async def _recite(
    connect: Connect, progress: _Progress, options: SpeechOptions, timeouts: Timeouts
) -> AsyncGenerator[bytes]:
    """Speak what is not spoken yet, over one connection: yields whole samples."""
    connection = await connect()
    writer: asyncio.Task[None] | None = None
    failures: list[Exception] = []
    odd, heard = b"", False
    try:
        try:
            async with asyncio.timeout(timeouts.configure_s):
                session_id = await _start(connection, options)
        except TimeoutError:
            raise ServiceTimeoutError from None
        writer = asyncio.create_task(_write(connection, session_id, progress, failures), name="stepaudio speech")
        while True:
            event, data = await _next(connection, timeouts, writer)
            if event == "tts.response.sentence.start":
                progress.begin(str(data.get("text", "")))
            elif event == "tts.response.sentence.end":
                progress.end(str(data.get("text", "")))
            elif event == "tts.response.audio.delta" or (event == "tts.response.audio.done" and not heard):
                pcm, odd = whole_samples(odd + read_pcm(data, "audio", ""))
                progress.hear(pcm, last=data.get("status") == "finished")
                if pcm:
                    heard = True
                    yield pcm
            if event == "tts.response.audio.done":  # which may hold the whole voice again (sheet 2.2)
                break
    except ConnectionLostError:
        if failures:
            raise failures[0] from None  # what the text's own source raised belongs to the caller
        raise
    else:
        if not writer.done():  # the service had waited for text for a minute, and there is more to come
            raise ConnectionLostError
    finally:
        if writer is not None:
            writer.cancel()
            await asyncio.wait([writer])
        await connection.aclose()


async def _start(connection: Connection, options: SpeechOptions) -> str:
    """Open the speech session: connection.done, create, created."""
    session_id = ""
    while True:
        event, data = _parse(await connection.receive_one())
        if event == "tts.connection.done":
            session_id = str(data.get("session_id", ""))
            await connection.send_one(_event("tts.create", session_id=session_id, **options.fields()))
        elif event == "tts.response.created":
            return session_id


async def _write(connection: Connection, session_id: str, progress: _Progress, failures: list[Exception]) -> None:
    script, index = progress.script, progress.start
    try:
        while True:
            await script.wait_beyond(index)
            if index == len(script.items):
                break
            await connection.send_one(_event("tts.text.delta", session_id=session_id, text=script.items[index]))
            if index == progress.start:
                # The service gathers short sentences before it speaks; the first one must not wait for others.
                await connection.send_one(_event("tts.text.flush", session_id=session_id))
            index += 1
        if script.error is None:
            await connection.send_one(_event("tts.text.done", session_id=session_id))
        else:
            failures.append(script.error)
            await connection.aclose()
    except StepAudioError as error:
        failures.append(error)
        await connection.aclose()  # nobody else would end the waiting for the voice


async def _next(connection: Connection, timeouts: Timeouts, writer: asyncio.Task[None]) -> tuple[str, Body]:
    while True:
        try:
            async with asyncio.timeout(timeouts.silence_s):
                return _parse(await connection.receive_one())
        except TimeoutError:
            # While the text is still being written its author may take all the time; the service has its own limit.
            if writer.done():
                raise ServiceTimeoutError from None


def _event(kind: str, **data: Any) -> bytes:
    return orjson.dumps({"type": kind, "data": data})


def _parse(raw: str | bytes) -> tuple[str, Body]:
    """Return type and data of an event; raises what an error event says."""
    kind, body = read_event(raw)
    data = body.get("data")
    data = data if isinstance(data, dict) else {}
    if kind in {"tts.response.error", "error"}:
        details = data.get("details")
        more = str(details.get("error", "")) if isinstance(details, dict) else ""
        raise classify(code=str(data.get("code", "")), message=f"{data.get('message', '')} {more}".strip())
    # The table of events leaves the prefix out of the last one (sheet 2.2).
    return "tts.response.audio.done" if kind == "response.audio.done" else kind, data
