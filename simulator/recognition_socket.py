"""Recognition while the user speaks (sheet 3.4)."""

import time
import uuid
from typing import Any

from aiohttp import web

from .audio import duration_ms
from .items import Event, RefusedError, read_audio
from .recognition_http import decode_file, words_in
from .service import Service
from .text import words_of
from .turn_detection import Boundary, TurnDetector
from .voices import STREAM_RECOGNITION_MODELS
from .websocket import WebSocket

THRESHOLD_LEVEL = 1000
"""RMS that a threshold of 1.0 stands for. Unobserved."""
GLIMPSE_S = 0.32
UNSURE_WORDS = 2
"""The tail of the words so far that is still revised."""
CODES = {"503": "internal_error", "451": "risk_blocked", "400": "invalid_value"}
KINDS = {"server_error": "internal_error", "censorship_block": "risk"}


class RecognitionSocket(WebSocket):
    """One stream of audio, and the words in it."""

    def __init__(self, service: Service, request: web.Request) -> None:
        """Serve an upgrade that was accepted."""
        super().__init__(service, request)
        self.session: Event = {}
        self._session_id = uuid.uuid4().hex
        self._form: Event = {}
        self._detector: TurnDetector | None = None
        self._buffer = bytearray()
        self._heard_bytes = 0
        self._item_id = str(uuid.uuid4())
        self._previous = ""
        self._start_ms = 0
        self._glimpsed_bytes = 0
        self._glimpsing = False

    async def opened(self) -> None:
        """Send session.created."""
        await self.outlet.enter("connecting")
        await self._send("session.created", session={"id": self._session_id, "object": "realtime.session"})
        if self.service.switches.recognition_idle_limit_s:
            self.background(self._end_idle)

    async def handle(self, event: Event) -> None:
        """Do what a client's event asks for."""
        match event["type"]:
            case "session.update":
                self._update(event.get("session"))
                await self._send("session.updated", session=self.session)
            case "input_audio_buffer.append":
                await self._append(read_audio(event.get("audio"), whole_samples=self._form.get("type") == "pcm"))
            case "input_audio_buffer.commit":
                # Under voice detection a commit is ignored in silence.
                if self._detector is None:
                    await self._commit()
            case "session.finish":
                await self._send("transcript.response.error", message="unknown event type session.finish")
            case _:
                raise RefusedError(f"unknown event type {event['type']}", code="invalid_value", param="type")

    def _update(self, session: Any) -> None:
        match session:
            case {"audio": {"input": {"transcription": dict(transcription)} as wanted}}:
                model = transcription.get("model")
                form = wanted.get(
                    "format", {"type": "pcm", "codec": "pcm_s16le", "rate": 16000, "bits": 16, "channel": 1}
                )
            case _:
                raise RefusedError(
                    "session.audio.input.transcription is missing", code="missing_param", param="session"
                )
        if not model:
            raise RefusedError(
                "model is missing", code="missing_param", param="session.audio.input.transcription.model"
            )
        if model not in STREAM_RECOGNITION_MODELS:
            raise RefusedError(f"model {model} not supported", code="invalid_value", param="model")
        if form.get("type") not in ("pcm", "ogg") or form.get("channel", 1) != 1 or form.get("bits", 16) != 16:
            raise RefusedError("format is not valid", code="invalid_value", param="session.audio.input.format")
        self._form, self.session = form, session
        self._detector = None
        if (detection := wanted.get("turn_detection")) is not None:
            self._detector = self._detect(detection)

    def _detect(self, detection: Event) -> TurnDetector:
        if detection.get("type") != "server_vad" or self._form["type"] != "pcm":
            raise RefusedError(
                "turn_detection is not valid", code="invalid_value", param="session.audio.input.turn_detection"
            )
        parameters = {
            "energy_awakeness_threshold": detection.get("threshold", 0.5) * THRESHOLD_LEVEL,
            "silence_duration_ms": detection.get("silence_duration_ms", 800),
            "prefix_padding_ms": 300,
        }
        return TurnDetector(parameters, 0, 0, duration_ms(self._heard_bytes, self._rate_hz), self._rate_hz)

    @property
    def _rate_hz(self) -> int:
        return int(self._form.get("rate", 16000))

    async def _append(self, audio: bytes) -> None:
        if not self.session:
            raise RefusedError("session.update must come first", code="missing_param")
        self._buffer += audio
        self._heard_bytes += len(audio)
        if self._detector is not None:
            for boundary in self._detector.feed(audio):
                await self._boundary(boundary)
        waits = GLIMPSE_S * self._rate_hz * 2
        if self._form["type"] == "pcm" and len(self._buffer) - self._glimpsed_bytes >= waits and not self._glimpsing:
            self._glimpsed_bytes, self._glimpsing = len(self._buffer), True
            self.background(self._tell_glimpse, bytes(self._buffer), self._item_id)

    async def _boundary(self, boundary: Boundary) -> None:
        if boundary.kind == "started":
            self._start_ms = boundary.at_ms
            place = {"audio_start_ms": boundary.at_ms, "item_id": self._item_id}
            await self._send("input_audio_buffer.speech_started", **place)
            return
        # The documents' sample of speech_stopped has audio_start_ms.
        place = {"audio_start_ms": self._start_ms, "audio_end_ms": boundary.at_ms, "item_id": self._item_id}
        await self._send("input_audio_buffer.speech_stopped", **place)
        await self._commit()

    async def _commit(self) -> None:
        if not self._buffer:
            raise RefusedError("input audio buffer is empty", code="invalid_value")
        audio, self._buffer, self._glimpsed_bytes = bytes(self._buffer), bytearray(), 0
        item_id, previous = self._item_id, self._previous
        self._item_id, self._previous = str(uuid.uuid4()), item_id
        await self._send("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        content = [{"type": "input_audio"}]
        item = {"id": item_id, "object": "realtime.item", "type": "message", "status": "in_progress", "role": "user"}
        await self._send("conversation.item.created", previous_item_id=previous, item=item | {"content": content})
        self.background(self._complete, item_id, audio, "commit" if self._detector is None else "vad")

    async def _tell_glimpse(self, audio: bytes, item_id: str) -> None:
        try:
            words = words_of(await self.service.ears.glimpse(audio, self._rate_hz))
            if words and item_id == self._item_id:
                await self._delta(item_id, words, len(words) - UNSURE_WORDS)
        finally:
            self._glimpsing = False

    async def _delta(self, item_id: str, words: list[str], sure: int) -> None:
        sure = max(0, sure) if self.service.switches.recognition_stash else len(words)
        told = {"text": "".join(words[:sure])}
        if self.service.switches.recognition_stash:
            told["stash"] = "".join(words[sure:])
        kind = "conversation.item.input_audio_transcription.delta"
        await self._send(kind, item_id=item_id, content_index=0, **told)

    async def _complete(self, item_id: str, audio: bytes, reason: str) -> None:
        pcm, rate_hz = (audio, self._rate_hz) if self._form["type"] == "pcm" else (decode_file(audio), 16000)
        words = await words_in(self.service, pcm, rate_hz)
        await self.service.clock.sleep(self.service.switches.recognition_words_s)
        if words:
            pieces = words_of(words)
            await self._delta(item_id, pieces, len(pieces))
        spent = {"prompt_tokens": len(audio) // 1280, "completion_tokens": len(words_of(words))}
        usage = spent | {"total_tokens": sum(spent.values())}
        kind = "conversation.item.input_audio_transcription.completed"
        await self._send(kind, item_id=item_id, content_index=0, transcript=words, usage=usage, reason=reason)

    async def _end_idle(self) -> None:
        await self.idle(self.service.switches.recognition_idle_limit_s)
        await self.error("no audio for too long", "max_idle_timeout", "internal_error")
        self.outlet.end(1000)

    async def pong_missed(self) -> None:
        """Say why it ends."""
        await self.error("no pong for too long", "pong_timeout", "internal_error")
        self.outlet.end(1000)

    async def error(
        self,
        message: str,
        code: str = "400",
        kind: str = "invalid_request_error",
        event_id: str | None = None,
        param: str | None = None,
    ) -> None:
        """Send an error with the codes of this endpoint."""
        body = {
            "type": KINDS.get(kind, kind),
            "code": CODES.get(code, code),
            "message": message,
            "event_id": event_id or "",
        }
        await self._send("error", error=body | ({"param": param} if param else {}))

    async def _send(self, event_type: str, **fields: Any) -> None:
        meta = {"session_id": self._session_id, "timestamp": round(time.time() * 1000)}
        await self.outlet.send({"type": event_type} | fields | {"meta": meta})
