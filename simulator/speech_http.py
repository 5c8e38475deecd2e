"""Speech over HTTP: one text in, one answer out (sheet 2.1)."""

import base64
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
from aiohttp import web

from .access import PLAN, model_refusal, refusal
from .containers import CONTENT_TYPES, FORMATS, SpeechEncoder, wav_file
from .event_stream import EventStream, EventStreamEnded
from .http_faults import admit
from .service import Service, SpokenResponse
from .speech_request import speech_problem, spoken_text
from .voice import AudioFeed
from .voices import PLAN_SPEECH_MODELS, SPEECH_MODELS

MAX_TEXT = 1000
PIECE_BYTES = 9600
UNKNOWN_SIZE = 0xFFFFFFFF


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoint, on both of its paths."""

    async def speech(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request, costs=True)) is not None:
            return refused
        settings = await read_json(request)
        model = settings.get("model", "")
        if (refused := model_refusal(request.path, model, SPEECH_MODELS, PLAN_SPEECH_MODELS)) is not None:
            return refused
        if (problem := request_problem(settings, model)) is not None:
            return refusal(400, problem, "request_params_invalid")
        record = SpokenResponse(
            uuid.uuid4().hex,
            0,
            "speech",
            text=settings["input"],
            voice=settings["voice"],
            instructions=settings.get("instruction", ""),
            format=settings.get("response_format", "mp3"),
            sample_rate=settings.get("sample_rate", 24000),
        )
        service.answering(record)
        if settings.get("stream_format", "audio") == "sse":
            return await answer_stream(service, request, settings, record)
        return await answer_whole(service, settings, record)

    return [web.post(f"{path}/v1/audio/speech", speech) for path in ("", PLAN)]


async def read_json(request: web.Request) -> dict[str, Any]:
    """Read a body; what is no object is read as an empty one, which lacks everything."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def request_problem(settings: dict[str, Any], model: str) -> str | None:
    """Say what is wrong with a request, or None."""
    text = settings.get("input")
    if not isinstance(text, str) or not text or len(text) > MAX_TEXT:
        return f"input must be a string of 1 to {MAX_TEXT} characters"
    if settings.get("response_format", "mp3") not in FORMATS:
        return "response_format is not valid"
    if settings.get("stream_format", "audio") not in ("audio", "sse"):
        return "stream_format is not valid"
    if settings.get("stream_format") == "sse" and settings.get("return_url"):
        return "return_url is not supported for streams"
    return speech_problem(settings, model, voice_field="voice")


async def answer_whole(service: Service, settings: dict[str, Any], record: SpokenResponse) -> web.Response:
    """Give the whole audio, when all of it is made."""
    parts = [part async for part in encoded(service, settings, record)]
    audio = b"".join(parts)
    if record.format == "wav":
        audio = wav_file(audio, record.sample_rate)
    await service.clock.sleep(service.switches.speech_http_s)
    record.audio, record.status = audio, "completed"
    return web.Response(body=audio, content_type=CONTENT_TYPES[record.format])


async def answer_stream(
    service: Service, request: web.Request, settings: dict[str, Any], record: SpokenResponse
) -> web.StreamResponse:
    """Give the audio as server-sent events while it is made."""
    stream = EventStream(service, request, "speech.audio.error")
    await stream.open()
    await service.clock.sleep(service.switches.speech_first_audio_s)
    try:
        head = wav_file(b"", record.sample_rate, UNKNOWN_SIZE) if record.format == "wav" else b""
        async with aclosing(encoded(service, settings, record)) as parts:
            async for part in parts:
                piece, head = head + part, b""
                record.audio += piece
                await stream.send({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})
                await service.clock.sleep(PIECE_BYTES / 48000 / service.switches.speech_speed)
        await stream.send({"type": "speech.audio.done", "audio": ""})
        await stream.done()
        record.status = "completed"
    except EventStreamEnded:
        record.status = "failed"
    return stream.response


async def encoded(service: Service, settings: dict[str, Any], record: SpokenResponse) -> AsyncGenerator[bytes]:
    """Give the parts of the encoded speech; wav as bare samples, its head is the caller's."""
    streamed = {"pcm": "pcm", "wav": "pcm"}.get(record.format, f"{record.format}_stream")
    speed, volume = settings.get("speed", 1.0), settings.get("volume", 1.0)
    encoder = SpeechEncoder(streamed, record.sample_rate, speed, volume)
    text = spoken_text(record.text, settings, settings["model"])
    feed = AudioFeed(service.voice.speak(text), PIECE_BYTES)
    try:
        while (pcm := await feed.next()) is not None:
            if part := encoder.feed(pcm):
                yield part
        if part := encoder.end():
            yield part
    finally:
        await feed.close()
