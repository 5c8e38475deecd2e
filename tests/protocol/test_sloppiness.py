"""What a sloppy service says must not be taken for something else."""

import base64

import pytest

from custom_components.stepaudio.client.signals import Ended, Heard, InputRefused, Said, State

from .test_protocol import Wire, done

TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


@pytest.fixture
def wire():
    return Wire().configured()


def test_late_refusal_of_a_cancel_leaves_a_cancelled_request_in_flight(wire):
    wire.protocol.cancel(wire.answering())
    (cancel,) = wire.sent()
    wire.say("response.done", **done())
    second = wire.protocol.request(with_voice=True)
    wire.sent()
    wire.protocol.cancel(second)
    assert wire.error("no ongoing response to cancel", cancel["event_id"]) == []
    wire.protocol.request(with_voice=True)
    assert wire.sent_types() == []


def test_second_end_of_a_cancelled_response_without_id_leaves_the_next_one_alone(wire):
    wire.protocol.cancel(wire.answering())
    wire.say("response.done", **done(status="incomplete"))
    second = wire.protocol.request(with_voice=True)
    assert wire.say("response.cancelled") == []
    assert second.state is State.REQUESTED


def test_end_of_an_unknown_response_leaves_a_request_in_flight(wire):
    response = wire.protocol.request(with_voice=True)
    assert wire.say("response.done", **done("foreign", "incomplete")) == []
    wire.say("response.created", response={"id": "r1"})
    assert response.state is State.ACTIVE


def test_flat_error_is_about_the_event_that_it_names(wire):
    wire.protocol.add_message("user", "Hello")
    response = wire.protocol.request(with_voice=True)
    item, create = wire.sent()
    assert wire.say("invalid_request_error", event_id=item["event_id"], message="no such role") == []
    assert wire.say("invalid_request_error", event_id=create["event_id"], message="refused") == [Ended(response)]


def test_error_that_names_no_event_of_ours_is_about_the_request(wire):
    response = wire.protocol.request(with_voice=True)
    assert wire.error("no speech found", "0b5e-uuid") == [Ended(response)]


def test_busy_service_that_ends_a_response_given_up_is_asked_again(wire):
    wire.answering()
    wire.error("internal engine error", type="server_error")
    wire.protocol.request(with_voice=True)
    (create,) = wire.sent()
    wire.error("ongoing response already exists", create["event_id"])
    assert wire.sent_types() == ["response.cancel"]
    wire.say("response.done", **done(status="incomplete"))
    assert wire.sent_types() == ["response.create"]


def test_refused_input_does_not_take_the_item_of_the_next_one(wire):
    refused = wire.protocol.commit()
    (commit,) = wire.sent()
    (signal,) = wire.error("the buffer is empty", commit["event_id"])
    assert isinstance(signal, InputRefused)
    assert signal.input is refused
    item = wire.protocol.commit()
    wire.say("input_audio_buffer.committed", item_id="u1")
    assert wire.say(TRANSCRIBED, item_id="u1", transcript="Hi") == [Heard(item, "Hi", final=True)]


def test_malformed_event_of_an_ended_response_leaves_the_next_one_alone(wire):
    wire.answering()
    wire.say("response.done", **done())
    second = wire.answering("r2")
    assert wire.say("response.audio.delta", response_id="r1", delta="a") == []
    assert wire.say("response.text.delta", response_id="r2", delta="x") == [Said(second, "x")]


def test_malformed_message_when_repeated_counts_once(wire):
    wire.answering()
    raw = '{"event_id":"same","type":"response.audio.delta","delta":"a"}'
    assert len(wire.protocol.receive(raw)) == 1
    wire.say("response.done", **done())
    wire.answering("r2")
    assert wire.protocol.receive(raw) == []


def test_voice_of_a_discarded_response_fixes_the_voice_too(wire):
    wire.protocol.cancel(wire.answering())
    wire.say("response.audio.delta", response_id="r1", delta=base64.b64encode(b"abcd").decode())
    assert wire.protocol.has_spoken


def test_response_cancelled_twice_after_its_end_is_taken_back_once(wire):
    response = wire.answering()
    wire.say("response.output_item.added", response_id="r1", item={"id": "a1", "type": "message"})
    wire.say("response.done", **done())
    wire.protocol.cancel(response)
    wire.protocol.cancel(response)
    assert wire.sent_types() == ["conversation.item.delete"]
