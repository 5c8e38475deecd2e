"""The state of one connection, told event by event. No loop, no socket, no clock."""

import base64
import json

import pytest

from custom_components.stepaudio.client.errors import NoSpeechError, NotUnderstoodError, ServiceError
from custom_components.stepaudio.client.events import SessionConfig, Tool
from custom_components.stepaudio.client.protocol import Protocol
from custom_components.stepaudio.client.signals import (
    Called,
    ConfigRefused,
    Configured,
    Ended,
    Heard,
    InputRefused,
    Said,
    SaidAll,
    State,
    Voiced,
    VoicedAll,
)

CONFIG = SessionConfig("Be brief.", "jingdiannvsheng", (Tool("light_on", "", {"type": "object"}),))


class Wire:
    """A protocol, and the service's side of it said by hand."""

    def __init__(self):
        self.protocol = Protocol()
        self.count = 0

    def sent(self):
        """Return what is due, as objects."""
        return [json.loads(raw) for raw in self.protocol.data_to_send()]

    def sent_types(self):
        """Return the types of what is due."""
        return [event["type"] for event in self.sent()]

    def say(self, kind, **body):
        """Have the service say something."""
        self.count += 1
        return self.protocol.receive(json.dumps({"event_id": f"s{self.count}", "type": kind, **body}))

    def configured(self):
        """Bring the connection to where questions can be asked."""
        self.say("session.created", session={"id": "sess_1"})
        self.protocol.configure(CONFIG)
        self.say("session.updated", session={"voice": CONFIG.voice})
        self.protocol.data_to_send()
        return self

    def answering(self, response_id="r1"):
        """Ask for a response and have the service begin it."""
        response = self.protocol.request(with_voice=True)
        self.protocol.data_to_send()
        self.say("response.created", response={"id": response_id})
        return response

    def error(self, message, event_id=None, **body):
        """Have the service refuse something."""
        return self.say("error", error={"message": message, **({"event_id": event_id} if event_id else {}), **body})


@pytest.fixture
def wire():
    """Return a configured connection."""
    return Wire().configured()


def audio(pcm):
    """Return PCM as it travels."""
    return base64.b64encode(pcm).decode()


def done(response_id="r1", status="completed", **body):
    """Return the body of response.done."""
    return {"response": {"id": response_id, "status": status, "output": [], **body}}


def test_configuration_says_every_field_and_is_confirmed():
    wire = Wire()
    wire.say("session.created", session={"id": "sess_1"})
    wire.protocol.configure(CONFIG)
    (update,) = wire.sent()
    assert update["session"]["turn_detection"] is None
    assert update["session"]["modalities"] == ["text", "audio"]
    assert update["session"]["tools"][0]["function"]["name"] == "light_on"
    assert not wire.protocol.ready
    assert wire.say("session.updated", session={"voice": "other"}) == [Configured(CONFIG)]
    assert wire.protocol.voice == "other"
    assert wire.protocol.ready


@pytest.mark.parametrize("with_id", [True, False])
def test_configuration_with_refused_voice_is_reported_and_the_old_one_stays(wire, with_id):
    bad = SessionConfig("", "nobody")
    wire.protocol.configure(bad)
    (update,) = wire.sent()
    (refused,) = wire.error("voice nobody is not valid", update["event_id"] if with_id else None, code="400")
    assert isinstance(refused, ConfigRefused)
    assert refused.error.key == "voice"
    assert wire.protocol.config is CONFIG


def test_request_waits_until_the_configuration_is_confirmed():
    wire = Wire()
    wire.protocol.configure(CONFIG)
    wire.sent()
    wire.protocol.request(with_voice=True)
    assert wire.sent_types() == []
    wire.say("session.updated", session={})
    assert wire.sent_types() == ["response.create"]


def test_second_request_waits_for_the_end_of_the_first(wire):
    wire.answering()
    second = wire.protocol.request(with_voice=True)
    assert wire.sent_types() == []
    wire.say("response.done", **done())
    assert wire.sent_types() == ["response.create"]
    assert second.state is State.REQUESTED


