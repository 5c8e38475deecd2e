"""The wire: the service's events as named tuples, our events as bytes. The only room that knows the wire's names.

Source: the protocol sheet, sections 1.5-1.11. What the sheet marks as conflicting is read in both forms. An event
of an unknown type is `Unknown`; a known one that makes no sense raises `MalformedError`.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from .errors import NotUnderstoodError, StepAudioError
from .messages import Body, read_error, read_event, read_pcm, read_text

# --- what the service says -------------------------------------------------------------------------------------


class SessionCreated(NamedTuple):
    """The first event of a connection."""

    session_id: str


class SessionUpdated(NamedTuple):
    """The configuration was taken; `voice` is the one that will really speak, if told."""

    voice: str | None


class InputCommitted(NamedTuple):
    """The audio of the user became the item `item_id`."""

    item_id: str


class ItemCreated(NamedTuple):
    """An item entered the history of the service."""

    item_id: str
    kind: str
    role: str


class ItemDeleted(NamedTuple):
    """An item left the history of the service."""

    item_id: str


class ItemTruncated(NamedTuple):
    """The voice of an item was cut to what was heard."""

    item_id: str


class TranscriptDelta(NamedTuple):
    """A piece of the user's words; whether it is cumulative is not known (sheet 7.11)."""

    item_id: str
    text: str


class TranscriptDone(NamedTuple):
    """All words of the user."""

    item_id: str
    text: str


class TranscriptFailed(NamedTuple):
    """The user's words could not be recognised."""

    item_id: str
    error: StepAudioError


class ResponseCreated(NamedTuple):
    """The service began to answer."""

    response_id: str


class ResponseItem(NamedTuple):
    """A message item of a response was announced."""

    response_id: str
    item_id: str


class WordsDelta(NamedTuple):
    """A piece of the answer's words."""

    response_id: str
    item_id: str
    text: str


class WordsDone(NamedTuple):
    """All words of one part of the answer."""

    response_id: str
    item_id: str
    text: str


class VoiceDelta(NamedTuple):
    """A piece of the answer's voice: PCM, 16-bit mono, 24 kHz."""

    response_id: str
    item_id: str
    pcm: bytes


class VoiceDone(NamedTuple):
    """The voice of one part of the answer is complete."""

    response_id: str


class CallNamed(NamedTuple):
    """A function call was announced; its arguments may still be missing (`None`)."""

    response_id: str
    call_id: str
    name: str
    arguments: str | None


