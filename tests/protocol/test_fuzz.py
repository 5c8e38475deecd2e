"""No bytes from the service can raise anything but the errors of the client."""

import base64
import json
from contextlib import suppress

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from custom_components.stepaudio.client import connection, errors, events, messages as told, speech
from custom_components.stepaudio.client.errors import NotUnderstoodError, StepAudioError
from custom_components.stepaudio.client.protocol import Protocol

# The tests' plugin freezes the garbage collector, so Hypothesis does not see who holds its own random numbers.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

fuzz = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

ITEM = {"id": "a1", "object": "realtime.item", "type": "message", "status": "completed", "role": "assistant"}
CALL = {"id": "f1", "type": "function_call", "call_id": "call_0_2", "name": "light_on", "arguments": '{"room":"hall"}'}
PLACE = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 0}
USAGE = {"input_tokens": 60, "output_tokens": 30, "input_token_details": {"cached_tokens": 0}}
VOICE = base64.b64encode(b"\x01\x02" * 8).decode()
TRANSCRIPTION = "conversation.item.input_audio_transcription"
SAMPLES = [
    json.dumps({"event_id": f"s{number}", "type": kind, **body})
    for number, (kind, body) in enumerate(
        [
            ("session.created", {"session": {"id": "sess_x", "voice": "jingdiannvsheng"}}),
            ("session.updated", {"session": {"modalities": ["text", "audio"], "voice": "jingdiannvsheng"}}),
            ("input_audio_buffer.speech_started", {"audio_start_ms": 840, "item_id": "u1"}),
            ("input_audio_buffer.committed", {"previous_item_id": "", "item_id": "u1"}),
            ("conversation.item.created", {"previous_item_id": None, "item": ITEM}),
            ("conversation.item.created", {"item": CALL}),
            ("conversation.item.deleted", {"item_id": "a1"}),
            ("conversation.item.truncated", {"item_id": "a1", "content_index": 0, "audio_end_ms": 700}),
            ("response.created", {"response": {"id": "r1", "status": "in_progress", "output": []}}),
            ("response.output_item.added", {"response_id": "r1", "item": {**ITEM, "content": []}}),
            ("response.output_item.added", {"response_id": "r1", "item": {**CALL, "arguments": ""}}),
            ("response.content_part.added", {**PLACE, "part": {"type": "audio", "transcript": ""}}),
            ("response.audio_transcript.delta", {**PLACE, "delta": "Done"}),
            ("response.text.delta", {**PLACE, "delta": "Done"}),
            (f"{TRANSCRIPTION}.delta", {"item_id": "u1", "delta": "lamp"}),
            (f"{TRANSCRIPTION}.completed", {"item_id": "u1", "transcript": "lamp on"}),
            (f"{TRANSCRIPTION}.failed", {"item_id": "u1", "error": {"code": 400, "message": "no speech"}}),
            ("response.audio.delta", {**PLACE, "delta": VOICE}),
            ("response.audio_transcript.done", {**PLACE, "transcript": "Done."}),
            ("response.text.done", {**PLACE, "text": "Done."}),
            ("response.audio.done", PLACE),
            ("response.function_call_arguments.done", {"response_id": "r1", **CALL, "type": ""}),
            ("response.output_item.done", {"response_id": "r1", "item": CALL}),
            (
                "response.done",
                {"response": {"id": "r1", "status": "completed", "output": [ITEM, CALL], "usage": USAGE}},
            ),
            ("response.done", {"response": {"id": "r1", "status": "failed", "status_details": {"error": {"code": 5}}}}),
            ("response.cancelled", {"response_id": "r1"}),
            ("error", {"error": {"type": "invalid_request_error", "code": "400", "message": "no", "event_id": "c1"}}),
            ("invalid_request_error", {"code": 429, "message": "too many"}),
            ("tts.connection.done", {"data": {"session_id": "x"}}),
            ("tts.response.audio.delta", {"data": {"audio": VOICE}}),
            ("tts.response.error", {"data": {"code": "400", "message": "no", "details": {"error": "voice"}}}),
        ]
    )
]
BODIES = [json.loads(sample) for sample in SAMPLES]
KINDS = sorted({*events._PARSERS, *events._NOTED, *(body["type"] for body in BODIES)})


def names_in(value):
    """Return every name of a field, however deep."""
    if isinstance(value, dict):
        return {*value, *(name for inner in value.values() for name in names_in(inner))}
    return {name for inner in value for name in names_in(inner)} if isinstance(value, list) else set()


NAMES = sorted(names_in(BODIES) | {"details", "param"})
WORDS = [
    "r1",
    "a1",
    "u1",
    "c1",
    "c2",
    "function_call",
    "message",
    "call_0_2",
    "completed",
    "failed",
    "a",
    "\u96ea",
    "\0",
]
plain = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
) | st.sampled_from([*WORDS, *KINDS, VOICE, "ongoing response already exists", "no ongoing response to cancel"])
fields = st.sampled_from(NAMES) | st.text(max_size=4)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4), max_leaves=8
)
loose = st.builds(
    lambda kind, body: {**body, "type": kind}, st.sampled_from(KINDS), st.dictionaries(fields, values, max_size=5)
)