def test_words_and_voice_are_reported_in_order(wire):
    response = wire.answering()
    assert wire.say("response.audio_transcript.delta", response_id="r1", delta="Hi") == [Said(response, "Hi")]
    assert wire.say("response.audio.delta", response_id="r1", delta=audio(b"abcd")) == [Voiced(response, b"abcd")]
    assert wire.say("response.audio_transcript.done", response_id="r1", transcript="Hi") == [SaidAll(response)]
    assert wire.say("response.audio.done", response_id="r1") == [VoicedAll(response)]
    assert wire.say("response.done", **done()) == [Ended(response)]
    assert response.status == "completed"


@pytest.mark.parametrize("kind", ["audio_transcript", "text"])
def test_words_without_ids_or_deltas_are_reported(wire, kind):
    response = wire.answering()
    assert wire.say(f"response.{kind}.delta", delta="One") == [Said(response, "One")]
    field = "transcript" if kind == "audio_transcript" else "text"
    assert wire.say(f"response.{kind}.done", **{field: "One two"}) == [Said(response, " two"), SaidAll(response)]


def test_voice_in_odd_pieces_is_reported_in_whole_samples(wire):
    response = wire.answering()
    assert wire.say("response.audio.delta", response_id="r1", delta=audio(b"abc")) == [Voiced(response, b"ab")]
    assert wire.say("response.audio.delta", response_id="r1", delta=audio(b"d")) == [Voiced(response, b"cd")]


def test_late_voice_of_an_ended_response_is_dropped(wire):
    wire.answering()
    wire.say("response.done", **done())
    second = wire.answering("r2")
    assert wire.say("response.audio.delta", response_id="r1", delta=audio(b"ab")) == []
    assert wire.say("response.audio.delta", response_id="r2", delta=audio(b"ab")) == [Voiced(second, b"ab")]


def test_repeated_message_counts_once(wire):
    wire.answering()
    raw = json.dumps({"event_id": "same", "type": "response.audio_transcript.delta", "response_id": "r1", "delta": "x"})
    assert len(wire.protocol.receive(raw)) == 1
    assert wire.protocol.receive(raw) == []


@pytest.mark.parametrize("acknowledgement", ["response.cancelled", "response.done incomplete", "nothing to cancel"])
def test_cancel_frees_the_slot_however_it_is_acknowledged(wire, acknowledgement):
    response = wire.answering()
    wire.say("response.output_item.added", response_id="r1", item={"id": "a1", "type": "message"})
    wire.protocol.cancel(response)
    (cancel,) = wire.sent()
    wire.protocol.request(with_voice=True)
    assert wire.say("response.audio.delta", response_id="r1", delta=audio(b"ab")) == []
    if acknowledgement == "response.cancelled":
        wire.say("response.cancelled", response_id="r1")
    elif acknowledgement == "nothing to cancel":
        wire.error("no ongoing response to cancel", cancel["event_id"])
    else:
        wire.say("response.done", **done(status="incomplete"))
    assert wire.sent_types() == ["conversation.item.delete", "response.create"]


def test_cancel_before_the_response_was_created_is_sent_when_it_is(wire):
    response = wire.protocol.request(with_voice=True)
    wire.sent()
    wire.protocol.cancel(response)
    assert wire.sent_types() == []
    wire.say("response.created", response={"id": "r1"})
    assert wire.sent_types() == ["response.cancel"]
    assert wire.say("response.audio_transcript.delta", response_id="r1", delta="x") == []


def test_late_refusal_of_a_cancel_leaves_the_next_response_alone(wire):
    first = wire.answering()
    wire.protocol.cancel(first)
    (cancel,) = wire.sent()
    wire.say("response.done", **done())
    second = wire.answering("r2")
    assert wire.error("no ongoing response to cancel", cancel["event_id"]) == []
    assert second.state is State.ACTIVE


def test_refused_request_ends_the_response_and_frees_the_slot(wire):
    response = wire.protocol.request(with_voice=True)
    (create,) = wire.sent()
    assert wire.error("no speech found", create["event_id"]) == [Ended(response)]
    assert isinstance(response.error, NoSpeechError)
    wire.protocol.request(with_voice=True)
    assert wire.sent_types() == ["response.create"]


