"""One response: how a plan of words and calls goes over the wire (sheet 1.10)."""

import asyncio
import base64
import time
import uuid
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .audio import SAMPLE_BYTES, SERVICE_HZ
from .brain import Call, Prompt, Say, Step, Think
from .faults import Fault, StruckError
from .items import Event, Item
from .service import SpokenResponse
from .text import is_mostly_chinese, spoken_s, words_of
from .voice import AudioFeed
from .voices import CALL_READING_MODELS, REASONING_MODELS

if TYPE_CHECKING:
    from .realtime import RealtimeConnection

BYTE_RATE = SAMPLE_BYTES * SERVICE_HZ


class Message:
    """The spoken or written item that is being sent."""

    def __init__(self, item: Item, index: int, text: str, feed: AudioFeed | None) -> None:
        """`feed` is the voice, None for words alone."""
        self.item = item
        self.feed = feed
        self.place = {"item_id": item.id, "output_index": index, "content_index": 0}
        self.words_done = False
        self.words: deque[tuple[float, str]] = deque()
        """The words still to be sent, each with the time at which the voice comes to it."""
        at_s = 0.0
        for word in words_of(text):
            self.words.append((at_s, word))
            at_s += spoken_s(word)


class Response:
    """One generation, from response.created to response.done."""

    def __init__(
        self,
        connection: RealtimeConnection,
        voiced: bool,
        answers: list[Item],
        instructions: str,
        voice: str,
        event_id: str | None,
    ) -> None:
        """Answer on `connection`; `answers` are the spoken items that it is the first to answer."""
        self._event_id = event_id
        self.id = str(uuid.uuid4())
        self.stop = asyncio.Event()
        """Asked to end early."""
        self.hurry = asyncio.Event()
        """Asked not to wait any more."""
        self.finishing = False
        """The last event is on its way."""
        self.ended = asyncio.Event()
        self._connection = connection
        self._service = connection.service
        self._voiced = voiced
        self._answers = answers
        self._instructions = instructions
        self._voice = voice
        self._output: list[Event] = []
        self._message: Message | None = None
        self._asked_s = self._service.clock.now()
        self.record = SpokenResponse(self.id, connection.number, "voice" if voiced else "words")

    async def run(self) -> None:
        """Generate until done, stopped, or struck by a fault."""
        generation = self._connection.start(self._generate())
        stopped = self._connection.start(self.stop.wait())
        try:
            await asyncio.wait((generation, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not generation.done():
                generation.cancel()
                await asyncio.wait((generation,))
                await self._end_stopped()
            elif (fault := generation.result()) is not None:
                await self._end_struck(fault)
        except StruckError as struck:
            await self._end_struck(struck.fault)
        finally:
            stopped.cancel()
            if self._message is not None and self._message.feed is not None:
                await self._message.feed.close()
            self._connection.response = None
            self.ended.set()
        await self._connection.response_ended(
            self._answers, bool(self.record.calls) and self.record.status == "completed"
        )

    async def _generate(self) -> Fault | None:
        try:
            await self._answer()
        except StruckError as struck:
            return struck.fault
        return None

    async def _answer(self) -> None:
        connection, service = self._connection, self._service
        for item in list(connection.history.items):
            await item.heard()
        last = connection.history.last_user()
        if last is not None and not last.speech:
            # The sheet names no place for what only recognition finds empty; it is treated as the energy test is.
            raise StruckError(Fault("error", "response.create", value="no speech found"))
        await connection.transcription.at("before", self._answers)
        service.answering(self.record)
        self.record.voice, self.record.instructions = self._voice, self._instructions
        await self._send({"type": "response.created", "response": self._shown("in_progress")})
        if service.switches.rate_limits:
            await self._send({"type": "rate_limits.updated", "rate_limits": []})
        await connection.enter("answering")
        tools = tuple(connection.session.tools)
        if service.switches.calls_need_english and is_mostly_chinese(self._instructions):
            tools = ()
        prompt = Prompt(self._instructions, tuple(connection.history.items), tools)
        for step in self._as_the_model_does(service.brain.answer(prompt)):
            match step:
                case Say():
                    await self._say(step.text)
                case Call():
                    await self._call(step)
                case Think():
                    await self._think(step.text)
        if self.record.calls and service.switches.empty_part_after_call and self._voiced:
            await self._empty_part()
        await self._done("completed")

    def _as_the_model_does(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Give what the brain planned, with the ways of the reasoning model (sheet 1.3, 1.15)."""
        model = self._connection.model
        if model in REASONING_MODELS and not any(isinstance(step, Think) for step in steps):
            steps = [Think("What is asked of me?"), *steps]
        if model in CALL_READING_MODELS and self._service.switches.models_as_observed:
            steps = [Say(f"{step.name}({step.arguments_json()})") if isinstance(step, Call) else step for step in steps]
        return steps

    # Words and voice

    async def _say(self, text: str) -> None:
        switches = self._service.switches
        item = Item("message", role="assistant", status="in_progress")
        self._connection.history.add(item)
        feed = AudioFeed(self._service.voice.speak(text), switches.audio_delta_bytes) if self._voiced else None
        message = self._message = Message(item, len(self._output), text, feed)
        shown = {"response_id": self.id, "output_index": len(self._output), "item": item.wire(switches)}
        await self._send({"type": "response.output_item.added"} | shown)
        await self._part("added", message)
        await self._until(switches.first_word_s)
        if feed is None:
            await self._write(message)
        else:
            await self._speak(message, feed)
        await self._close_message(message, "completed")

    async def _write(self, message: Message) -> None:
        clock, written = self._service.clock, 0
        start_s = clock.now()
        while message.words:
            await self._word(message)
            written += 1
            await clock.until(start_s, written * self._service.switches.written_word_s, self.hurry)

    async def _speak(self, message: Message, feed: AudioFeed) -> None:
        clock, switches = self._service.clock, self._service.switches
        sent_s, start_s = 0.0, None
        await self._words_until(message, switches.words_ahead_s)
        while (chunk := await feed.next()) is not None:
            await self._words_until(message, sent_s + switches.words_ahead_s)
            if start_s is None:
                await self._until(switches.first_audio_s)
                start_s = clock.now()
                await self._connection.enter("speaking")
            else:
                await clock.until(start_s, sent_s / switches.delivery_speed, self.hurry)
            await self._audio(message, chunk)
            sent_s += len(chunk) / BYTE_RATE
        await self._words_until(message, float("inf"))

    async def _words_until(self, message: Message, at_s: float) -> None:
        while message.words and message.words[0][0] <= at_s:
            await self._word(message)
        if not message.words and not message.words_done:
            await self._words_done(message)

    async def _word(self, message: Message) -> None:
        _, word = message.words.popleft()
        message.item.text += word
        self.record.text += word
        await self._send({"type": f"response.{self._words_kind()}.delta"} | self._place(message) | {"delta": word})
        await self._connection.transcription.at("within", self._answers)

    async def _words_done(self, message: Message) -> None:
        message.words_done = True
        kind = self._words_kind()
        field = "text" if kind == "text" else "transcript"
        await self._send({"type": f"response.{kind}.done"} | self._place(message) | {field: message.item.text})

    async def _audio(self, message: Message, chunk: bytes) -> None:
        self._connection.session.spoken = True
        event = {"type": "response.audio.delta"} | self._place(message) | {"delta": base64.b64encode(chunk).decode()}
        await self._send(event)
        self.record.audio += chunk
        message.item.spoken_bytes += len(chunk)

    async def _close_message(self, message: Message, status: str) -> None:
        self._message = None
        if message.feed is not None:
            await message.feed.close()
        if not message.words_done:
            await self._words_done(message)
        if message.feed is not None:
            await self._send({"type": "response.audio.done"} | self._place(message))
        message.item.status = status
        await self._part("done", message)
        await self._item_done(message.item)

    async def _part(self, what: str, message: Message) -> None:
        if self._voiced or self._words_kind() == "audio_transcript":
            part = {"type": "audio", "transcript": message.item.text}
        else:
            part = {"type": "text", "text": message.item.text}
        await self._send(
            {"type": f"response.content_part.{what}", "response_id": self.id} | message.place | {"part": part}
        )

    async def _item_done(self, item: Item) -> None:
        shown = item.wire(self._service.switches)
        event = {"type": "response.output_item.done", "response_id": self.id, "output_index": len(self._output)}
        self._output.append(shown)
        await self._send(event | {"item": shown})

    async def _think(self, text: str) -> None:
        place = {
            "response_id": self.id,
            "item_id": str(uuid.uuid4()),
            "output_index": len(self._output),
            "content_index": 0,
        }
        added, done = {"type": "thinking", "thinking": ""}, {"type": "thinking", "thinking": text}
        await self._send({"type": "response.content_part.added"} | place | {"part": added})
        for word in words_of(text):
            await self._send({"type": "response.thinking.delta"} | place | {"delta": word})
        await self._send({"type": "response.thinking.done"} | place | {"thinking": text})
        await self._send({"type": "response.content_part.done"} | place | {"part": done})

    # Calls

    async def _call(self, call: Call) -> None:
        connection, switches = self._connection, self._service.switches
        index, arguments = len(self._output), call.arguments_json()
        item = Item("function_call", text=arguments, name=call.name, call_id=call.call_id, status="in_progress")
        if not item.call_id:
            connection.calls += 1
            named = f"call_{time.time_ns()}_{call.name}"
            item.call_id = named if switches.call_id_style == "named" else f"call_{connection.calls - 1}_{index}"
        announced = item.wire(switches) | {"arguments": ""}
        if switches.call_announcement == "output_item":
            event: Event = {"type": "response.output_item.added", "response_id": self.id, "output_index": index}
            await self._send(event | {"item": announced})
        else:
            del announced["arguments"]
            await self._send({"type": "conversation.item.created", "item": announced | {"status": "incomplete"}})
        await connection.transcription.at("within", self._answers)
        place = {
            "response_id": self.id,
            "item_id": item.id,
            "output_index": index,
            "call_id": item.call_id,
            "name": call.name,
        }
        half = len(arguments) // 2
        for piece in (arguments[:half], arguments[half:]):
            fields = (
                ("arguments", "delta")
                if switches.arguments_delta_field == "both"
                else (switches.arguments_delta_field,)
            )
            event = {"type": "response.function_call_arguments.delta"} | place
            await self._send(event | dict.fromkeys(fields, piece))
        item.status = "completed"
        connection.history.add(item)
        self.record.calls.append((item.call_id, call.name, arguments))
        await self._send({"type": "response.function_call_arguments.done"} | place | {"arguments": arguments})
        await self._item_done(item)

    async def _empty_part(self) -> None:
        place = {
            "response_id": self.id,
            "item_id": str(uuid.uuid4()),
            "output_index": len(self._output),
            "content_index": 0,
        }
        part = {"part": {"type": "audio", "transcript": ""}}
        await self._send({"type": "response.audio.done"} | place)
        await self._send({"type": "response.content_part.added"} | place | part)
        await self._send({"type": "response.audio_transcript.done"} | place | {"transcript": ""})
        await self._send({"type": "response.content_part.done"} | place | part)

    # Ends

    async def _end_stopped(self) -> None:
        switches, message = self._service.switches, self._message
        if message is not None and message.feed is not None:
            for _ in range(switches.cancel_leftover_deltas):
                chunk = await message.feed.next()
                if chunk is not None:
                    await self._audio(message, chunk)
        await self._service.clock.sleep(switches.cancel_s)
        if message is not None:
            await self._close_message(message, "incomplete")
        self.finishing = True
        if switches.cancel_event != "done":
            self.record.status = "cancelled"
            await self._connection.outlet.send({"type": "response.cancelled", "response": self._shown("cancelled")})
        if switches.cancel_event != "cancelled":
            await self._done(switches.cancel_status)

    async def _end_struck(self, fault: Fault) -> None:
        self.record.status = "failed"
        if self._message is not None:
            self._message.item.status = "incomplete"
        how = fault.value or "error"
        if fault.kind != "moderation" or how == "error":
            await self._connection.fault_error(fault, self._event_id)
        if fault.kind == "internal_error" or (fault.kind == "moderation" and how == "failed"):
            await self._done(
                "failed", {"type": "failed", "error": {"type": "server_error", "message": "the response failed"}}
            )

    async def _done(self, status: str, details: Event | None = None) -> None:
        self.finishing = True
        self.record.status = status
        response = self._shown(status) | {"status_details": details}
        if self._service.switches.usage:
            response["usage"] = self._usage()
        await self._send({"type": "response.done", "response": response})

    def _usage(self) -> Event:
        heard = sum(len(item.audio or b"") for item in self._connection.history.items) * 25 // BYTE_RATE
        read = sum(len(words_of(item.text)) for item in self._connection.history.items if item.audio is None)
        said, written = len(self.record.audio) * 25 // BYTE_RATE, len(words_of(self.record.text))
        return {
            "total_tokens": heard + read + said + written,
            "input_tokens": heard + read,
            "output_tokens": said + written,
            "input_token_details": {"cached_tokens": 0, "text_tokens": read, "audio_tokens": heard},
            "output_token_details": {"text_tokens": written, "audio_tokens": said},
        }

    # Shapes

    def _shown(self, status: str) -> Event:
        output = list(self._output)
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": None,
            "output": output,
        }

    def _words_kind(self) -> str:
        return "audio_transcript" if self._voiced else self._service.switches.text_only_events

    def _place(self, message: Message) -> Event:
        return ({"response_id": self.id} if self._service.switches.delta_response_id else {}) | message.place

    async def _until(self, after_s: float) -> None:
        await self._service.clock.until(self._asked_s, after_s, self.hurry)

    async def _send(self, event: Event) -> None:
        await self._connection.outlet.send(event)
