"""The TTS websocket: text in as it is written, speech out (sheet 2.2)."""

import asyncio
import base64
import time
import uuid
from typing import Any

from aiohttp import web

from .containers import STREAM_FORMATS, SpeechEncoder
from .items import Event, RefusedError
from .service import Service, SpokenResponse
from .speech_request import speech_problem, spoken_text
from .switches import Switches
from .text import is_chinese
from .tones import sentences
from .voice import AudioFeed
from .websocket import WebSocket

MAX_TEXT = 1000
"""Characters in one tts.text.delta."""
EARLY_SENTENCE = 12
"""Characters that a sentence needs in mode default before it is spoken without a flush."""
DELTA_S = 0.2
"""Speech in one delta. Unobserved."""
SPEECH_BYTE_RATE = 48000


class SpeechSocket(WebSocket):
    """One text that is spoken."""

    def __init__(self, service: Service, request: web.Request) -> None:
        """Serve an upgrade that was accepted."""
        super().__init__(service, request)
        self.model = request.query.get("model", "")
        self._session_id = uuid.uuid4().hex
        self._settings: Event | None = None
        self._text = ""
        self._sentences: asyncio.Queue[str | None] = asyncio.Queue()
        self._record = SpokenResponse(self._session_id, self.number, "speech")
        self._spoken_ms = 0
        self._encoder: SpeechEncoder | None = None
        """Of all sentences in the `_stream` formats; in others each has its own."""

    async def opened(self) -> None:
        """Tell the session id."""
        self.background(self._end_idle)
        await self.outlet.enter("connecting")
        await self._send("tts.connection.done", {})

    async def handle(self, event: Event) -> None:
        """Do what a client's event asks for."""
        data = event.get("data")
        if not isinstance(data, dict) or data.get("session_id") != self._session_id:
            raise RefusedError("session_id is not valid")
        if event["type"] == "tts.create":
            await self._create(data)
        elif self._settings is None:
            raise RefusedError("tts.create must come first")
        elif event["type"] == "tts.text.delta":
            await self._take(data)
        elif event["type"] == "tts.text.flush":
            self._cut(all_of_it=True)
            await self._send("tts.text.flushed", {})
        elif event["type"] == "tts.text.done":
            self._cut(all_of_it=True)
            self._sentences.put_nowait(None)
        else:
            raise RefusedError(f"unknown event type {event['type']}")

    async def _create(self, data: Event) -> None:
        if self._settings is not None:
            raise RefusedError("tts.create was already sent")
        if (problem := speech_problem(data, self.model)) is not None:
            raise RefusedError(problem)
        self._settings = data
        self._record.voice = data["voice_id"]
        self._record.format = data.get("response_format", "mp3")
        self._record.sample_rate = data.get("sample_rate", 24000)
        self._record.instructions = data.get("instruction", "")
        if self._record.format in STREAM_FORMATS:
            self._encoder = self._new_encoder()
        self.service.answering(self._record)
        self.background(self._speak)
        await self._send("tts.response.created", {})

    def _new_encoder(self) -> SpeechEncoder:
        settings = self._settings or {}
        speed, volume = settings.get("speed_ratio", 1.0), settings.get("volume_ratio", 1.0)
        return SpeechEncoder(self._record.format, self._record.sample_rate, speed, volume)

    async def _take(self, data: Event) -> None:
        text = data.get("text")
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise RefusedError(f"text must be a string of at most {MAX_TEXT} characters")
        self._text += text
        self._cut()

    def _cut(self, all_of_it: bool = False) -> None:
        """Pass on whole sentences: in mode default short ones wait for more."""
        settings = self._settings or {}
        least = 1 if settings.get("mode") == "sentence" or all_of_it else EARLY_SENTENCE
        pieces, self._text = sentences(self._text), ""
        while pieces:
            piece = pieces.pop(0)
            ended = piece.rstrip()[-1:] in "。！？!?.；\n" and bool(pieces or piece[-1:] in "。！？!?；\n")
            if (ended and len(piece) >= least) or all_of_it:
                self._sentences.put_nowait(piece)
            elif pieces:
                pieces[0] = piece + pieces[0]
            else:
                self._text = piece

    async def _end_idle(self) -> None:
        await self.idle(self.service.switches.speech_idle_limit_s)
        if self._settings is None:
            self.outlet.end(1000)
        self._cut(all_of_it=True)
        self._sentences.put_nowait(None)

    async def _speak(self) -> None:
        switches = self.service.switches
        number = 0
        while (sentence := await self._sentences.get()) is not None:
            await self._sentence(sentence, number, switches)
            number += 1
        if self._encoder is not None:
            await self._audio(self._encoder.end(), True, 0.0, switches)
        self._record.status = "completed"
        whole = self._record.audio if switches.speech_done_audio == "whole" else b""
        await self._send(switches.speech_done_event, {"audio": base64.b64encode(whole).decode()})
        self.outlet.end(1000)

    async def _sentence(self, text: str, number: int, switches: Switches) -> None:
        settings, clock = self._settings or {}, self.service.clock
        start_s = clock.now()
        encoder = self._encoder or self._new_encoder()
        await self._send("tts.response.sentence.start", self._sentence_data(text, number, "started_at"))
        feed = AudioFeed(
            self.service.voice.speak(spoken_text(text, settings, self.model)), int(DELTA_S * SPEECH_BYTE_RATE)
        )
        try:
            if number == 0:
                await clock.until(start_s, switches.speech_first_audio_s)
            first_s = clock.now()
            sent_s = 0.0
            while True:
                pcm = await feed.next()
                audio = encoder.feed(pcm) if pcm is not None else b"" if encoder is self._encoder else encoder.end()
                if audio or pcm is None:
                    await self._audio(audio, pcm is None, len(pcm or b"") / SPEECH_BYTE_RATE, switches)
                if pcm is None:
                    break
                sent_s += len(pcm) / SPEECH_BYTE_RATE
                await clock.until(first_s, sent_s / switches.speech_speed)
        finally:
            await feed.close()
        self._record.text += text
        if settings.get("timestamp"):
            await self._subtitle(text, number, sent_s)
        await self._send("tts.response.sentence.end", self._sentence_data(text, number, "ended_at"))

    async def _audio(self, audio: bytes, last: bool, length_s: float, switches: Switches) -> None:
        data: Event = {"status": "finished" if last else "unfinished", "audio": base64.b64encode(audio).decode()}
        if switches.speech_events == "june":
            data["duration"] = length_s
        self._record.audio += audio
        await self._send("tts.response.audio.delta", data)

    async def _subtitle(self, text: str, number: int, length_s: float) -> None:
        pieces = list(text) if is_chinese(text) else text.split()
        step_ms = length_s * 1000 / max(1, len(pieces))
        items = [
            {
                "text": piece,
                "start_time": self._spoken_ms + round(at * step_ms),
                "end_time": self._spoken_ms + round((at + 1) * step_ms),
            }
            for at, piece in enumerate(pieces)
        ]
        self._spoken_ms += round(length_s * 1000)
        data = {"request_id": f"{self._session_id}-tts.{number}", "text": text, "items": items}
        await self._send("tts.response.subtitle", data, timestamp=round(time.time() * 1000))

    def _sentence_data(self, text: str, number: int, june_field: str) -> Event:
        now = time.time()
        if self.service.switches.speech_events == "june":
            return {"text": text, june_field: now}
        return {"text": text, "request_id": f"{self._session_id}-tts.{number}", "timestamp": round(now * 1000)}

    async def error(
        self,
        message: str,
        code: str = "400",
        kind: str = "invalid_request_error",
        event_id: str | None = None,
        param: str | None = None,
    ) -> None:
        """Send an error event in the shape of this endpoint, which names neither kind nor event."""
        del kind, event_id, param
        await self._send("tts.response.error", {"code": code, "message": message, "details": {"error": message}})

    async def _send(self, kind: str, data: Event, **top: Any) -> None:
        await self.outlet.send({"type": kind, "data": {"session_id": self._session_id} | data} | top)