def test_request_that_meets_an_unknown_response_ends_that_and_asks_again(wire):
    response = wire.protocol.request(with_voice=True)
    (create,) = wire.sent()
    assert wire.error("ongoing response already exists", create["event_id"]) == []
    assert wire.sent_types() == ["response.cancel"]
    wire.say("response.done", **done("foreign", "incomplete"))
    assert wire.sent_types() == ["response.create"]
    wire.say("response.created", response={"id": "r1"})
    assert wire.say("response.audio_transcript.delta", response_id="r1", delta="x") == [Said(response, "x")]


def test_response_that_nobody_asked_for_is_cancelled_and_unheard(wire):
    assert wire.say("response.created", response={"id": "auto"}) == []
    assert wire.sent_types() == ["response.cancel"]
    assert wire.say("response.audio.delta", response_id="auto", delta=audio(b"ab")) == []


def test_service_error_in_the_middle_ends_the_response(wire):
    response = wire.answering()
    assert wire.error("internal engine error", type="server_error") == [Ended(response)]
    assert isinstance(response.error, ServiceError)


def test_flat_error_is_understood(wire):
    response = wire.protocol.request(with_voice=True)
    wire.sent()
    assert wire.say("invalid_request_error", message="no speech found", code="400") == [Ended(response)]


@pytest.mark.parametrize("announcement", ["conversation.item.created", "response.output_item.added", None])
def test_call_is_reported_once_with_the_arguments_of_done(wire, announcement):
    response = wire.answering()
    item = {"type": "function_call", "call_id": "c1", "name": "light_on", "arguments": ""}
    if announcement:
        wire.say(announcement, response_id="r1", item=item)
    wire.say("response.function_call_arguments.delta", response_id="r1", call_id="c1", arguments='{"a"')
    name = {} if announcement else {"name": "light_on"}
    signals = wire.say("response.function_call_arguments.done", call_id="c1", arguments='{"a":1}', **name)
    (called,) = signals
    assert called == Called(response, response.calls["c1"])
    assert (called.call.name, called.call.arguments) == ("light_on", '{"a":1}')
    full = {**item, "arguments": '{"a":1}'}
    assert wire.say("response.output_item.done", response_id="r1", item=full) == []
    assert wire.say("response.done", **done(output=[full])) == [Ended(response)]


def test_call_told_only_at_the_end_is_reported(wire):
    response = wire.answering()
    full = {"type": "function_call", "call_id": "c1", "name": "light_on", "arguments": "{}"}
    called, ended = wire.say("response.done", **done(output=[full]))
    assert called.call.name == "light_on"
    assert ended == Ended(response)


def test_call_of_a_cancelled_response_is_not_reported(wire):
    response = wire.answering()
    wire.protocol.cancel(response)
    full = {"type": "function_call", "call_id": "c1", "name": "light_on", "arguments": "{}"}
    assert wire.say("response.output_item.done", response_id="r1", item=full) == []
    assert wire.say("response.done", **done(status="incomplete", output=[full])) == [Ended(response)]


def test_transcript_belongs_to_its_own_input(wire):
    first = wire.protocol.commit()
    wire.say("input_audio_buffer.committed", item_id="u1")
    second = wire.protocol.commit()
    wire.say("input_audio_buffer.committed", item_id="u2")
    kind = "conversation.item.input_audio_transcription.completed"
    assert wire.say(kind, item_id="u2", transcript="two") == [Heard(second, "two", final=True)]
    assert wire.say(kind, item_id="u1", transcript="one") == [Heard(first, "one", final=True)]
    assert wire.say(kind, item_id="u1", transcript="one") == []


def test_transcript_in_deltas_is_cumulative_in_either_form(wire):
    item = wire.protocol.commit()
    wire.say("input_audio_buffer.committed", item_id="u1")
    kind = "conversation.item.input_audio_transcription.delta"
    assert wire.say(kind, item_id="u1", delta="turn") == [Heard(item, "turn", final=False)]
    assert wire.say(kind, item_id="u1", delta="turn on") == [Heard(item, "turn on", final=False)]
    assert wire.say(kind, item_id="u1", delta="turn on") == []
    assert wire.say(kind, item_id="u1", delta=" it") == [Heard(item, "turn on it", final=False)]