class Usage(NamedTuple):
    """Tokens of one response."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int


class ResponseDone(NamedTuple):
    """A response ended; `status` is completed, cancelled, failed, incomplete or empty."""

    response_id: str
    status: str
    calls: tuple[CallNamed, ...]
    usage: Usage | None
    error: StepAudioError | None


class Failed(NamedTuple):
    """The service refused something; `event_id` is that of our event, if it says so."""

    event_id: str
    error: StepAudioError


class Noted(NamedTuple):
    """A known event that nothing here depends on."""

    type: str


class Unknown(NamedTuple):
    """An event of a type that nobody has described yet."""

    type: str


type Event = (
    SessionCreated
    | SessionUpdated
    | InputCommitted
    | ItemCreated
    | ItemDeleted
    | ItemTruncated
    | TranscriptDelta
    | TranscriptDone
    | TranscriptFailed
    | ResponseCreated
    | ResponseItem
    | WordsDelta
    | WordsDone
    | VoiceDelta
    | VoiceDone
    | CallNamed
    | ResponseDone
    | Failed
    | Noted
    | Unknown
)


class MalformedError(NotUnderstoodError):
    """A message that makes no sense, and where it belongs, as far as it says so."""

    def __init__(self, code: str, *, event_id: str = "", response_id: str = "") -> None:
        """Say which field made no sense."""
        super().__init__(code=code)
        self.event_id = event_id
        self.response_id = response_id


def _object(body: Body, name: str) -> Body:
    value = body.get(name)
    if not isinstance(value, dict):
        raise NotUnderstoodError(code=name)
    return value


def _id(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def _failed(body: Body) -> Failed:
    inner = body.get("error")
    return Failed(_id(inner if isinstance(inner, dict) else body, "event_id"), read_error(body))


def _session_updated(body: Body) -> SessionUpdated:
    voice = _object(body, "session").get("voice")
    return SessionUpdated(voice if isinstance(voice, str) and voice else None)


def _call(response_id: str, item: Body) -> CallNamed:
    arguments = item.get("arguments")
    return CallNamed(
        response_id,
        read_text(item, "call_id"),
        read_text(item, "name", ""),
        # An announcement carries empty arguments, a finished item all of them (sheet 1.7).
        arguments if isinstance(arguments, str) and arguments else None,
    )


def _item_created(body: Body) -> Event:
    item = _object(body, "item")
    if item.get("type") == "function_call":
        return _call(read_text(body, "response_id", ""), item)
    return ItemCreated(read_text(item, "id", ""), read_text(item, "type", "message"), read_text(item, "role", ""))


def _output_item(body: Body) -> Event:
    item = _object(body, "item")
    response_id = read_text(body, "response_id", "")
    if item.get("type") == "function_call":
        return _call(response_id, item)
    return ResponseItem(response_id, read_text(item, "id", ""))


def _arguments_done(body: Body) -> CallNamed:
    return CallNamed(
        read_text(body, "response_id", ""),
        read_text(body, "call_id"),
        read_text(body, "name", ""),
        read_text(body, "arguments"),
    )


def _count(usage: Body, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value >= 0 else 0


def _usage(response: Body) -> Usage | None:
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return None
    details = usage.get("input_token_details")
    cached = _count(details, "cached_tokens") if isinstance(details, dict) else 0
    return Usage(_count(usage, "input_tokens"), cached, _count(usage, "output_tokens"))


def _response_done(body: Body) -> ResponseDone:
    response = body.get("response")
    if not isinstance(response, dict):  # response.cancelled has been documented without a shape (sheet 1.10)
        response = {"id": body.get("response_id"), "status": body.get("status")}
    response_id = read_text(response, "id", "")
    output = response.get("output")
    calls = [
        _call(response_id, item)
        for item in (output if isinstance(output, list) else [])
        if isinstance(item, dict) and item.get("type") == "function_call" and isinstance(item.get("call_id"), str)
    ]
    details = response.get("status_details")
    error = read_error(details) if isinstance(details, dict) and details.get("error") else None
    return ResponseDone(response_id, read_text(response, "status", ""), tuple(calls), _usage(response), error)


def _response_cancelled(body: Body) -> ResponseDone:
    done = _response_done(body)
    return ResponseDone(done.response_id, done.status or "cancelled", done.calls, done.usage, done.error)


def _voice_delta(body: Body) -> VoiceDelta:
    return VoiceDelta(read_text(body, "response_id", ""), read_text(body, "item_id", ""), read_pcm(body, "delta"))


def _words_delta(body: Body) -> WordsDelta:
    return WordsDelta(read_text(body, "response_id", ""), read_text(body, "item_id", ""), read_text(body, "delta"))


def _words_done(field: str) -> Callable[[Body], WordsDone]:
    def parse(body: Body) -> WordsDone:
        return WordsDone(read_text(body, "response_id", ""), read_text(body, "item_id", ""), read_text(body, field, ""))

    return parse


_PARSERS: dict[str, Callable[[Body], Event]] = {
    "response.audio.delta": _voice_delta,
    "response.audio_transcript.delta": _words_delta,
    "response.text.delta": _words_delta,
    "response.audio_transcript.done": _words_done("transcript"),
    "response.text.done": _words_done("text"),
    "response.audio.done": lambda body: VoiceDone(read_text(body, "response_id", "")),
    "response.created": lambda body: ResponseCreated(read_text(_object(body, "response"), "id")),
    "response.output_item.added": _output_item,
    "response.output_item.done": _output_item,
    "response.function_call_arguments.done": _arguments_done,
    "response.done": _response_done,
    "response.cancelled": _response_cancelled,
    "session.created": lambda body: SessionCreated(read_text(_object(body, "session"), "id", "")),
    "session.updated": _session_updated,
    "input_audio_buffer.committed": lambda body: InputCommitted(read_text(body, "item_id")),
    "conversation.item.created": _item_created,
    "conversation.item.deleted": lambda body: ItemDeleted(read_text(body, "item_id", "")),
    "conversation.item.truncated": lambda body: ItemTruncated(read_text(body, "item_id", "")),
    "conversation.item.input_audio_transcription.delta": lambda body: TranscriptDelta(
        read_text(body, "item_id", ""), read_text(body, "delta", "")
    ),
    "conversation.item.input_audio_transcription.completed": lambda body: TranscriptDone(
        read_text(body, "item_id", ""), read_text(body, "transcript", "")
    ),
    "conversation.item.input_audio_transcription.failed": lambda body: TranscriptFailed(
        read_text(body, "item_id", ""), read_error(body)
    ),
    "error": _failed,
}
_NOTED = frozenset(
    {
        "conversation.created",
        "input_audio_buffer.cleared",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "rate_limits.updated",
        "response.content_part.added",
        "response.content_part.done",
        "response.function_call_arguments.delta",
        "response.thinking.delta",
        "response.thinking.done",
    }
)


def parse(raw: str | bytes) -> tuple[str, Event]:
    """Return the id and the event in one message of the service.

    Raises `MalformedError` and nothing else. The id is empty if the service gave none.
    """
    try:
        kind, body = read_event(raw)
    except NotUnderstoodError as error:
        raise MalformedError(error.code) from None
    event_id = _id(body, "event_id")
    parser = _PARSERS.get(kind)
    if parser is None and "." not in kind and isinstance(body.get("message"), str):
        parser = _failed  # the flat form of an error has the error's type where the event's should be (sheet 1.11)
    if parser is None:
        return event_id, Noted(kind) if kind in _NOTED else Unknown(kind)
    try:
        return event_id, parser(body)
    except NotUnderstoodError as error:
        response_id = _id(body, "response_id") or _id(body.get("response"), "id")
        raise MalformedError(error.code, event_id=event_id, response_id=response_id) from None


# --- what we say -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Everything that shapes an answer. `with_voice` False asks for words alone.

    `web_search` has the service look things up by itself; we see nothing of it (sheet 1.7).
    """

    instructions: str
    voice: str
    tools: tuple[Tool, ...] = ()
    with_voice: bool = True
    web_search: bool = False


