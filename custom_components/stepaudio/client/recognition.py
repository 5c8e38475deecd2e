"""Voice to text: through the recognition websocket while the user speaks (sheet 3.4), or in one upload (3.2)."""

from __future__ import annotations

import asyncio
import random
from binascii import b2a_base64
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from .audio import due_bytes, whole_samples
from .connection import Connect, Connection, Endpoint, Timeouts, refusal
from .errors import CannotConnectError, ConnectionLostError, ServiceTimeoutError, StepAudioError
from .events import append_audio
from .messages import Body, read_error, read_event, read_text
from .pacing import Backoff
from .stream import Stream

LIVE_PATH = "/v1/realtime/asr/stream"
LIVE_MODEL = "stepaudio-2.5-asr-stream"
UPLOAD_PATH = "/v1/audio/asr/sse"
UPLOAD_MODEL = "stepaudio-2.5-asr"

_TRANSCRIPTION = "conversation.item.input_audio_transcription."


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What is known of the speech before it is heard.

    `language` is "zh", "en", or empty, which leaves it to the service. `hotwords` are names that may be said.
    The audio is PCM at `rate_hz`.
    """

    language: str = ""
    hotwords: tuple[str, ...] = ()
    rate_hz: int = 16_000


@dataclass(frozen=True, slots=True)
class Transcript:
    """The user's words so far: all of them. Only those of the `final` one will not change."""

    text: str
    final: bool = False


type Hear = Callable[[Stream[bytes], Stream[str]], Awaitable[str]]
"""Hears the audio once and returns the final words; the words so far go to the second stream."""


async def recognize(audio: AsyncIterable[bytes], hear: Hear, timeouts: Timeouts) -> AsyncGenerator[Transcript]:
    """Yield the words while `audio` comes, and last the final ones, empty if there are none.

    The audio is kept until the end: what can be tried again is, on another connection, for as long as anybody
    would wait. Raises what `hear` raises, or what the audio's own source raised. Closing the iterator early ends
    everything that it started.
    """
    kept, partials = Stream[bytes](), Stream[str]()
    keeping = asyncio.create_task(_keep(audio, kept, partials), name="stepaudio heard audio")
    hearing = asyncio.create_task(_persist(hear, kept, partials, timeouts), name="stepaudio recognition")
    try:
        latest = ""
        async for text in partials:
            if text != latest:
                latest = text
                yield Transcript(text)
        if keeping.done():
            keeping.result()  # what the audio's own source raised belongs to the caller
        yield Transcript(await hearing, final=True)
    finally:
        keeping.cancel()
        hearing.cancel()
        await asyncio.gather(keeping, hearing, return_exceptions=True)


async def _keep(audio: AsyncIterable[bytes], kept: Stream[bytes], partials: Stream[str]) -> None:
    try:
        async for chunk in audio:
            if chunk:
                kept.push(chunk)
    except Exception:
        partials.end()
        raise
    finally:
        kept.end()


async def _persist(hear: Hear, kept: Stream[bytes], partials: Stream[str], timeouts: Timeouts) -> str:
    """Hear the audio, on another connection if need be; no connection is opened for no audio."""
    loop, backoff, lost_at = asyncio.get_running_loop(), Backoff(), 0.0
    try:
        await kept.wait_beyond(0)
        if not kept.items:
            return ""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await hear(kept, partials)
            except StepAudioError as error:
                lost_at = lost_at or loop.time()
                in_time = attempt < timeouts.attempts and loop.time() - lost_at < timeouts.patience_s
                if not (error.retryable and in_time):
                    raise
            await asyncio.sleep(backoff.next_s(random.random()))
    finally:
        partials.end()


# --- while the user speaks ---


async def hear_live(
    connect: Connect,
    options: RecognitionOptions,
    audio: Stream[bytes],
    partials: Stream[str],
    *,
    timeouts: Timeouts,
    hang_up: Callable[[Connection], None],
) -> str:
    """Send the audio as it comes and return the words; words so far go to `partials`, cumulative.

    `connect` opens `LIVE_PATH`; `hang_up` closes the connection in the end, without keeping the words waiting. Raises
    the errors of `connect` and `classify`, `ConnectionLostError`, `ServiceTimeoutError`, `NotUnderstoodError`.
    Cancelling is safe.
    """
    connection = await connect()
    writer: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(timeouts.configure_s):
            await _configure(connection, options)
        # The service may be silent for as long as the user speaks, and not for long once it has everything.
        async with asyncio.timeout(None) as limit:
            writer = asyncio.create_task(
                _write(connection, audio, options, limit, timeouts.silence_s), name="stepaudio recognition audio"
            )
            return await _read(connection, partials, limit, timeouts.silence_s)
    except TimeoutError:
        raise ServiceTimeoutError from None
    finally:
        if writer is not None:
            writer.cancel()
            await asyncio.wait([writer])
        hang_up(connection)


