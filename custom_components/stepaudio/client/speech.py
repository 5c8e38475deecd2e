"""Text to voice, through the speech websocket of the service (sheet 2.2)."""

from __future__ import annotations

import asyncio
import ssl as ssl_module
from binascii import Error as Base64Error, a2b_base64
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .audio import SERVICE_HZ
from .connection import Connection, Endpoint, Timeouts, open_connection
from .errors import ConnectionLostError, NotUnderstoodError, ServiceTimeoutError, classify

SPEECH_PATH = "/v1/realtime/audio"
RATES_HZ = (8000, 16_000, 22_050, 24_000, 48_000)
"""The rates at which the service speaks (sheet 2.1)."""
# One event takes at most this much text (sheet 2.2).
_TEXT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How text is spoken; the voice comes as PCM at `rate_hz`."""

    model: str
    voice: str
    rate_hz: int = SERVICE_HZ


async def synthesize(
    endpoint: Endpoint,
    text: AsyncIterable[str],
    options: SpeechOptions,
    *,
    ssl: ssl_module.SSLContext | None,
    timeouts: Timeouts,
) -> AsyncGenerator[bytes]:
    """Speak `text` as it comes and yield the voice as it comes: PCM, 16-bit mono, at `options.rate_hz`.

    Ends when all text is spoken. Closing the iterator early closes the connection. Raises the errors of
    `open_connection`, `VoiceError`, `ModerationError`, `ConnectionLostError`, `ServiceTimeoutError`.
    """
    url = endpoint.websocket_url(SPEECH_PATH, model=options.model)
    connection = await open_connection(endpoint, url, ssl=ssl, timeouts=timeouts)
    writer: asyncio.Task[None] | None = None
    failures: list[Exception] = []
    try:
        try:
            async with asyncio.timeout(timeouts.configure_s):
                session_id = await _start(connection, options)
        except TimeoutError:
            raise ServiceTimeoutError from None
        writer = asyncio.create_task(_write(connection, session_id, text, failures), name="stepaudio speech text")
        while True:
            event, data = await _next(connection, timeouts, writer)
            if event in {"tts.response.audio.delta", "tts.response.audio.done"}:
                if pcm := _pcm(data):
                    yield pcm
                if event == "tts.response.audio.done":
                    break
    except ConnectionLostError:
        if failures:
            raise failures[0] from None  # what the text's own source raised belongs to the caller
        raise
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
            await connection.send_one(
                _event(
                    "tts.create",
                    session_id=session_id,
                    voice_id=options.voice,
                    response_format="pcm",
                    sample_rate=options.rate_hz,
                )
            )
        elif event == "tts.response.created":
            return session_id


async def _write(connection: Connection, session_id: str, text: AsyncIterable[str], failures: list[Exception]) -> None:
    try:
        async for piece in text:
            for start in range(0, len(piece), _TEXT_LIMIT):
                await connection.send_one(
                    _event("tts.text.delta", session_id=session_id, text=piece[start : start + _TEXT_LIMIT])
                )
        await connection.send_one(_event("tts.text.done", session_id=session_id))
    except Exception as error:  # noqa: BLE001 - it is the caller's, and raised there
        failures.append(error)
        await connection.aclose()  # nobody else would end the waiting for the voice


async def _next(
    connection: Connection, timeouts: Timeouts, writer: asyncio.Task[None]
) -> tuple[str, Mapping[str, Any]]:
    while True:
        try:
            async with asyncio.timeout(timeouts.silence_s):
                return _parse(await connection.receive_one())
        except TimeoutError:
            # While the text is still being written its author may take all the time; the service has its own limit.
            if writer.done():
                raise ServiceTimeoutError from None


def _event(kind: str, **data: str | int) -> bytes:
    return orjson.dumps({"type": kind, "data": data})


def _parse(raw: str | bytes) -> tuple[str, Mapping[str, Any]]:
    """Return type and data of an event; raises what an error event says."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotUnderstoodError(code="json") from error
    if not isinstance(body, dict) or not isinstance(kind := body.get("type"), str):
        raise NotUnderstoodError(code="type")
    data = body.get("data")
    data = data if isinstance(data, dict) else {}
    if kind in {"tts.response.error", "error"}:
        details = data.get("details")
        more = str(details.get("error", "")) if isinstance(details, dict) else ""
        raise classify(code=str(data.get("code", "")), message=f"{data.get('message', '')} {more}".strip())
    # The table of events leaves the prefix out of the last one (sheet 2.2).
    return "tts.response.audio.done" if kind == "response.audio.done" else kind, data


def _pcm(data: Mapping[str, Any]) -> bytes:
    audio = data.get("audio")
    try:
        return a2b_base64(audio) if isinstance(audio, str) else b""
    except (Base64Error, ValueError) as error:
        raise NotUnderstoodError(code="audio") from error
