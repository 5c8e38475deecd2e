"""Recognition of one upload, its words streamed (sheet 3.2)."""

import io
import time
import uuid
from typing import Any

import av
from aiohttp import web

from .access import PLAN, model_refusal, refusal
from .audio import loud_span
from .event_stream import EventStream, EventStreamEnded
from .http_faults import admit
from .items import RefusedError, read_audio
from .service import Service
from .speech_http import read_json
from .text import words_of
from .voices import UPLOAD_RECOGNITION_MODELS

HEARING_HZ = 16000
FORMATS = ("ogg", "mp3", "wav", "pcm")


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoint, on both of its paths."""

    async def recognise(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request, costs=True)) is not None:
            return refused
        audio = (await read_json(request)).get("audio")
        audio = audio if isinstance(audio, dict) else {}
        wanted = audio.get("input")
        wanted = wanted if isinstance(wanted, dict) else {}
        transcription = wanted.get("transcription")
        transcription = transcription if isinstance(transcription, dict) else {}
        models = (UPLOAD_RECOGNITION_MODELS, UPLOAD_RECOGNITION_MODELS)
        if (refused := model_refusal(request.path, transcription.get("model", ""), *models)) is not None:
            return refused
        try:
            pcm = decode(audio.get("data"), wanted.get("format"))
        except RefusedError as problem:
            return refusal(400, problem.message, "request_params_invalid")
        return await answer(service, request, pcm, transcription)

    return [web.post(f"{path}/v1/audio/asr/sse", recognise) for path in ("", PLAN)]


def decode(data: Any, form: Any) -> bytes:
    """Give the upload as 16 kHz mono PCM."""
    if not isinstance(form, dict) or form.get("type") not in FORMATS:
        raise RefusedError("audio.input.format.type is not valid")
    if form["type"] != "pcm":
        return decode_file(read_audio(data, whole_samples=False))
    pcm = read_audio(data)
    rate, bits, channels = form.get("rate"), form.get("bits"), form.get("channel")
    if not isinstance(rate, int) or bits != 16 or channels not in (1, 2):
        raise RefusedError("audio.input.format needs rate, bits and channel")
    return decode_samples(pcm, rate, channels)


def decode_samples(pcm: bytes, rate_hz: int, channels: int) -> bytes:
    """Give bare samples as 16 kHz mono PCM."""
    options = {"sample_rate": str(rate_hz), "ch_layout": "mono" if channels == 1 else "stereo"}
    return _decode(pcm, "s16le", options)


def decode_file(audio: bytes) -> bytes:
    """Give an audio file as 16 kHz mono PCM."""
    return _decode(audio, None, {})


def _decode(audio: bytes, form: str | None, options: dict[str, str]) -> bytes:
    resampler = av.AudioResampler("s16", "mono", HEARING_HZ)
    if not audio:
        return b""
    try:
        with av.open(io.BytesIO(audio), "r", format=form, options=options) as container:
            frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    except av.error.FFmpegError, IndexError:
        raise RefusedError("the audio cannot be decoded") from None
    return b"".join(frame.to_ndarray().tobytes() for frame in [*frames, *resampler.resample(None)])


async def words_in(service: Service, pcm: bytes, rate_hz: int) -> str:
    """Give the words in audio, none where it is silent."""
    if loud_span(pcm, rate_hz, service.switches.speech_level) is None:
        return ""
    return await service.ears.hear(pcm, rate_hz)


async def answer(
    service: Service, request: web.Request, pcm: bytes, transcription: dict[str, Any]
) -> web.StreamResponse:
    """Stream the words."""
    stream = EventStream(service, request, "error")
    session_id = uuid.uuid4().hex

    def meta() -> dict[str, Any]:
        return {"session_id": session_id, "timestamp": round(time.time() * 1000)}

    await stream.open()
    words = await words_in(service, pcm, HEARING_HZ)
    await service.clock.sleep(service.switches.recognition_words_s)
    try:
        times = (
            {"start_time": 0, "end_time": len(pcm) * 1000 // (2 * HEARING_HZ)}
            if transcription.get("enable_timestamp")
            else {}
        )
        for word in words_of(words):
            await stream.send({"type": "transcript.text.delta", "meta": meta(), "delta": word} | times)
        heard, said = len(pcm) * 25 // (2 * HEARING_HZ), len(words_of(words))
        usage = {
            "type": "realtime_asr",
            "input_tokens": heard,
            "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
            "output_tokens": said,
            "total_tokens": heard + said,
        }
        await stream.send({"type": "transcript.text.done", "meta": meta(), "text": words, "usage": usage})
    except EventStreamEnded:
        pass
    return stream.response
