"""A model of the service for the property test: legal, and sloppy where the sheet says that it may be."""

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from itertools import count

HIDDEN = "hidden"
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass(eq=False)
class Answer:
    """A response as the service sees it; `create_id` is empty if it began by itself."""

    id: str
    create_id: str
    items: list[str] = field(default_factory=list)
    calls: dict[str, dict] = field(default_factory=dict)
    part: str = ""
    broken: bool = False
    taken_for: str | None = None
    """The `response.create` that we must take it for, once we have heard of it."""


@dataclass(eq=False)
class Told:
    """A message on its way to us, and what it means."""

    raw: str
    kind: str
    answer: Answer | None = None
    ends: bool = False
    refuses: str = ""
    busy: bool = False
    pcm: bytes = b""
    words: str = ""
    user_item: str = ""


class Service:
    """The service. `choose` decides; without it, everything goes well."""

    def __init__(self, is_taken, is_unwanted):
        self.is_taken = is_taken
        self.is_unwanted = is_unwanted
        self.inbox: deque[dict] = deque()
        self.outbox: deque[Told] = deque()
        self.ongoing: Answer | str | None = None
        self.ended: deque[Answer] = deque(maxlen=4)
        self.history: set[str] = set()
        self.unknown_items: list[dict] = []
        self.committed: dict[str, str] = {}
        self.transcripts: dict[str, str] = {}
        self.numbers = count(1)

    def choose(self, *options):
        return options[0]

    def tell(self, kind, body, **meaning):
        number = next(self.numbers)
        ids = {"event_id": f"s{number}"} if "event_id" not in body else {}
        self.outbox.append(Told(json.dumps({**ids, "type": kind, **body}), kind, **meaning))

    def error(self, message, event_id="", *, named=True, kind="invalid_request_error", **meaning):
        """Refuse something; only if not `named` may the refused event be left out."""
        code = self.choose("400", 400, None)
        inner = {"type": kind, "code": code, "message": message}
        form = self.choose("nested", "flat", *([] if named else ["nested nameless", "flat nameless"]))
        if "nameless" not in form:
            inner["event_id"] = event_id
        if "flat" in form:
            self.tell(kind, inner, **meaning)
        else:
            self.tell("error", {"error": inner}, **meaning)

    # --- what we ask for ---

    def read(self):
        message = self.inbox.popleft()
        event_id = message.get("event_id", "")
        match message["type"]:
            case "session.update":
                if self.choose(True, True, False):
                    self.tell("session.updated", {"session": {"voice": message["session"]["voice"]}})
                else:
                    self.error("voice x is not valid", event_id, named=False)
            case "input_audio_buffer.commit":
                self.commit(event_id)
            case "input_audio_buffer.clear":
                self.tell("input_audio_buffer.cleared", {})
            case "conversation.item.create":
                if self.choose(True, True, False):
                    self.tell("conversation.item.created", {"item": {"id": self.new_item("m"), "type": "message"}})
                else:
                    self.error("item.role must be user or assistant", event_id)
            case "conversation.item.delete" | "conversation.item.truncate":
                if message["item_id"] not in self.history:
                    self.unknown_items.append(message)
                elif message["type"].endswith("delete"):
                    self.history.remove(message["item_id"])
            case "response.create":
                self.create(event_id)
            case "response.cancel":
                self.cancel(event_id)

    def new_item(self, letter):
        item_id = f"{letter}{next(self.numbers)}"
        self.history.add(item_id)
        return item_id

    def commit(self, event_id):
        if not self.choose(True, True, False):
            self.error("the buffer is empty", event_id)
            return
        item_id = self.new_item("u")
        self.committed[item_id] = event_id
        self.transcripts[item_id] = "turn on"
        if self.choose(False, False, True):
            self.transcribe(item_id)
        self.tell("input_audio_buffer.committed", {"item_id": item_id})

    def transcribe(self, item_id):
        text = self.transcripts[item_id]
        match self.choose("completed", "failed", "cumulative", "cumulative", "never"):
            case "completed":
                for _ in range(self.choose(1, 1, 2)):
                    body = {"item_id": item_id, "transcript": text}
                    self.tell(f"{TRANSCRIPTION}.completed", body, user_item=item_id)
            case "failed":
                self.tell(f"{TRANSCRIPTION}.failed", {"item_id": item_id, "error": {"code": 5}}, user_item=item_id)
            case "cumulative":
                self.transcripts[item_id] = text + "!"
                self.tell(f"{TRANSCRIPTION}.delta", {"item_id": item_id, "delta": text}, user_item=item_id)
                return
        del self.transcripts[item_id]

    def create(self, event_id):
        # What we took for the answer before this one was read must not be refused without a name.
        named = any(told.kind == "response.created" for told in self.outbox) or self.is_taken(event_id)
        if self.ongoing is not None:
            self.error("ongoing response already exists", event_id, named=named, refuses=event_id, busy=True)
        elif self.choose(True, True, True, False):
            self.begin(event_id)
        else:
            message = self.choose("no speech found", "continue_final_message is not allowed", "internal error")
            self.error(message, event_id, named=named, refuses=event_id)

    def begin(self, create_id=""):
        answer = self.ongoing = Answer(f"r{next(self.numbers)}", create_id)
        self.tell("response.created", {"response": {"id": answer.id}}, answer=answer)

    def cancel(self, event_id):
        answer = self.ongoing
        if answer is None:
            self.error("no ongoing response to cancel", event_id, named=False)
        elif answer == HIDDEN:
            self.ongoing = None
            if self.choose(True, False):
                self.tell("response.done", {"response": {"id": f"r{next(self.numbers)}", "status": "incomplete"}})
            else:
                self.error("no ongoing response to cancel", event_id, named=False)
        else:
            for _ in range(self.choose(0, 0, 2)):
                self.say_voice(answer)
            if not self.is_unwanted(answer) or self.choose(True, True, False):
                self.end(answer, self.choose("incomplete", "cancelled", "completed"))
                if self.choose(False, True):
                    self.tell("response.cancelled", self.choose({"response_id": answer.id}, {}))
            else:
                self.over(answer)
                self.error("no ongoing response to cancel", event_id, named=False, answer=answer, ends=True)

    # --- what it says by itself ---

    def ids(self, answer, item_id=""):
        """Leave out what may be left out: the id of a response that is not over, or whose item is known."""
        known = {"item_id": item_id} if item_id else {}
        may_miss = item_id or (answer is self.ongoing and not answer.broken)
        return known if may_miss and self.choose(False, True) else {"response_id": answer.id, **known}

    def item_of(self, answer):
        if not answer.items or (answer is self.ongoing and self.choose(False, False, False, True)):
            item_id = self.new_item("a")
            answer.items.append(item_id)
            item = {"id": item_id, "type": "message"}
            self.tell("response.output_item.added", {"response_id": answer.id, "item": item}, answer=answer)
        return answer.items[-1]

    def say_voice(self, answer):
        pcm = bytes(next(self.numbers) % 256 for _ in range(self.choose(4, 1, 3, 0)))
        body = {**self.ids(answer, self.item_of(answer)), "delta": base64.b64encode(pcm).decode()}
        self.tell("response.audio.delta", body, answer=answer, pcm=pcm)

    def say_words(self, answer):
        kind = self.choose("audio_transcript", "text")
        words = f"{next(self.numbers)} "
        answer.part += words
        body = {**self.ids(answer, self.item_of(answer)), "delta": words}
        self.tell(f"response.{kind}.delta", body, answer=answer, words=words)

    def end_part(self, answer):
        if self.choose(True, False):
            more = self.choose("", "more ")
            body = {**self.ids(answer, self.item_of(answer)), "transcript": answer.part + more}
            self.tell("response.audio_transcript.done", body, answer=answer, words=more)
            answer.part = ""
        else:
            self.tell("response.audio.done", self.ids(answer), answer=answer)

    def say_call(self, answer):
        call_id = f"call_{self.choose(0, 1)}"  # the same ids in every response
        if call_id not in answer.calls:
            arguments = json.dumps({"n": next(self.numbers)})
            item = {"type": "function_call", "call_id": call_id, "name": "light_on", "arguments": arguments}
            answer.calls[call_id] = item
            announced = {"item": {**item, "arguments": ""}}
            match self.choose("output_item", "item", "nothing") if not answer.broken else "output_item":
                case "output_item":
                    self.tell("response.output_item.added", {**self.ids(answer), **announced}, answer=answer)
                case "item":
                    self.tell("conversation.item.created", announced, answer=answer)
        elif self.choose(True, False):
            body = {"call_id": call_id, "name": "light_on", "arguments": answer.calls[call_id]["arguments"]}
            self.tell("response.function_call_arguments.done", {**self.ids(answer), **body}, answer=answer)
        else:
            body = {**self.ids(answer), "item": answer.calls[call_id]}
            self.tell("response.output_item.done", body, answer=answer)

    def fail(self, answer):
        """An internal error in the middle: it may be the end, or an end may follow."""
        answer.broken = True
        self.error("internal engine error", named=False, kind="server_error", answer=answer, ends=True)
        if self.choose(True, False):
            self.over(answer)

    def garble(self, answer):
        kind, delta = self.choose(("audio", "a"), ("text", 5))
        self.tell(f"response.{kind}.delta", {"response_id": answer.id, "delta": delta}, answer=answer)

    def add_late(self, answer, kind):
        """Say something of a response that is over; its id or its item tells."""
        match kind:
            case "voice" if answer.items:
                self.say_voice(answer)
            case "words" if answer.items:
                self.say_words(answer)
            case "call":
                item = {"type": "function_call", "call_id": "call_9", "name": "light_on", "arguments": "{}"}
                self.tell("response.output_item.done", {"response_id": answer.id, "item": item}, answer=answer)
            case "end":
                self.tell("response.done", {"response": {"id": answer.id, "status": "completed"}}, answer=answer)
            case "garbled":
                self.garble(answer)

    def over(self, answer):
        self.ongoing = None
        self.ended.append(answer)

    def end(self, answer, status):
        ids = self.ids(answer)
        self.over(answer)
        response = {"status": status, "output": [*answer.calls.values()]}
        if "response_id" in ids:
            response["id"] = answer.id
        kind = "response.done" if status == "completed" else self.choose("response.done", "response.cancelled")
        body = {"response": response}
        if kind == "response.cancelled" and self.choose(False, True):
            body = ids
        self.tell(kind, body, answer=answer, ends=True)
