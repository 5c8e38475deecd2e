"""The state of a connection under any order of our calls and of what a legal or a sloppy service says."""

import json
from collections import Counter, deque

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custom_components.stepaudio.client.events import SessionConfig
from custom_components.stepaudio.client.protocol import Protocol
from custom_components.stepaudio.client.signals import (
    Called,
    Ended,
    Heard,
    Response,
    Said,
    SaidAll,
    State,
    Voiced,
    VoicedAll,
)

from .sloppy_service import HIDDEN, Answer, Service, Told

# The tests' plugin freezes the garbage collector, so Hypothesis does not see who holds its own random numbers.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")
DATA = st.data()


class Wire(RuleBasedStateMachine):
    """Our calls and the service's words, in any order; each travels in its own order."""

    def __init__(self):
        super().__init__()
        self.protocol = Protocol()
        self.service = Service(self.is_taken, self.is_unwanted)
        self.creates: dict[str, Response] = {}
        """Whom each `response.create` was sent for."""
        self.pending = ""
        """The `response.create` that nothing has answered yet."""
        self.in_flight: set[str] = set()
        self.requested: list[Response] = []
        self.withdrawn: set[Response] = set()
        """Cancelled before they were sent."""
        self.unwanted: set[Response] = set()
        self.taken_back: set[Response] = set()
        self.ends: Counter[Response] = Counter()
        self.calls: Counter[tuple[Response, str]] = Counter()
        self.told_pcm: dict[Response, bytes] = {}
        self.voiced: dict[Response, bytes] = {}
        self.inputs: dict[str, object] = {}
        self.heard: Counter[object] = Counter()
        self.any_voice = False
        self.recent: deque[Told] = deque(maxlen=20)

    def is_taken(self, create_id):
        return create_id != self.pending

    def is_unwanted(self, answer):
        return answer.taken_for is not None and self.creates.get(answer.taken_for) in {*self.unwanted, None}

    # --- what we say ---

    def ask(self, data):
        """Send what is due after a call of ours."""
        self.send()
        self.move(data)

    def send(self):
        """Put what is due on its way, and look at what is asked for."""
        for raw in self.protocol.data_to_send():
            message = json.loads(raw)
            self.service.inbox.append(message)
            if message["type"] == "response.create":
                assert not self.in_flight, "a second response was asked for"
                create_id = self.pending = message["event_id"]
                self.in_flight.add(create_id)
                (self.creates[create_id],) = [
                    response
                    for response in self.requested
                    if response.state is State.REQUESTED and response.create_id == create_id
                ]

    @initialize(configured=st.sampled_from([True, True, True, False]))
    def begin(self, configured):
        self.service.tell("session.created", {"session": {"id": "sess_1"}})
        if configured:
            self.protocol.configure(SessionConfig("Be brief.", "a"))
            self.send()
            self.settle()

    @rule(data=DATA, what=st.sampled_from(["configure", "append", "clear", "message", "output", "commit", "commit"]))
    def add(self, data, what):
        match what:
            case "configure":
                self.protocol.configure(SessionConfig("Be brief.", data.draw(st.sampled_from("ab"))))
            case "append":
                self.protocol.append(b"ab")
            case "clear":
                self.protocol.clear_input()
            case "message":
                self.protocol.add_message("user", "Hello")
            case "output":
                self.protocol.add_call_output("call_0", "{}")
            case "commit" if self.open_inputs() < 3:
                item = self.protocol.commit()
                self.inputs[item.commit_id] = item
        self.ask(data)

    def open_inputs(self):
        sent = [message for message in self.service.inbox if message["type"] == "input_audio_buffer.commit"]
        due = [told for told in self.service.outbox if told.user_item or told.kind == "input_audio_buffer.committed"]
        return len(sent) + len(due) + len(self.service.transcripts)

    @precondition(lambda self: sum(response.state is State.WAITING for response in self.requested) < 3)
    @rule(data=DATA, with_voice=st.booleans())
    def request(self, data, with_voice):
        response = self.protocol.request(with_voice=with_voice)
        self.requested.append(response)
        self.ask(data)

    @precondition(lambda self: self.requested)
    @rule(data=DATA, heard_ms=st.sampled_from([0, 0, 700]))
    def cancel(self, data, heard_ms):
        response = data.draw(st.sampled_from(self.requested[-3:]))
        if response.state is State.WAITING:
            self.withdrawn.add(response)
        if response not in self.unwanted and not heard_ms:
            self.taken_back.add(response)
        self.unwanted.add(response)
        self.protocol.cancel(response, heard_ms=heard_ms)
        self.ask(data)

    # --- what the service does ---

    def decide(self, data):
        self.service.choose = lambda *options: data.draw(st.sampled_from(options)) if len(options) > 1 else options[0]

    @precondition(lambda self: isinstance(self.service.ongoing, Answer))
    @rule(data=DATA, kinds=st.lists(st.sampled_from(["voice", "words", "call", "voice", "call", "part"]), min_size=1))
    def answer(self, data, kinds):
        self.decide(data)
        service = self.service
        for kind in kinds:
            match kind:
                case "voice":
                    service.say_voice(service.ongoing)
                case "words":
                    service.say_words(service.ongoing)
                case "call":
                    service.say_call(service.ongoing)
                case "part":
                    service.end_part(service.ongoing)
        self.move(data)

    @precondition(lambda self: isinstance(self.service.ongoing, Answer))
    @rule(data=DATA, how=st.sampled_from(["completed", "completed", "failed", "", "error", "error", "garbled"]))
    def end(self, data, how):
        self.decide(data)
        service, answer = self.service, self.service.ongoing
        match how:
            case "garbled":
                service.garble(answer)
            case "error" if not answer.broken:
                service.fail(answer)
            case "completed" | "failed" | "":
                service.end(answer, how)
        self.move(data)

    @precondition(lambda self: self.service.ended)
    @rule(data=DATA, kind=st.sampled_from(["voice", "words", "call", "end", "garbled"]))
    def add_late(self, data, kind):
        self.decide(data)
        self.service.add_late(data.draw(st.sampled_from(list(self.service.ended))), kind)
        self.move(data)

    @precondition(lambda self: self.service.ongoing is None)
    @rule(data=DATA, how=st.sampled_from(["not", "not", "told", "hidden"]))
    def begin_unasked(self, data, how):
        if how == "hidden":
            self.service.ongoing = HIDDEN
        elif how == "told":
            self.service.begin()
        self.move(data)

    @precondition(lambda self: self.service.transcripts)
    @rule(data=DATA)
    def transcribe(self, data):
        self.decide(data)
        self.service.transcribe(data.draw(st.sampled_from(list(self.service.transcripts))))
        self.move(data)

    # --- what arrives ---

    @rule(data=DATA)
    def move(self, data):
        """Let some of what is on its way arrive. Every step does this, as a run without it would come to nothing."""
        self.decide(data)
        for _ in range(min(data.draw(st.sampled_from([1, 0, 9])), len(self.service.inbox))):
            self.service.read()
        for _ in range(min(data.draw(st.sampled_from([1, 0, 3, 9])), len(self.service.outbox))):
            self.receive(self.service.outbox.popleft())

    @precondition(lambda self: self.recent)
    @rule(data=DATA)
    def repeat(self, data):
        told = data.draw(st.sampled_from(list(self.recent)))
        assert self.protocol.receive(told.raw) == [], "a repeated message counted twice"
        self.send()

    def receive(self, told):
        answer = told.answer
        if told.kind == "response.created":
            answer.taken_for, self.pending = self.pending, ""
            if not answer.taken_for:
                self.in_flight.add(answer.id)
        if told.ends:
            self.in_flight.discard(answer.taken_for or answer.id)
        if told.refuses and not (told.busy and told.refuses != self.pending):
            self.in_flight.discard(told.refuses)
        if told.refuses == self.pending:
            self.pending = ""
        response = self.creates.get(answer.taken_for) if answer is not None else None
        if response is not None and (response in self.unwanted or self.ends[response]):
            response = None
        self.any_voice = self.any_voice or bool(told.pcm)
        signals = self.protocol.receive(told.raw)
        if json.loads(told.raw)["event_id"]:
            self.recent.append(told)
        for signal in signals:
            match signal:
                case Said() | SaidAll() | Voiced() | VoicedAll() | Called():
                    assert response is not None
                    assert signal.response is response, "reported of the wrong response"
                case Ended(ended) if ended in self.requested:
                    assert answer is None or self.creates.get(answer.taken_for) is ended, "the wrong response ended"
                    self.ends[ended] += 1
                case Heard(item, text, final):
                    assert item is self.inputs[self.service.committed[told.user_item]]
                    assert text in told.raw
                    self.heard[item] += final
            self.note(signal, answer)
        if response is not None:
            self.told_pcm[response] = self.told_pcm.get(response, b"") + told.pcm
            assert "".join(signal.text for signal in signals if isinstance(signal, Said)) == told.words
        self.send()

    def note(self, signal, answer):
        if isinstance(signal, Voiced):
            assert len(signal.pcm) % 2 == 0
            self.voiced[signal.response] = self.voiced.get(signal.response, b"") + signal.pcm
        elif isinstance(signal, Called):
            assert signal.call.arguments == answer.calls[signal.call.call_id]["arguments"]
            self.calls[signal.response, signal.call.call_id] += 1
        elif isinstance(signal, Ended) and signal.response.status == "completed" and not signal.response.discarded:
            assert {call_id for response, call_id in self.calls if response is signal.response} == set(answer.calls)

    # --- what always holds ---

    def settle(self):
        """Let the service answer everything, and everything arrive."""
        service = self.service
        service.choose = lambda *options: options[0]
        while service.inbox or service.outbox or service.ongoing is not None:
            while service.inbox:
                service.read()
            if isinstance(service.ongoing, Answer):
                service.end(service.ongoing, "completed")
            elif not service.outbox:
                service.ongoing = None
            while service.outbox:
                self.receive(service.outbox.popleft())
        assert not self.in_flight
        for response in self.requested:
            if response in self.withdrawn:
                assert self.ends[response] == 0
            elif response.state is State.WAITING:
                assert self.protocol.config is None, "a response waits for nothing"
            else:
                assert self.ends[response] == 1, "a response has not ended"
        for answer in service.ended:
            if self.creates.get(answer.taken_for) in self.taken_back and not answer.broken:
                assert service.history.isdisjoint(answer.items), "what nobody heard is still in the history"

    @invariant()
    def reports_are_true(self):
        assert all(number == 1 for number in self.ends.values())
        assert all(number == 1 for number in self.calls.values())
        assert all(number <= 1 for number in self.heard.values())
        assert all(self.voiced.get(key, b"") == pcm[: len(pcm) // 2 * 2] for key, pcm in self.told_pcm.items())
        assert self.protocol.has_spoken == self.any_voice
        assert not self.service.unknown_items, "an item was taken out that is not there"

    def teardown(self):
        self.settle()


test_connection_under_any_order_of_messages_keeps_its_promises = Wire.TestCase
Wire.TestCase.settings = settings(
    max_examples=400,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    database=None,
    suppress_health_check=list(HealthCheck),
)
