"""Recognition of whole files: a form with the file, or a task with its address (sheet 3.1, 3.3)."""

import uuid
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from .access import model_refusal, refusal
from .audio import duration_ms
from .http_faults import admit
from .items import RefusedError
from .recognition_http import FORMATS, HEARING_HZ, decode_file, decode_samples, words_in
from .service import Service
from .speech_http import read_json
from .text import words_of
from .voices import FILE_RECOGNITION_MODELS, TRANSCRIPTION_MODELS

MAX_FILE_BYTES = 100 * 1024 * 1024
FETCH_S = 30.0
"""How long the server of a file has to give it."""


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoints, none of which is on the plan."""
    results: dict[str, dict[str, Any]] = {}
    waiting: set[str] = set()

    async def transcribe(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request, costs=True)) is not None:
            return refused
        form = await request.post() if request.content_type == "multipart/form-data" else {}
        if (refused := model_refusal(request.path, str(form.get("model", "")), TRANSCRIPTION_MODELS, ())) is not None:
            return refused
        try:
            pcm = read_form(form)
        except RefusedError as problem:
            return refusal(400, problem.message, "request_params_invalid")
        words = await words_in(service, pcm, HEARING_HZ)
        await service.clock.sleep(service.switches.recognition_words_s)
        return web.Response(text=words) if form["response_format"] == "text" else web.json_response({"text": words})

    async def submit(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request, costs=True)) is not None:
            return refused
        body = await read_json(request)
        wanted, audio = body.get("request"), body.get("audio")
        if not isinstance(wanted, dict) or not isinstance(audio, dict):
            return refusal(400, "audio and request are required", "request_params_invalid")
        model = str(wanted.get("model_name", ""))
        if (refused := model_refusal(request.path, model, FILE_RECOGNITION_MODELS, ())) is not None:
            return refused
        try:
            pcm = await fetch(audio)
        except RefusedError as problem:
            return refusal(400, problem.message, "request_params_invalid")
        task_id = uuid.uuid4().hex
        words = await words_in(service, pcm, HEARING_HZ)
        results[task_id] = result_of(words, duration_ms(len(pcm), HEARING_HZ), bool(wanted.get("show_utterances")))
        waiting.add(task_id)
        return web.json_response({"task_id": task_id})

    async def query(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request)) is not None:
            return refused
        task_id = (await read_json(request)).get("task_id")
        if task_id not in results:
            return refusal(400, "task_id is not valid", "request_params_invalid")
        if task_id in waiting:
            # Clients poll: the first answer is never the last.
            waiting.discard(task_id)
            return web.json_response({"status": "RUNNING"})
        return web.json_response(results[task_id])

    return [
        web.post("/v1/audio/transcriptions", transcribe),
        web.post("/v1/audio/asr/file/submit", submit),
        web.post("/v1/audio/asr/file/query", query),
    ]


def read_form(form: Any) -> bytes:
    """Give the file of a form as 16 kHz mono PCM, or refuse the form."""
    if form.get("response_format") not in ("json", "text"):
        raise RefusedError("response_format must be json or text")
    file = form.get("file")
    if not isinstance(file, web.FileField):
        raise RefusedError("file is required")
    try:
        hotwords = orjson.loads(form.get("hotwords", "[]"))
    except orjson.JSONDecodeError:
        hotwords = None
    if not isinstance(hotwords, list) or not all(isinstance(word, str) for word in hotwords):
        raise RefusedError("hotwords is not valid")
    kind = file.filename.rpartition(".")[2].lower()
    audio = file.file.read(MAX_FILE_BYTES)
    if len(audio) == MAX_FILE_BYTES or kind not in FORMATS:
        raise RefusedError("file is too large, or no mp3, pcm, ogg or wav")
    # The form has no field for the rate of bare samples: that of the other endpoints is assumed.
    return decode_samples(audio, HEARING_HZ, 1) if kind == "pcm" else decode_file(audio)


async def fetch(audio: dict[str, Any]) -> bytes:
    """Give the file at an address as 16 kHz mono PCM, or refuse what describes it."""
    kind, channels, rate_hz = audio.get("format"), audio.get("channel", 1), audio.get("rate", HEARING_HZ)
    fine = kind in FORMATS and audio.get("codec", "raw") in ("raw", "opus") and audio.get("bits", 16) == 16
    if not fine or channels not in (1, 2) or not isinstance(rate_hz, int):
        raise RefusedError("audio format is not valid")
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_S)) as web_session,
            web_session.get(str(audio.get("url")), raise_for_status=True) as answer,
        ):
            file = await answer.read()
    except aiohttp.ClientError, TimeoutError, ValueError:
        raise RefusedError("audio.url cannot be read") from None
    if len(file) >= MAX_FILE_BYTES:
        raise RefusedError("the file is too large")
    return decode_samples(file, rate_hz, channels) if kind == "pcm" else decode_file(file)


def result_of(words: str, length_ms: int, with_utterances: bool) -> dict[str, Any]:
    """Give the answer to a query: one utterance, its words evenly placed."""
    result: dict[str, Any] = {"text": words}
    if with_utterances:
        pieces = words_of(words)
        step_ms = length_ms / max(1, len(pieces))
        placed = [
            {"text": piece, "start_time": round(at * step_ms), "end_time": round((at + 1) * step_ms)}
            for at, piece in enumerate(pieces)
        ]
        result["utterances"] = [{"text": words, "start_time": 0, "end_time": length_ms, "words": placed}]
    return {"duration": length_ms, "result": [result]}
