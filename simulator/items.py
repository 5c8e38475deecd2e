"""The service's history: the items of a conversation, and the rules for changing it (sheet 1.9)."""

import asyncio
import base64
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

from .audio import SAMPLE_BYTES
from .switches import Switches

MAX_AUDIO_BYTES = 15 * 1024 * 1024
"""One append (sheet 1.13)."""

Event = dict[str, Any]


class RefusedError(Exception):
    """What a client asked for is answered by an error event."""

    def __init__(
        self, message: str, code: str = "400", param: str | None = None, kind: str = "invalid_request_error"
    ) -> None:
        """Carry what the error event says."""
        self.kind = kind
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


@dataclass(eq=False, slots=True)
class Item:
    """One entry of the history."""

    type: Literal["message", "function_call", "function_call_output"]
    role: str = ""
    text: str = ""
    """Words typed, said or heard; of a call its arguments, of an output what the tool said."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "completed"
    audio: bytes | None = None
    """What the user said, at 24 kHz; None unless it was said."""
    speech: bool = True
    """Whether the audio holds enough speech."""
    call_id: str = ""
    name: str = ""
    words: asyncio.Task[str] | None = None
    """What the ears make of the audio."""
    heard_ms: int | None = None
    """Where the client truncated what it played."""
    spoken_bytes: int = 0
    """Audio that an answer had when it ended."""

    async def heard(self) -> str:
        """Wait for what the ears make of the audio, and give the item's words."""
        if self.words is not None:
            await asyncio.shield(self.words)
        return self.text

    def wire(self, switches: Switches) -> Event:
        """Give the item as the service shows it."""
        shown: Event = {"id": self.id, "object": "realtime.item", "type": self.type, "status": self.status}
        if self.type == "message":
            if self.role == "user" and switches.text_item_echo == "input_text":
                shown["status"] = "completed"
            return shown | {"role": self.role, "content": self._content(switches)}
        shown["call_id"] = self.call_id
        if self.type == "function_call":
            return shown | {"name": self.name, "arguments": self.text}
        return shown | {"output": self.text}

    def _content(self, switches: Switches) -> list[Event]:
        if self.role == "user":
            if self.audio is not None:
                return [{"type": "audio", "transcript": ""}]
            return [{"type": switches.text_item_echo, "transcript": self.text}]
        if self.role == "system":
            return [{"type": "input_text", "text": self.text}]
        if not self.text and self.status == "in_progress":
            return []
        if switches.assistant_content == "audio":
            return [{"type": "audio", "transcript": self.text}]
        return [{"type": "text", "text": self.text}]


class History:
    """The items of one realtime connection, in order."""

    def __init__(self) -> None:
        """Remember nothing."""
        self.items: list[Item] = []

    def add(self, item: Item, previous_item_id: str | None = None) -> str:
        """Put an item at the end, or after another, and give the id of the one before it."""
        place = (
            len(self.items)
            if previous_item_id is None
            else self._index(previous_item_id, "previous item not found") + 1
        )
        previous = self.items[place - 1].id if place else ""
        self.items.insert(place, item)
        return previous

    def delete(self, item_id: str) -> None:
        """Forget an item."""
        del self.items[self._index(item_id, "item not found")]

    def truncate(self, item_id: str, audio_end_ms: int, byte_rate: int) -> Item:
        """Cut an answer to what the user has heard of it, in words by the share of its audio."""
        item = self.items[self._index(item_id, "item not found")]
        if item.role != "assistant":
            raise RefusedError("only assistant items can be truncated")
        item.heard_ms = audio_end_ms
        if item.spoken_bytes:
            share = min(1.0, audio_end_ms * byte_rate / 1000 / item.spoken_bytes)
            item.text = item.text[: round(len(item.text) * share)]
        return item

    def call(self, call_id: str) -> Item | None:
        """Find a function call."""
        return next((item for item in self.items if item.type == "function_call" and item.call_id == call_id), None)

    def _index(self, item_id: str, refusal: str) -> int:
        for index, item in enumerate(self.items):
            if item.id == item_id:
                return index
        raise RefusedError(refusal)

    def last_user(self) -> Item | None:
        """Give the user's newest item that no answer has followed."""
        for item in reversed(self.items):
            if item.role == "assistant" or item.type != "message":
                return None
            if item.role == "user":
                return item
        return None


def read_item(body: Any, history: History, roles: tuple[str, ...]) -> Item:
    """Make an item of what a client sent, or refuse it. The client's own id is ignored (sheet 1.9)."""
    if not isinstance(body, dict):
        raise RefusedError("invalid event format")
    match body.get("type"):
        case "message":
            return _read_message(body, roles)
        case "function_call_output":
            call_id, output = body.get("call_id"), body.get("output")
            if not isinstance(output, str):
                raise RefusedError("invalid event format")
            # That an unknown call is refused is inferred (sheet 8, "Tools").
            if not isinstance(call_id, str) or history.call(call_id) is None:
                raise RefusedError("call_id not found")
            return Item("function_call_output", text=output, call_id=call_id)
        case "function_call":
            raise RefusedError("item.type function_call is not supported")
    raise RefusedError("invalid event format")


def _read_message(body: Event, roles: tuple[str, ...]) -> Item:
    role, content = body.get("role"), body.get("content")
    if role not in roles:
        raise RefusedError("item.role must be user or assistant")
    if not isinstance(content, list) or not content:
        raise RefusedError("invalid event format")
    item = Item("message", role=role, status="in_progress" if role == "user" else "completed")
    for part in content:
        match part:
            case {"type": "input_audio", "audio": str(audio)} if role == "user":
                item.audio = (item.audio or b"") + read_audio(audio)
            case {"type": "input_text", "text": str(text)}:
                item.text += text
            case {"type": "text", "text": str(text)} if role == "assistant":
                item.text += text
            case _:
                raise RefusedError("invalid event format")
    return item


def read_audio(encoded: Any, whole_samples: bool = True) -> bytes:
    """Decode audio that a client sent."""
    if not isinstance(encoded, str):
        raise RefusedError("invalid event format")
    try:
        audio = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise RefusedError("audio is not base64", code="invalid_param", param="audio") from None
    if len(audio) > MAX_AUDIO_BYTES:
        raise RefusedError("audio is too long", code="invalid_param", param="audio")
    if whole_samples and len(audio) % SAMPLE_BYTES:
        raise RefusedError("incomplete audio", code="invalid_param", param="audio")
    return audio