def test_refused_commit_is_reported(wire):
    item = wire.protocol.commit()
    (commit,) = wire.sent()
    (refused,) = wire.error("the buffer is empty", commit["event_id"])
    assert isinstance(refused, InputRefused)
    assert refused.input is item


@pytest.mark.parametrize("message", ["audio buffer is empty", "commit when server vad", "audio already committed"])
def test_refused_commit_without_an_id_is_told_from_the_request_by_its_words(wire, message):
    item = wire.protocol.commit()
    response = wire.protocol.request(with_voice=True)
    (refused,) = wire.error(message, code="400", type="invalid_request_error")
    assert (refused.input, type(refused)) == (item, InputRefused)
    assert response.state is State.REQUESTED
    wire.say("response.created", response={"id": "r1"})
    assert wire.say("response.audio_transcript.delta", response_id="r1", delta="x") == [Said(response, "x")]


@pytest.mark.parametrize("message", ["no speech found", "continue_final_message is not allowed"])
def test_refused_request_without_an_id_is_told_from_the_commit_by_its_words(wire, message):
    item = wire.protocol.commit()
    response = wire.protocol.request(with_voice=True)
    assert wire.error(message) == [Ended(response)]
    wire.say("input_audio_buffer.committed", item_id="u1")
    assert item.item_id == "u1"


def test_commit_without_speech_is_refused_where_nothing_was_asked_and_only_once(wire):
    item = wire.protocol.commit()
    wire.say("input_audio_buffer.committed", item_id="u1")
    (refused,) = wire.error("no speech found")
    assert refused.input is item
    assert isinstance(refused.error, NoSpeechError)
    assert wire.error("no speech found") == []


@pytest.mark.parametrize("pending", ["request", "configuration", "nothing"])
def test_refused_audio_that_is_not_committed_refuses_nothing_else(wire, pending):
    if pending == "request":
        wire.protocol.request(with_voice=True)
    elif pending == "configuration":
        wire.protocol.configure(SessionConfig("", CONFIG.voice))
    assert wire.error("incomplete audio", code="invalid_param") == []
    assert wire.protocol.stray_errors == 1


@pytest.mark.parametrize("moment", ["after", "before"])
def test_input_that_is_taken_out_leaves_the_history_once_the_service_has_taken_it(wire, moment):
    item = wire.protocol.commit()
    wire.sent()
    if moment == "after":
        wire.say("input_audio_buffer.committed", item_id="u1")
    wire.protocol.take_out(item)
    wire.protocol.take_out(item)
    if moment == "before":
        assert wire.sent() == []
        wire.say("input_audio_buffer.committed", item_id="u1")
    (delete,) = wire.sent()
    assert (delete["type"], delete["item_id"]) == ("conversation.item.delete", "u1")


def test_malformed_known_event_fails_its_response_and_not_the_connection(wire):
    response = wire.answering()
    assert wire.say("response.audio.delta", response_id="r1", delta="a") == [Ended(response)]
    assert isinstance(response.error, NotUnderstoodError)
    assert wire.sent_types() == ["response.cancel"]
    wire.say("response.done", **done(status="incomplete"))
    second = wire.answering("r2")
    assert wire.say("response.audio_transcript.delta", response_id="r2", delta="x") == [Said(second, "x")]


@pytest.mark.parametrize("raw", ["", "null", "[]", "{", '{"type":7}', b"\xff", '{"type":"session.updated"}'])
def test_nonsense_is_counted_and_nothing_else(wire, raw):
    assert wire.protocol.receive(raw) == []
    assert wire.protocol.stray_errors == 1


def test_unknown_event_is_counted_by_type(wire):
    assert wire.say("response.hologram.delta") == []
    assert wire.protocol.unknown_events == {"response.hologram.delta": 1}