@st.composite
def bent(draw):
    """Return a real message of which one place, however deep, is something else or gone."""
    body = place = json.loads(draw(st.sampled_from(SAMPLES)))
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            break
        place = inner
    if draw(st.booleans()):
        place[key] = draw(values)
    else:
        del place[key]
    return body


@st.composite
def torn(draw):
    """Return the bytes of a real message, a few of them flipped, cut out or repeated."""
    raw = bytearray(draw(st.sampled_from(SAMPLES)).encode())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(len(raw) - 1, 0)))
        end = min(len(raw), start + draw(st.integers(1, 12)))
        match draw(st.sampled_from(["flip", "cut", "repeat"])):
            case "flip" if raw:
                raw[start] ^= draw(st.integers(1, 255))
            case "cut":
                del raw[start:end]
            case "repeat":
                raw[start:start] = raw[start:end]
    return bytes(raw)


def written(body):
    """Return JSON as Python writes it: with NaN, and with characters cut in half."""
    return st.builds(json.dumps, body, ensure_ascii=st.booleans())


messages = st.binary(max_size=60) | st.text(max_size=60) | torn() | written(values | loose | bent())
DEEP = '{"type":"error","error":{"message":' + "[" * 1000 + "]" * 1000 + "}}"
DEEPER = "[" * 100_000
HALF = '{"type":"response.text.delta","delta":"\\ud83d"}'


def running():
    """Return a protocol that waits for everything that a service can answer."""
    protocol = Protocol()
    protocol.receive(SAMPLES[0])
    protocol.configure(events.SessionConfig("Be brief.", "jingdiannvsheng"))
    protocol.receive(SAMPLES[1])
    protocol.commit()
    protocol.request(with_voice=True)
    protocol.receive(json.dumps({"type": "response.created", "response": {"id": "r1"}}))
    protocol.request(with_voice=True)
    protocol.configure(events.SessionConfig("Be brief.", "other"))
    return protocol


@fuzz
@given(raw=messages)
@example(raw=DEEP)
@example(raw=DEEPER)
@example(raw=HALF)
@example(raw="\ud83d")
def test_event_of_any_bytes_is_parsed_or_not_understood(raw):
    try:
        event_id, _ = events.parse(raw)
    except NotUnderstoodError:
        return
    assert isinstance(event_id, str)


def places_in(value, path=()):
    """Return the way to every place in a message."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, part in inner for way in [(*path, key), *places_in(part, (*path, key))]]


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{number} {body['type']}" for number, body in enumerate(BODIES)])
def test_message_with_any_one_field_of_another_kind_goes_by(sample):
    for *way, last in places_in(json.loads(sample)):
        for other in (None, True, 5, -0.5, "", "a", "\u96ea", [], [5], {}, {"id": 5}):
            body = place = json.loads(sample)
            for key in way:
                place = place[key]
            place[last] = other
            raw = json.dumps(body)
            running().receive(raw)
            with suppress(StepAudioError):
                told.read_pcm(speech._parse(raw)[1], "audio", "")


@fuzz
@given(raws=st.lists(messages, min_size=1, max_size=8), cancelled=st.booleans())
@example(raws=[DEEP, DEEPER, HALF, "\ud83d"], cancelled=False)
def test_connection_that_receives_any_bytes_goes_on(raws, cancelled):
    protocol = running()
    if cancelled:
        protocol.cancel(protocol._slot, heard_ms=5)
    for raw in raws:
        for signal in protocol.receive(raw):
            assert isinstance(getattr(signal, "error", None), StepAudioError | None)
            assert len(getattr(signal, "pcm", b"")) % 2 == 0
        for message in protocol.data_to_send():
            assert isinstance(orjson.loads(message)["type"], str)
    protocol.request(with_voice=False)


@fuzz
@given(raw=messages)
@example(raw='{"type":"error","data":{"message":' + "[" * 1000 + "]" * 1000 + "}}")
@example(raw=DEEPER)
def test_speech_event_of_any_bytes_raises_only_errors_of_the_client(raw):
    try:
        kind, data = speech._parse(raw)
        pcm = told.read_pcm(data, "audio", "")
    except StepAudioError:
        return
    assert isinstance(kind, str)
    assert isinstance(pcm, bytes)


@fuzz
@given(
    status=st.integers(100, 999),
    body=st.none() | messages.map(lambda raw: raw if isinstance(raw, bytes) else raw.encode(errors="surrogatepass")),
)
@example(status=400, body=DEEP.encode())
@example(status=429, body=bytearray(b'{"error":{"code":null}}'))
def test_refused_upgrade_of_any_body_becomes_an_error_of_the_client(status, body):
    error = connection.refusal(status, body)
    assert isinstance(error, StepAudioError)
    assert error.status == status


@fuzz
@given(
    status=st.none() | st.integers(),
    error_type=st.text(),
    code=st.none() | st.integers() | st.text() | st.sampled_from(["400", "\u0664\u0660\u0661", "\u00b2\u00b2\u00b2"]),
    message=st.text() | st.sampled_from(WORDS),
)
def test_anything_the_service_says_of_an_error_is_classified(status, error_type, code, message):
    error = errors.classify(status=status, error_type=error_type, code=code, message=message)
    assert isinstance(error, StepAudioError)
    assert message == "" or len(message) < 5 or message not in str(error)
