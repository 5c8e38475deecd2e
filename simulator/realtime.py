"""The realtime websocket: what each client event does (sheet 1.5 to 1.11)."""

import asyncio

from aiohttp import web

from .access import has_quota
from .audio import SAMPLE_BYTES, SERVICE_HZ, duration_ms
from .early_hearing import EarlyHearing
from .faults import Phase
from .input_audio import InputAudio, is_speech
from .items import Event, History, Item, RefusedError, read_audio, read_item
from .response import Response
from .service import Service
from .session import Session
from .transcription import Transcription
from .turn_detection import Boundary
from .voices import TRANSCRIPT_ONLY_MODELS
from .websocket import WebSocket


class RealtimeConnection(WebSocket):
    """One realtime session."""

    def __init__(self, service: Service, request: web.Request, model: str) -> None:
        """Serve an upgrade that was accepted."""
        super().__init__(service, request)
        self.path = request.path
        self.model = model
        self.session = Session(model, service.switches)
        self.history = History()
        self.input = InputAudio()
        self._early = EarlyHearing(lambda audio: self.start(service.ears.hear(audio, SERVICE_HZ)))
        self.heard = bytearray()
        """Every byte of audio that arrived."""
        self.phase: Phase = "connecting"
        self.response: Response | None = None
        self.calls = 0
        self.transcription: Transcription
        self._update_limit: asyncio.Task[None] | None = None
        self._detected: Item | None = None
        self._detected_ms = 0
        self._handlers = {
            "session.update": self._session_update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._item_create,
            "conversation.item.delete": self._item_delete,
            "conversation.item.truncate": self._item_truncate,
            "response.create": self._response_create,
            "response.cancel": self._response_cancel,
        }

    @property
    def items(self) -> list[Item]:
        """The service's history."""
        return self.history.items

    async def enter(self, phase: Phase) -> None:
        """Go on to a phase of the turn; faults that are placed there strike."""
        if phase != self.phase:
            self.phase = phase
            await self.outlet.enter(phase)

    async def opened(self) -> None:
        """Send session.created, and start the limits of the session."""
        switches = self.service.switches
        self.transcription = Transcription(self.service, self.outlet)
        if switches.session_limit_s:
            self.background(self.end_after, switches.session_limit_s, switches.close_code)
        if switches.idle_limit_s:
            self.background(self.end_when_idle, switches.idle_limit_s, switches.close_code)
        if switches.update_limit_s:
            self._update_limit = self.start(self.end_after(switches.update_limit_s, switches.close_code))
        await self.outlet.enter("connecting")
        await self.outlet.send({"type": "session.created", "session": self.session.created(switches)})

    async def handle(self, event: Event) -> None:
        """Do what a client's event asks for."""
        handler = self._handlers.get(event["type"])
        if handler is None:
            raise RefusedError(f"unknown event type {event['type']}", code="invalid_value", param="type")
        await handler(event)

    async def before_it_is_late(self, event: Event) -> None:
        """Let the response be complete before its cancel is read."""
        if event["type"] == "response.cancel" and self.response is not None:
            self.response.hurry.set()
            await self.response.ended.wait()

    # Session

    async def _session_update(self, event: Event) -> None:
        if self._update_limit is not None:
            self._update_limit.cancel()
        self.session.update(event.get("session"), self.service.switches)
        await self.outlet.send({"type": "session.updated", "session": self.session.updated(self.service.switches)})
        if self.phase == "connecting":
            await self.enter("idle")

    # Input audio

    async def _append(self, event: Event) -> None:
        audio = read_audio(event.get("audio"))
        self.heard += audio
        if self.phase == "idle":
            await self.enter("listening")
        boundaries = self.input.append(audio, self.session, self.service.switches)
        if self.service.ears.early:
            self._early.listen(audio, self.input.buffer)
        for boundary in boundaries:
            if boundary.kind == "started":
                await self._speech_started(boundary)
            else:
                await self._speech_stopped(boundary)

    async def _commit(self, _event: Event) -> None:
        if self.session.detection is not None:
            raise RefusedError("commit when server vad")
        await self._committed(Item("message", role="user", status="in_progress"), self.input.take())

    async def _clear(self, _event: Event) -> None:
        self.input.clear()
        self._early.forget()
        await self.outlet.send({"type": "input_audio_buffer.cleared"})

    async def _committed(self, item: Item, audio: bytes) -> None:
        await self._turn_began()
        item.audio = audio
        item.speech = is_speech(audio, self.service.switches)
        previous = self.history.add(item)
        await self.outlet.send({"type": "input_audio_buffer.committed", "item_id": item.id} | self._previous(previous))
        await self._created(item, previous)
        if item.speech:
            self._listen_to(item)
        await self.enter("committed")
        if not item.speech and self.service.switches.no_speech_at == "commit":
            raise RefusedError("no speech found")

    def _listen_to(self, item: Item) -> None:
        item.words = self.start(self._hear(item, self._early.take()))
        if self.service.switches.transcript_asked and not self.session.transcription_asked:
            return
        self.transcription.owe(item)
        self.background(self.transcription.at, "before", [item])
        self.background(self.transcription.unanswered, item)

    async def _hear(self, item: Item, early: asyncio.Task[str] | None) -> str:
        item.text = await (early or self.service.ears.hear(item.audio or b"", SERVICE_HZ))
        item.speech = bool(item.text)
        return item.text

    async def _turn_began(self) -> None:
        """Tell words that come as late as the next turn, which has begun."""
        await self.transcription.at("next", self.transcription.owed())

    # Server voice detection

    async def _speech_started(self, boundary: Boundary) -> None:
        self._detected = Item("message", role="user", status="in_progress")
        self._detected_ms = boundary.at_ms
        place = {"audio_start_ms": self._shown_ms(boundary), "item_id": self._detected.id}
        await self.outlet.send({"type": "input_audio_buffer.speech_started"} | place)
        await self._turn_began()
        if self.response is not None and self.service.switches.vad_interrupts:
            self.response.stop.set()

    async def _speech_stopped(self, boundary: Boundary) -> None:
        item, self._detected = self._detected, None
        if item is None:
            return
        audio = self.input.take_from(self._detected_ms)
        place = {"audio_end_ms": self._shown_ms(boundary), "item_id": item.id}
        if self.service.switches.detection_fields == "table":
            place["response_id"] = ""
        await self.outlet.send({"type": "input_audio_buffer.speech_stopped"} | place)
        self.background(self._answer_detected, item, audio, self.response)

    def _shown_ms(self, boundary: Boundary) -> int | str:
        return boundary.at_ms if self.service.switches.detection_fields == "sample" else str(boundary.at_ms)

    async def _answer_detected(self, item: Item, audio: bytes, before: Response | None) -> None:
        """Commit and answer a detected turn; a response.create that came in between has the slot (sheet 1.11)."""
        await self.service.clock.sleep(self.service.switches.vad_commit_s)
        if before is not None and self.response is before:
            # That the service ends what it still says is inferred: only one response may be active.
            before.stop.set()
            await before.ended.wait()
        await self._committed(item, audio)
        switches = self.service.switches
        voiced = "audio" in self.session.modalities and (
            self.session.modalities_sent or not switches.text_only_without_modalities
        )
        self._respond(voiced, self.session.instructions, self.session.voice, None)

    # Items

    async def _item_create(self, event: Event) -> None:
        switches, body = self.service.switches, event.get("item")
        roles = ("user", "assistant", "system") if switches.system_item == "accept" else ("user", "assistant")
        try:
            item = read_item(body, self.history, roles)
        except RefusedError:
            if switches.system_item == "disconnect" and isinstance(body, dict) and body.get("role") == "system":
                self.background(self.end_after, 0.1, switches.close_code)
            raise
        if item.type == "message" and item.role == "user":
            await self._turn_began()
        previous = self.history.add(item, event.get("previous_item_id"))
        await self._created(item, previous)
        if item.audio is not None:
            self._listen_to(item)

    async def _created(self, item: Item, previous: str) -> None:
        shown = item.wire(self.service.switches)
        await self.outlet.send({"type": "conversation.item.created", "item": shown} | self._previous(previous))

    async def _item_delete(self, event: Event) -> None:
        item_id = event.get("item_id")
        self.history.delete(item_id if isinstance(item_id, str) else "")
        await self.outlet.send({"type": "conversation.item.deleted", "item_id": item_id})

    async def _item_truncate(self, event: Event) -> None:
        match event:
            case {"item_id": str(item_id), "content_index": 0, "audio_end_ms": int(audio_end_ms)} if audio_end_ms >= 0:
                self.history.truncate(item_id, audio_end_ms, SAMPLE_BYTES * SERVICE_HZ)
            case _:
                raise RefusedError("invalid event format")
        shown = {"item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms}
        await self.outlet.send({"type": "conversation.item.truncated"} | shown)

    def _previous(self, previous: str) -> Event:
        form = self.service.switches.first_previous_item_id
        if previous or form == "empty":
            return {"previous_item_id": previous}
        return {"previous_item_id": None} if form == "null" else {}

    # Responses

    async def _response_create(self, event: Event) -> None:
        if self.response is not None and self.response.finishing:
            await self.response.ended.wait()
        session, honoured = self.session, self.service.switches.create_settings
        modalities, instructions, voice = session.modalities, session.instructions, session.voice
        # The documents put settings under `response`, in the sample of a greeting under `session` (sheet 1.8).
        for key in ("response", "session"):
            settings = event.get(key) or {}
            if not isinstance(settings, dict):
                raise RefusedError("invalid event format")
            if honoured != "none":
                modalities = settings.get("modalities") or modalities
            if honoured == "all":
                instructions = settings.get("instructions") or instructions
                voice = session.allowed_voice(settings.get("voice") or voice, self.service.switches)
        self._respond("audio" in modalities, instructions, voice, event.get("event_id"))

    def _respond(self, voiced: bool, instructions: str, voice: str, event_id: str | None) -> None:
        """Start a response, or refuse it: one at a time."""
        if self.response is not None:
            raise RefusedError("ongoing response already exists")
        switches = self.service.switches
        if not has_quota(switches, self.path):
            # How a quota that runs out within a session shows is unknown (sheet 9.18).
            raise RefusedError("you have exceeded your current quota", code="402", kind="quota_exceeded")
        last = self.items[-1] if self.items else None
        if switches.refuse_assistant_end and (last is None or last.role == "assistant"):
            raise RefusedError("continue_final_message needs a message to continue")
        user = self.history.last_user()
        if user is not None and not user.speech:
            raise RefusedError("no speech found")
        answers = self.transcription.owed()
        self.transcription.answered(answers)
        if switches.models_as_observed and self.model in TRANSCRIPT_ONLY_MODELS:
            voiced = False
        self.response = Response(self, voiced, answers, instructions, voice, event_id)
        self.background(self.response.run)

    async def _response_cancel(self, _event: Event) -> None:
        if self.response is not None and self.response.finishing:
            await self.response.ended.wait()
        if self.response is None:
            raise RefusedError("no ongoing response to cancel")
        self.response.stop.set()

    async def response_ended(self, answered: list[Item], called: bool) -> None:
        """Go on after a response."""
        await self.enter("in_tool" if called else "idle")
        await self.transcription.after(answered)

    def heard_ms(self) -> int:
        """How much audio arrived."""
        return duration_ms(len(self.heard))
