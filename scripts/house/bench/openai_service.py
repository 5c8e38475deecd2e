"""As much of OpenAI's API as Home Assistant's integration uses, in the simulated service's time: `--port PORT`."""

import argparse
import asyncio
import io
import signal
import wave
from collections.abc import AsyncGenerator
from typing import Any

import orjson
from aiohttp import web

from house.bench.service import reply_to
from house.sound import RATE_HZ
from simulator.audio import SERVICE_HZ, duration_ms, size_bytes
from simulator.containers import CONTENT_TYPES, SpeechEncoder
from simulator.speech_socket import DELTA_S
from simulator.switches import Switches
from simulator.text import words_of
from simulator.tones import read_tones
from simulator.voice import AudioFeed, ToneVoice

FIRST_WORD_S = 0.35
WRITTEN_WORD_S = 1 / 60
"""What StepFun was measured at where it writes; recognition and speech take as long as the simulator's."""
_TIMES = Switches()


async def _models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model", "owned_by": "us"}]})


async def _transcribe(request: web.Request) -> web.Response:
    """Hear what was uploaded."""
    upload = (await request.post())["file"]
    if not isinstance(upload, web.FileField):
        raise web.HTTPBadRequest
    with wave.open(io.BytesIO(upload.file.read())) as speech:
        words = read_tones(speech.readframes(speech.getnframes()), RATE_HZ)
    await asyncio.sleep(_TIMES.recognition_words_s)
    return web.json_response({"text": words})


async def _respond(request: web.Request) -> web.StreamResponse:
    """Write the reply word by word."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    messages = orjson.loads(await request.read())["input"]
    question = next(str(each["content"]) for each in reversed(messages) if each.get("role") == "user")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    sent = 0

    async def send(kind: str, **fields: Any) -> None:
        nonlocal sent
        event = {"type": kind, "sequence_number": sent, **fields}
        sent += 1
        await response.write(b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n")

    reply = reply_to(question)
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    await send("response.created", response=_response("in_progress", []))
    await asyncio.sleep(asked + FIRST_WORD_S - loop.time())
    await send("response.output_item.added", output_index=0, item=message)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    for number, word in enumerate(words_of(reply)):
        await asyncio.sleep(asked + FIRST_WORD_S + number * WRITTEN_WORD_S - loop.time())
        await send("response.output_text.delta", **place, delta=word, logprobs=[])
    text = {"type": "output_text", "text": reply, "annotations": []}
    message |= {"status": "completed", "content": [text]}
    await send("response.output_item.done", output_index=0, item=message)
    await send("response.completed", response=_response("completed", [message]))
    await response.write_eof()
    return response


def _response(status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": "gpt-4o-mini",
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


async def _speak(request: web.Request) -> web.StreamResponse:
    """Say a text, as fast as the simulator does."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    settings = orjson.loads(await request.read())
    kind = settings["response_format"]
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPES[kind]})
    first_s = asked + _TIMES.speech_first_audio_s
    async for at_s, part in _voice(settings["input"], kind):
        await asyncio.sleep(first_s + at_s / _TIMES.speech_speed - loop.time())
        if not response.prepared:
            await response.prepare(request)
        await response.write(part)
    await response.write_eof()
    return response


async def _voice(text: str, kind: str) -> AsyncGenerator[tuple[float, bytes]]:
    """Yield speech in parts, each with where it begins, in seconds."""
    encoder = SpeechEncoder(f"{kind}_stream", SERVICE_HZ)
    feed = AudioFeed(ToneVoice().speak(text), size_bytes(DELTA_S * 1000))
    at_s = 0.0
    try:
        while (pcm := await feed.next()) is not None:
            if part := encoder.feed(pcm):
                yield at_s, part
            at_s += duration_ms(len(pcm)) / 1000
        yield at_s, encoder.end()
    finally:
        await feed.close()


async def _serve(port: int) -> None:
    app = web.Application()
    app.add_routes(
        (
            web.get("/v1/models", _models),
            web.post("/v1/audio/transcriptions", _transcribe),
            web.post("/v1/responses", _respond),
            web.post("/v1/audio/speech", _speak),
        )
    )
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await ended.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m house.bench.openai_service", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 for a free one")
    asyncio.run(_serve(parser.parse_args().port))