async def _configure(connection: Connection, options: RecognitionOptions) -> None:
    """Configure the session: the model goes here and not in the address; without detection the client commits."""
    transcription: dict[str, Any] = {"model": LIVE_MODEL, "enable_itn": True}
    if options.language:
        transcription["language"] = options.language
    if options.hotwords:
        transcription["prompt"] = ", ".join(options.hotwords)  # there are no hotwords here, but words before the words
    await connection.send_one(
        orjson.dumps(
            {
                "type": "session.update",
                "session": {"audio": {"input": {"format": _form(options), "transcription": transcription}}},
            }
        )
    )
    while _parse(await connection.receive_one())[0] != "session.updated":
        pass


async def _write(
    connection: Connection, audio: Stream[bytes], options: RecognitionOptions, limit: asyncio.Timeout, silence_s: float
) -> None:
    """Send the audio in whole samples, commit, and start the clock. A lost connection is the reader's to tell."""
    waiting, taken = bytearray(), 0
    with suppress(ConnectionLostError):
        while not (audio.ended and taken == len(audio.items)):
            await audio.wait_beyond(taken)
            waiting += b"".join(audio.items[taken:])
            taken = len(audio.items)
            while size := due_bytes(len(waiting), options.rate_hz, ended=audio.ended):
                piece = bytes(waiting[:size])
                del waiting[:size]
                await connection.send_one(append_audio(piece))
        await connection.send_one(b'{"type":"input_audio_buffer.commit"}')
        limit.reschedule(asyncio.get_running_loop().time() + silence_s)


async def _read(connection: Connection, partials: Stream[str], limit: asyncio.Timeout, silence_s: float) -> str:
    """Take the words until the audio's end has been heard."""
    before = ""  # of segments that the service ended by itself
    while True:
        kind, event = _parse(await connection.receive_one())
        if limit.when() is not None:
            limit.reschedule(asyncio.get_running_loop().time() + silence_s)
        if kind == f"{_TRANSCRIPTION}delta":
            # A confirmed beginning and a tail that may change, both cumulative; the documents know no tail.
            partials.push(before + read_text(event, "text", "") + read_text(event, "stash", ""))
        elif kind == f"{_TRANSCRIPTION}completed":
            before += read_text(event, "transcript", "")
            if limit.when() is not None:
                return before


def _parse(raw: str | bytes) -> tuple[str, Body]:
    """Return the type of an event, and the event; raises what an error event says."""
    kind, event = read_event(raw)
    if kind == "error":
        raise read_error(event)
    return kind, event


def _form(options: RecognitionOptions) -> dict[str, Any]:
    return {"type": "pcm", "codec": "pcm_s16le", "rate": options.rate_hz, "bits": 16, "channel": 1}


# --- in one upload ---


async def hear_upload(
    web_session: aiohttp.ClientSession,
    endpoint: Endpoint,
    options: RecognitionOptions,
    audio: Stream[bytes],
    partials: Stream[str],
    *,
    timeouts: Timeouts,
) -> str:
    """Send the whole audio when it has ended and return the words; words so far go to `partials`, cumulative.

    Raises the errors of `classify`, `CannotConnectError`, `ConnectionLostError`, `ServiceTimeoutError`,
    `NotUnderstoodError`. Cancelling ends the request.
    """
    pcm = b"".join([chunk async for chunk in audio])
    transcription: dict[str, Any] = {"model": UPLOAD_MODEL, "enable_itn": True}
    if options.language:
        transcription["language"] = options.language
    if options.hotwords:
        transcription["hotwords"] = list(options.hotwords)
    data = b2a_base64(whole_samples(pcm)[0], newline=False).decode()
    body = orjson.dumps({"audio": {"data": data, "input": {"transcription": transcription, "format": _form(options)}}})
    headers = {**endpoint.headers, "Content-Type": "application/json", "Accept": "text/event-stream"}
    connected = False
    try:
        async with (
            asyncio.timeout(timeouts.silence_s) as limit,
            web_session.post(endpoint.url(UPLOAD_PATH), data=body, headers=headers) as response,
        ):
            connected = True
            if response.status >= 400:
                raise refusal(response.status, await response.read())
            return await _read_upload(response.content, partials, limit, timeouts.silence_s)
    except TimeoutError:
        raise ServiceTimeoutError from None
    except aiohttp.ClientError, OSError, ValueError:
        raise (ConnectionLostError if connected else CannotConnectError) from None


async def _read_upload(
    lines: aiohttp.StreamReader, partials: Stream[str], limit: asyncio.Timeout, silence_s: float
) -> str:
    """Take the words of a streamed answer."""
    words = ""
    async for line in lines:
        limit.reschedule(asyncio.get_running_loop().time() + silence_s)
        if not line.startswith(b"data:"):
            continue
        kind, event = _parse(line.removeprefix(b"data:").strip())
        if kind == "transcript.text.delta":
            words += read_text(event, "delta", "")
            partials.push(words)
        elif kind == "transcript.text.done":
            return read_text(event, "text", "")
    raise ConnectionLostError