def session_update(event_id: str, config: SessionConfig) -> bytes:
    """Return `session.update` with every field said aloud, since the defaults are in dispute (sheet 1.5)."""
    built_in: list[dict[str, Any]] = [{"type": "web_search"}] if config.web_search else []
    return orjson.dumps(
        {
            "event_id": event_id,
            "type": "session.update",
            "session": {
                "modalities": ["text", "audio"] if config.with_voice else ["text"],
                "instructions": config.instructions,
                "voice": config.voice,
                "input_audio_format": "pcm16",
                "output_audio_format": "pcm16",
                "turn_detection": None,
                "tools": [
                    {
                        "type": "function",
                        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
                    }
                    for tool in config.tools
                ]
                + built_in,
            },
        }
    )


def append_audio(pcm: bytes) -> bytes:
    """Return `input_audio_buffer.append` with PCM; recognition takes it in the same form (sheet 1.8, 3.4)."""
    return b'{"type":"input_audio_buffer.append","audio":"' + b2a_base64(pcm, newline=False) + b'"}'


def simple(event_id: str, kind: str) -> bytes:
    """Return an event that has no body, such as `input_audio_buffer.commit`."""
    return orjson.dumps({"event_id": event_id, "type": kind})


def create_response(event_id: str, *, with_voice: bool) -> bytes:
    """Return `response.create`; the modalities repeat what the session was told (sheet 1.8)."""
    modalities = ["text", "audio"] if with_voice else ["text"]
    return orjson.dumps({"event_id": event_id, "type": "response.create", "response": {"modalities": modalities}})


def create_message(event_id: str, role: str, text: str) -> bytes:
    """Return `conversation.item.create` for a message of the `user` or the `assistant` (sheet 1.9)."""
    content: Sequence[Mapping[str, str]] = [{"type": "input_text" if role == "user" else "text", "text": text}]
    item = {"type": "message", "role": role, "content": content}
    return orjson.dumps({"event_id": event_id, "type": "conversation.item.create", "item": item})


def create_call_output(event_id: str, call_id: str, output: str) -> bytes:
    """Return `conversation.item.create` with the result of a function call."""
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return orjson.dumps({"event_id": event_id, "type": "conversation.item.create", "item": item})


def delete_item(event_id: str, item_id: str) -> bytes:
    """Return `conversation.item.delete`."""
    return orjson.dumps({"event_id": event_id, "type": "conversation.item.delete", "item_id": item_id})


def truncate_item(event_id: str, item_id: str, audio_end_ms: int) -> bytes:
    """Return `conversation.item.truncate`, which the service takes though no page describes it (sheet 1.8)."""
    return orjson.dumps(
        {
            "event_id": event_id,
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": audio_end_ms,
        }
    )
