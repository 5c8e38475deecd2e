"""What one connection's service has been told and has answered, as a state machine without I/O or clock.

Messages of the service go into `receive`, which returns what they mean for a turn; whatever there is to be sent
afterwards waits in `data_to_send`. After every call of any other method, fetch `data_to_send` too.

Rules held here: one response at a time, the next one waits for the end of the last; what arrives of a discarded or
ended response is dropped by its id; a function call is reported once; a malformed event ends the response it
belongs to and nothing else (design.md 5.2, 5.4, 5.5).
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import count

from . import events
from .audio import whole_samples
from .errors import (
    InputError,
    ModerationError,
    NoResponseError,
    NoSpeechError,
    QuotaError,
    RateLimitError,
    ResponseOngoingError,
    ServiceError,
    StepAudioError,
    VoiceError,
)
from .signals import (
    Call,
    Called,
    ConfigRefused,
    Configured,
    Ended,
    Heard,
    Input,
    InputRefused,
    Response,
    Said,
    SaidAll,
    Signal,
    State,
    Strayed,
    Voiced,
    VoicedAll,
)

# The service repeats nothing by itself; this many of its last event ids are enough to drop a repeated message.
_REMEMBERED_EVENTS = 64
# Ended responses are kept so that their late deltas are known; a session has one response at a time.
_REMEMBERED_RESPONSES = 32
# Our event ids are this and a number, so that an error that names another one is known.
_ID_LETTER = "c"
# A response refused because another one is going on is asked for again, this many times.
_BUSY_ATTEMPTS = 3


def _is_serious(error: StepAudioError) -> bool:
    return isinstance(error, ServiceError | ModerationError | RateLimitError | QuotaError)


def _is_ours(event_id: str) -> bool:
    return event_id[:1] == _ID_LETTER and event_id[1:].isdecimal()


class Protocol:
    """The state of one connection. Single use; not safe for more than one task."""

    def __init__(self, unknown_events: Counter[str] | None = None) -> None:
        """Start before the first event of the service; `unknown_events` goes on counting."""
        self.session_id = ""
        self.config: events.SessionConfig | None = None
        """The configuration in force, as the service has confirmed it."""
        self.voice = ""
        """The voice that the service says it uses; another than the configured one is its silent way to refuse one."""
        self.has_spoken = False
        """Whether any voice came: from then on the voice is fixed (sheet 1.5)."""
        self.unknown_events = Counter[str]() if unknown_events is None else unknown_events
        """Types that nobody has described yet, and how often they came."""
        self.stray_errors = 0
        """Errors that belong to nothing that is known."""
        self._ids = count(1)
        self._out: list[bytes] = []
        self._seen: deque[str] = deque(maxlen=_REMEMBERED_EVENTS)
        self._updates: dict[str, events.SessionConfig] = {}
        self._inputs: list[Input] = []
        self._items: set[str] = set()
        self._cancels: set[str] = set()
        self._slot: Response | None = None
        self._queue: deque[Response] = deque()
        self._responses: dict[str, Response] = {}
        self._signals: list[Signal] = []

    # --- what we say ---

    def data_to_send(self) -> list[bytes]:
        """Return the messages that are due, in order, and forget them."""
        out, self._out = self._out, []
        return out

    @property
    def ready(self) -> bool:
        """Whether a configuration is in force and none is on its way."""
        return self.config is not None and not self._updates

    @property
    def pending_config(self) -> events.SessionConfig | None:
        """The newest configuration that the service has not confirmed yet."""
        return next(reversed(self._updates.values()), None)

    def configure(self, config: events.SessionConfig) -> None:
        """Ask for a configuration; `Configured` or `ConfigRefused` follows. Responses wait for it."""
        event_id = self._next_id()
        self._updates[event_id] = config
        self._out.append(events.session_update(event_id, config))

    def append(self, pcm: bytes) -> None:
        """Send audio of the user: PCM, 24 kHz."""
        self._out.append(events.append_audio(pcm))

    def commit(self) -> Input:
        """End the user's audio: it becomes an item."""
        item = Input(self._next_id())
        self._inputs = [*self._inputs[-3:], item]
        self._out.append(events.simple(item.commit_id, "input_audio_buffer.commit"))
        return item

    def take_out(self, item: Input) -> None:
        """Take the user's audio out of the history again, now or when the service has made an item of it."""
        if not item.unwanted:
            item.unwanted = True
            if item.item_id:
                self.delete_item(item.item_id)

    def clear_input(self) -> None:
        """Drop audio that was sent and not committed."""
        self._out.append(events.simple(self._next_id(), "input_audio_buffer.clear"))

    def add_message(self, role: str, text: str) -> None:
        """Add a message of the `user` or the `assistant` to the history."""
        self._out.append(events.create_message(self._item_id(), role, text))

    def add_call_output(self, call_id: str, output: str) -> None:
        """Add the result of a function call."""
        self._out.append(events.create_call_output(self._item_id(), call_id, output))

    def delete_item(self, item_id: str) -> None:
        """Take an item out of the history."""
        self._out.append(events.delete_item(self._item_id(), item_id))

    def request(self, *, with_voice: bool) -> Response:
        """Ask for a response, now or when the last one has ended. `Ended` follows in any case."""
        response = Response(with_voice)
        self._queue.append(response)
        self._advance()
        return response

    def cancel(self, response: Response, *, heard_ms: int = 0) -> None:
        """Discard a response; once it has ended, what nobody heard of it is taken out of the history.

        `heard_ms` is how much of its voice was heard; 0 takes all of it out.
        """
        if response.discarded:
            return
        response.heard_ms = heard_ms
        response.discarded = True
        if response.state is State.ENDED:
            self._take_back(response)
        elif response.state is State.WAITING:
            self._queue.remove(response)
            response.status = "cancelled"
            response.state = State.ENDED
        elif response.state is State.ACTIVE:
            self._send_cancel()

    def end(self) -> None:
        """Tell that the connection is gone: nothing more comes of any response."""
        for response in (*self._responses.values(), *self._queue, *filter(None, (self._slot,))):
            response.state = State.ENDED

    def _next_id(self) -> str:
        return f"{_ID_LETTER}{next(self._ids)}"

    def _item_id(self) -> str:
        event_id = self._next_id()
        self._items.add(event_id)
        return event_id

    def _send_cancel(self) -> None:
        event_id = self._next_id()
        self._cancels.add(event_id)
        self._out.append(events.simple(event_id, "response.cancel"))

    def _advance(self) -> None:
        """Send the next request if nothing stands in its way."""
        if self._slot is not None or not self._queue or not self.ready:
            return
        response = self._slot = self._queue.popleft()
        response.state = State.REQUESTED
        response.create_id = self._next_id()
        self._out.append(events.create_response(response.create_id, with_voice=response.with_voice))

    # --- what the service says ---

    def receive(self, raw: str | bytes) -> list[Signal]:
        """Take one message of the service and return what it means, in order. Never raises."""
        try:
            event_id, event = events.parse(raw)
        except events.MalformedError as error:
            if self._is_new(error.event_id):
                self._on_malformed(error)
        else:
            if self._is_new(event_id):
                self._handle(event)
        signals, self._signals = self._signals, []
        return signals

    def _is_new(self, event_id: str) -> bool:
        if event_id and event_id in self._seen:
            return False
        self._seen.append(event_id)
        return True

    def _handle(self, event: events.Event) -> None:
        match event:
            case events.VoiceDelta():
                self._on_voice_delta(event)
            case events.WordsDelta():
                self._on_words_delta(event)
            case events.SessionCreated():
                self._on_session_created(event)
            case events.SessionUpdated():
                self._on_session_updated(event)
            case events.InputCommitted():
                self._on_input_committed(event)
            case events.TranscriptDelta():
                self._on_transcript_delta(event)
            case events.TranscriptDone():
                self._on_transcript_done(event)
            case events.TranscriptFailed():
                self._on_transcript_failed(event)
            case events.ResponseCreated():
                self._on_response_created(event)
            case events.ResponseItem():
                self._on_response_item(event)
            case events.WordsDone():
                self._on_words_done(event)
            case events.CallNamed():
                self._on_call_named(event)
            case events.ResponseDone():
                self._on_response_done(event)
            case events.Failed():
                self._on_failed(event)
            case events.Unknown(kind):
                self.unknown_events[kind[:80]] += 1
            case events.VoiceDone(response_id):
                if (response := self._live(response_id)) is not None:
                    self._signals.append(VoicedAll(response))
            case events.ItemCreated() | events.ItemDeleted() | events.ItemTruncated():
                pass  # answers to our items come in order, and nothing waits for them
            case events.Noted():
                pass

    def _on_malformed(self, error: events.MalformedError) -> None:
        slot = self._slot
        if slot is not None and slot.state is State.ACTIVE and error.response_id in ("", slot.id):
            self._give_up(slot, error)
        else:
            self.stray_errors += 1

    def _give_up(self, response: Response, error: StepAudioError) -> None:
        """End a response for those who wait for it; the slot stays taken until the service has ended it too."""
        if not response.discarded:
            response.error, response.status = error, "failed"
            self._signals.append(Ended(response))
            self.cancel(response)

    def _end(self, response: Response, status: str, error: StepAudioError | None = None) -> None:
        if response.state is State.ENDED:
            return
        reported = response.discarded and bool(response.status)
        response.state = State.ENDED
        response.status = response.status or status
        response.error = response.error or error
        if self._slot is response:
            self._slot = None
        if response.discarded:
            self._take_back(response)
        if not reported:
            self._signals.append(Ended(response))
        self._advance()

    def _take_back(self, response: Response) -> None:
        if response.heard_ms:
            for item_id in response.item_ids[:1]:
                self._out.append(events.truncate_item(self._item_id(), item_id, response.heard_ms))
            return
        for item_id in response.item_ids:
            self.delete_item(item_id)

    def _find(self, response_id: str, item_id: str = "") -> Response | None:
        """Return the response that an event belongs to; the documents leave its id out at times (sheet 1.10)."""
        if response_id:
            response = self._responses.get(response_id)
            if response is None and self._slot is not None and not self._slot.id:
                response = self._bind(self._slot, response_id)
            return response
        if item_id:
            for response in self._responses.values():
                if item_id in response.item_ids:
                    return response
        return self._slot

    def _bind(self, response: Response, response_id: str) -> Response:
        response.id = response_id
        self._responses[response_id] = response
        while len(self._responses) > _REMEMBERED_RESPONSES:
            del self._responses[next(iter(self._responses))]
        if response.state is State.REQUESTED:
            response.state = State.ACTIVE
            if response.discarded:
                self._send_cancel()
        return response

    def _live(self, response_id: str, item_id: str = "") -> Response | None:
        """Return the response if somebody still wants what arrives of it."""
        response = self._find(response_id, item_id)
        if response is None or response.discarded or response.state is not State.ACTIVE:
            return None
        if item_id and item_id not in response.item_ids:
            response.item_ids.append(item_id)
        return response

    def _on_session_created(self, event: events.SessionCreated) -> None:
        self.session_id = event.session_id

    def _on_session_updated(self, event: events.SessionUpdated) -> None:
        if not self._updates:
            return
        config = self._updates.pop(next(iter(self._updates)))
        self.config = config
        self.voice = event.voice or config.voice
        self._signals.append(Configured(config))
        self._advance()

    def _on_input_committed(self, event: events.InputCommitted) -> None:
        for item in self._inputs:
            if not item.item_id:
                item.item_id = event.item_id
                if item.unwanted:
                    self.delete_item(item.item_id)
                return

    def _input(self, item_id: str) -> Input | None:
        for item in self._inputs:
            if item_id and item.item_id == item_id:
                return item
        unheard = [item for item in self._inputs if not item.heard and not (item_id and item.item_id)]
        return unheard[0] if len(unheard) == 1 else None

    def _on_transcript_delta(self, event: events.TranscriptDelta) -> None:
        item = self._input(event.item_id)
        if item is None or item.heard:
            return
        # Cumulative on one model, perhaps incremental on another (sheet 7.11).
        text = event.text if event.text.startswith(item.text) else item.text + event.text
        if text != item.text:
            item.text = text
            self._signals.append(Heard(item, text, final=False))

    def _on_transcript_done(self, event: events.TranscriptDone) -> None:
        item = self._input(event.item_id)
        if item is not None and not item.heard:
            item.text, item.heard = event.text, True
            self._signals.append(Heard(item, event.text, final=True))

    def _on_transcript_failed(self, event: events.TranscriptFailed) -> None:
        item = self._input(event.item_id)
        if item is not None and not item.heard:
            item.heard = True
            self._signals.append(InputRefused(item, event.error))

    def _on_response_created(self, event: events.ResponseCreated) -> None:
        if event.response_id in self._responses:
            return
        if self._slot is None:
            # The service answers by itself although nobody asked: let it end, and let nobody hear it.
            self._slot = Response(with_voice=False, state=State.REQUESTED, discarded=True)
        if not self._slot.id:
            self._bind(self._slot, event.response_id)

    def _on_response_item(self, event: events.ResponseItem) -> None:
        response = self._find(event.response_id, event.item_id)
        # Also for a discarded one: its items have to be known to be deleted.
        if response is not None and event.item_id and event.item_id not in response.item_ids:
            response.item_ids.append(event.item_id)

    def _on_words_delta(self, event: events.WordsDelta) -> None:
        response = self._live(event.response_id, event.item_id)
        if response is not None and event.text:
            response.part += event.text
            self._signals.append(Said(response, event.text))

    def _on_words_done(self, event: events.WordsDone) -> None:
        response = self._live(event.response_id, event.item_id)
        if response is None:
            return
        said, response.part = response.part, ""
        # The whole text comes last; what the deltas have not told is said now.
        if len(event.text) > len(said) and event.text.startswith(said):
            self._signals.append(Said(response, event.text[len(said) :]))
        self._signals.append(SaidAll(response))

    def _on_voice_delta(self, event: events.VoiceDelta) -> None:
        self.has_spoken = self.has_spoken or bool(event.pcm)
        response = self._live(event.response_id, event.item_id)
        if response is None:
            return
        pcm, response.odd = whole_samples(response.odd + event.pcm)
        if pcm:
            self._signals.append(Voiced(response, pcm))

    def _on_call_named(self, event: events.CallNamed) -> None:
        response = self._live(event.response_id)
        if response is not None:
            self._take_call(response, event)

    def _take_call(self, response: Response, event: events.CallNamed) -> None:
        name = event.name or response.names.get(event.call_id, "")
        response.names[event.call_id] = name
        if response.calls.get(event.call_id) is not None or event.arguments is None or not name:
            response.calls.setdefault(event.call_id, None)
            return
        call = Call(event.call_id, name, event.arguments)
        response.calls[event.call_id] = call
        self._signals.append(Called(response, call))

    def _on_response_done(self, event: events.ResponseDone) -> None:
        slot = self._slot
        if slot is not None and slot.state is State.REQUESTED and event.response_id not in self._responses:
            return  # what has not begun cannot end: it is of one before, perhaps for the second time
        response = self._find(event.response_id)
        if response is None:
            return
        if response.state is State.ENDED:
            if slot is not None and slot.state is State.ACTIVE and not slot.id:
                self._end(slot, "cancelled")  # what the service was still busy with is one that had been given up
            return
        if not response.discarded and event.status in ("completed", ""):
            for call in event.calls:
                self._take_call(response, call)
            for call_id, known in list(response.calls.items()):
                if known is None:  # announced, and its arguments never came: it takes none
                    self._take_call(response, events.CallNamed(response.id, call_id, "", "{}"))
        response.usage = event.usage
        status = event.status or "completed"
        error = event.error
        if status == "failed" and error is None:
            error = ServiceError()
        self._end(response, status, error)

    def _on_failed(self, event: events.Failed) -> None:
        error, slot = event.error, self._slot
        event_id = event.event_id if _is_ours(event.event_id) else ""
        if event_id in self._updates:
            self._refuse_config(event_id, error)
        elif event_id in self._cancels or isinstance(error, NoResponseError):
            self._cancels.discard(event_id)
            # One that has not begun was not cancelled yet: this is about the response before.
            if slot is not None and slot.discarded and slot.state is State.ACTIVE:
                self._end(slot, "cancelled")
        elif event_id in self._items:
            self._items.discard(event_id)
            self.stray_errors += 1
        elif (refused := self._refused_input(event_id, error)) is not None:
            self._inputs.remove(refused)  # it becomes no item, if it has not become one
            refused.heard = True
            self._signals.append(InputRefused(refused, error))
        elif isinstance(error, InputError) and not event_id:
            self.stray_errors += 1  # of audio that is not committed yet: what is missing then, the commit will tell
        elif slot is not None and slot.state is State.ACTIVE and isinstance(error, ResponseOngoingError):
            self.stray_errors += 1  # what goes on is what was asked for
        elif slot is not None and event_id in ("", slot.create_id) and self._ends(slot, error, event_id):
            self._refuse_response(slot, error)
        elif self._updates and not event_id:
            self._refuse_config(next(iter(self._updates)), error)
        else:
            self.stray_errors += 1
            if _is_serious(error):
                self._signals.append(Strayed(error))

    def _ends(self, slot: Response, error: StepAudioError, event_id: str) -> bool:
        """Whether an error ends the response in the slot."""
        if self._updates and isinstance(error, VoiceError):
            return False
        return bool(event_id) or slot.state is State.REQUESTED or _is_serious(error)

    def _refused_input(self, event_id: str, error: StepAudioError) -> Input | None:
        """Return the input that an error is about; where no id tells, its words do (sheet 1.11)."""
        if event_id:
            return next((item for item in self._inputs if item.commit_id == event_id), None)
        if isinstance(error, InputError):
            return next((item for item in self._inputs if not item.item_id), None)
        if isinstance(error, NoSpeechError) and self._slot is None and self._inputs:
            # A request that is open has found no speech (sheet 7.7); without one it was the commit.
            last = self._inputs[-1]
            return last if not last.heard and not last.unwanted else None
        return None

    def _refuse_config(self, event_id: str, error: StepAudioError) -> None:
        self._signals.append(ConfigRefused(self._updates.pop(event_id), error))
        self._advance()

    def _refuse_response(self, response: Response, error: StepAudioError) -> None:
        response.refusals += 1
        if isinstance(error, ResponseOngoingError) and response.refusals < _BUSY_ATTEMPTS and not response.discarded:
            # Something that we did not ask for is going on: end it, then ask again.
            response.state = State.WAITING
            self._queue.appendleft(response)
            self._slot = Response(with_voice=False, state=State.ACTIVE, discarded=True)
            self._send_cancel()
            return
        self._end(response, "failed", error)
