"""The conversation with the model, across connections: configure, replay, one turn at a time.

The session knows what the service should have been told (configuration, history, the turn under way); `_Wire`
knows what the present connection has been told. `_pump` sends the difference, in order. A new connection starts
with an empty `_Wire`, so the same few lines serve the first connection, a lost one and a recycled one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol as Interface

from .audio import SERVICE_HZ, Resampler, size_bytes
from .connection import Connection, Timeouts
from .errors import ClosedError, NoSpeechError, ServiceError, ServiceTimeoutError, StepAudioError
from .events import SessionConfig
from .history import History, Message, Role
from .pacing import Backoff
from .protocol import (
    Called,
    ConfigRefused,
    Configured,
    Ended,
    Heard,
    Input,
    InputRefused,
    Protocol,
    Response,
    Said,
    SaidAll,
    Signal,
    State,
    Strayed,
    Voiced,
    VoicedAll,
)
from .turn import Answer, CallResult, Turn

# The service takes up to 15 MB at once; 60 ms is small enough for a live stream and spares a wake-up for each of
# the 10 ms chunks that Home Assistant hands over (sheet 1.4).
_APPEND_MS = 60
# What has piled up before the connection was ready leaves in pieces of this length.
_BACKLOG_MS = 1000
# How often an answer is asked for when the service fails at it.
_ATTEMPTS = 3


class Dial(Interface):
    """Gives sessions their connections, within the limits of the account."""

    async def open(self, session: Session) -> Connection:
        """Open a connection when there is room for one."""

    def hang_up(self, session: Session) -> None:
        """Take back the room of a connection that is closed."""


@dataclass(slots=True)
class _Wire:
    """What one connection has been told of the session's state."""

    connection: Connection
    protocol: Protocol = field(default_factory=Protocol)
    history: int = 0
    turn: Turn | None = None
    resampler: Resampler | None = None
    audio_bytes: int = 0
    committed: Input | None = None
    input_told: bool = False
    results: int = 0
    response: Response | None = None
    answer: Answer | None = None


class Session:
    """One conversation with the model. Made by `StepAudioClient.session`.

    Its methods do not wait; a task of its own, `run`, connects when there is something to do.
    """

    def __init__(self, dial: Dial, timeouts: Timeouts, *, turns_kept: int = 0) -> None:
        """Prepare a session; `turns_kept` limits what a new connection is told of the past, 0 tells all."""
        self.turns_kept = turns_kept
        self.keep_warm = False
        """Whether to stay connected while there is nothing to do."""
        self.config: SessionConfig | None = None
        """What the model is to be configured with."""
        self._dial = dial
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._history = History()
        self._prepared: SessionConfig | None = None
        self._turn: Turn | None = None
        self._last: tuple[Turn, Response | None] | None = None
        self._wire: _Wire | None = None
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._error: StepAudioError | None = None
        self._backoff = Backoff()
        self._nudge = asyncio.Event()
        self._losses = 0
        self._lost_at = 0.0
        self._heard_at = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._transcript_due: asyncio.TimerHandle | None = None
        self._recycle_due: asyncio.TimerHandle | None = None
        self.used_at = self._loop.time()
        """When anybody last wanted something, in monotonic seconds."""

    # --- for the entities ---

    @property
    def turn(self) -> Turn | None:
        """The turn under way, if there is one."""
        return self._turn

    @property
    def history(self) -> Sequence[Message]:
        """What was said in this conversation, as far as it is known here."""
        return self._history.messages

    @property
    def connected(self) -> bool:
        """Whether a connection is open."""
        return self._wire is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost if the connection goes."""
        return self._turn is None

    def prepare(self, config: SessionConfig, history: Sequence[Message] = (), *, early: bool = True) -> None:
        """Configure the session while the user speaks; with `early` the answer starts when the user has finished.

        `history` is what was said before this turn; what the service does not know yet is told first.
        """
        self._tell_history(history)
        self.config = config
        self._prepared = config if early else None
        self._want()

    def listen(self, input_hz: int, default: SessionConfig) -> Turn:
        """Start a spoken turn: feed it PCM at `input_hz`. A turn still under way, or still heard, is interrupted.

        `default` configures a session that nobody has prepared, so that the user is heard at least.
        """
        self.config = self.config or default
        return self._begin(Turn(self._pump, self._loop.time, input_hz=input_hz))

    def say(self, text: str, config: SessionConfig, history: Sequence[Message] = ()) -> Turn:
        """Start a typed turn. A turn still under way, or still heard, is interrupted."""
        turn = Turn(self._pump, self._loop.time, text=text, input_ended=True, transcript=text)
        turn.partials.end()
        turn.times.ended = self._loop.time()
        self._leave()
        self._tell_history(history)
        self.config = config
        self._prepared = None
        return self._begin(turn)

    async def connect(self, config: SessionConfig) -> None:
        """Open and configure a connection, and raise what prevents it. Cancelling is safe."""
        self.config = config
        self._settled.clear()
        self._error = None
        self._want()
        await self._settled.wait()
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        """Give the connection up; the next turn opens another and tells it everything."""
        self._wanted.clear()
        self._end_wire(_DroppedError())

    # --- turns ---

    def _want(self) -> None:
        self.used_at = self._loop.time()
        self._wanted.set()
        self._nudge.set()
        self._pump()

    def _begin(self, turn: Turn) -> Turn:
        self._leave()
        self._interrupt_last()
        self._turn = turn
        self._want()
        return turn

    def _leave(self) -> None:
        """Take leave of the turn under way: what nobody heard is taken back, what was said is remembered."""
        turn, wire = self._turn, self._wire
        self._turn = None
        self._losses = 0
        self._stop(self._transcript_due)
        if turn is None:
            return
        if wire is not None and wire.turn is turn:
            response = wire.response
            if turn.text is None and wire.audio_bytes and wire.committed is None:
                wire.protocol.clear_input()
            if wire.input_told:
                self._history.add(_said(turn))
                wire.history = len(self._history.messages)
            if response is not None and response.state is not State.ENDED:
                heard_ms = int(turn.heard_ms()) if turn.claimed else 0
                wire.protocol.cancel(response, heard_ms=heard_ms)
                turn.voice.take_back(0)
                if heard_ms and turn.answers:
                    self._history.add([Message(Role.ASSISTANT, _heard_words(turn, heard_ms), heard=True)])
                    wire.history = len(self._history.messages)
            elif turn.claimed:
                self._last = turn, response
            wire.turn = wire.response = wire.answer = None
            self._flush(wire)
        if not turn.closed:
            if turn.claimed:
                turn.close()
            else:
                turn.fail(ClosedError())
        turn.audio.clear()

    def _interrupt_last(self) -> None:
        """Tell the model how much of its last answer was heard, if the user speaks over it."""
        last, self._last = self._last, None
        if last is None or not last[0].is_playing():
            return
        turn, response = last
        heard_ms = int(turn.heard_ms())
        turn.voice.take_back(0)
        self._history.cut_last_answer(_heard_words(turn, heard_ms))
        if self._wire is not None and response is not None and turn.answers[-1].origin is self._wire.protocol:
            self._wire.protocol.cancel(response, heard_ms=max(heard_ms, 1))
            self._flush(self._wire)

    def _tell_history(self, logged: Sequence[Message]) -> None:
        """Take over what Home Assistant remembers; a connection that was told otherwise is given up."""
        if not self._history.take_over(logged):
            self._end_wire(_RenewedError())

    def _end_wire(self, error: StepAudioError) -> None:
        if self._wire is not None:
            wire, self._wire = self._wire, None
            wire.connection.fail(error)

    # --- the connection ---

    async def run(self) -> None:
        """Connect whenever there is something to do, until cancelled."""
        try:
            while True:
                await self._wanted.wait()
                try:
                    connection = await self._dial.open(self)
                    try:
                        await self._live(connection)
                    finally:
                        self._wire = None
                        self._dial.hang_up(self)
                except _RenewedError:
                    continue
                except _DroppedError:
                    continue
                except StepAudioError as error:
                    await self._after(error)
        finally:
            self._give_up(ClosedError())

    async def _live(self, connection: Connection) -> None:
        """One connection from its opening to its end."""
        self._wire = _Wire(connection, history=self._history.start_of_last(self.turns_kept))
        self._heard_at = self._loop.time()
        self._recycle_due = self._loop.call_later(self._timeouts.recycle_s, self._recycle)
        try:
            self._pump()
            await connection.serve(self._receive)
        finally:
            for timer in (self._recycle_due, self._due, self._transcript_due):
                self._stop(timer)
            self._due = None

    async def _after(self, error: StepAudioError) -> None:
        """Decide what follows a lost connection: another one for those who wait, or the end of their waiting."""
        now = self._loop.time()
        self._lost_at = now if self._losses == 0 else self._lost_at
        self._losses += 1
        in_time = now - self._lost_at < self._timeouts.patience_s and self._losses <= self._timeouts.attempts
        waiting = self._turn is not None and in_time
        if error.retryable and (waiting or (self.keep_warm and self._turn is None)):
            if self._turn is not None:
                _hold(self._turn, error)
            self._nudge.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next_s(random.random())):
                    await self._nudge.wait()
        else:
            self._give_up(error)

    def _give_up(self, error: StepAudioError) -> None:
        """End everything that waits, with the reason."""
        self._wire = None
        self._wanted.clear()
        self._error = error
        self._settled.set()
        self._losses = 0
        for timer in (self._due, self._transcript_due, self._recycle_due):
            self._stop(timer)
        if self._turn is not None:
            turn, self._turn = self._turn, None
            turn.fail(error)
            turn.audio.clear()
        if self._last is not None and isinstance(error, ClosedError):
            self._last[0].voice.take_back(0)

    def _recycle(self) -> None:
        """Begin a new connection before the service ends this one; a turn under way goes first (sheet 1.13)."""
        if self._turn is None:
            if self.keep_warm:
                self._end_wire(_RenewedError())
            else:
                self.drop()
        else:
            self._recycle_due = self._loop.call_later(1.0, self._recycle)

    # --- what the service says ---

    def _receive(self, raw: str | bytes) -> None:
        wire = self._wire
        if wire is None:
            return
        self._heard_at = self._loop.time()
        for signal in wire.protocol.receive(raw):
            self._take(wire, signal)
        self._pump()

    def _take(self, wire: _Wire, signal: Signal) -> None:
        match signal:
            case Voiced() | Said() | Called() | SaidAll() | VoicedAll() | Ended():
                if signal.response is wire.response and wire.answer is not None and wire.turn is not None:
                    self._take_answer(wire, wire.turn, wire.answer, signal)
            case Heard(item, text, final):
                self._hear(wire, item, text, final=final)
            case InputRefused(item, error):
                if item is wire.committed and wire.turn is not None:
                    self._refuse(wire, wire.turn, error)
            case Strayed(error):
                if wire.turn is not None and not wire.input_told:
                    self._refuse(wire, wire.turn, error)  # what was heard may be lost: it is kept here
            case Configured():
                self._error = None
                self._backoff.reset()
                self._settled.set()
            case ConfigRefused(config, error):
                if error.retryable:
                    wire.connection.fail(error)
                elif config == self.config:
                    self._error = error
                    self._settled.set()
                    self.config = None
                    if self._turn is not None:
                        self._turn.fail(error)

    @staticmethod
    def _refuse(wire: _Wire, turn: Turn, error: StepAudioError) -> None:
        """End a turn that the service does not want, or try it on another connection."""
        if error.retryable:
            wire.connection.fail(error)
        else:
            turn.fail(error)

    def _take_answer(
        self, wire: _Wire, turn: Turn, answer: Answer, signal: Voiced | Said | Called | SaidAll | VoicedAll | Ended
    ) -> None:
        match signal:
            case Voiced(_, pcm):
                if turn.times.first_voice is None:
                    turn.times.first_voice = self._heard_at
                answer.voice_bytes += len(pcm)
                turn.voice.push(pcm)
            case Said(_, text):
                if turn.times.first_word is None:
                    turn.times.first_word = self._heard_at
                answer.words_complete = False
                answer.parts.push(text)
            case Called(_, call):
                answer.parts.push(call)
            case SaidAll():
                answer.words_complete = True
            case VoicedAll():
                answer.voice_complete = True
            case Ended(response):
                self._end_answer(wire, turn, answer, response)

    def _end_answer(self, wire: _Wire, turn: Turn, answer: Answer, response: Response) -> None:
        error = response.error
        if response.status == "completed" and not answer.parts.items:
            error = ServiceError()  # nothing said and nothing called: nobody would hear anything
        answer.usage = response.usage
        if isinstance(error, NoSpeechError):
            turn.fail(error)  # and no words will follow
        elif error is not None and error.retryable and answer.attempts + 1 < _ATTEMPTS:
            answer.attempts += 1
            _restart(turn, answer)
            wire.answer = None  # so that it is asked for again
        else:
            answer.end("failed" if error is not None else response.status, error)
            if turn.transcript is None and turn.text is None:
                # The words may still come after the answer (sheet 1.10), but not for ever.
                self._stop(self._transcript_due)
                self._transcript_due = self._loop.call_later(self._timeouts.late_transcript_s, turn.partials.end)

    def _hear(self, wire: _Wire, item: Input, text: str, *, final: bool) -> None:
        turn = wire.turn
        if turn is None or item is not wire.committed or turn.transcript is not None:
            return
        if final:
            turn.transcript = text
            turn.times.transcript = self._heard_at
            turn.partials.end()
            self._stop(self._transcript_due)
        else:
            turn.partials.push(text)

    # --- what the service is told ---

    def _pump(self) -> None:
        """Send what the service has not been told yet, as far as its answers allow."""
        if self._turn is not None and (self._turn.closed or self._turn.error is not None):
            self._leave()
        wire = self._wire
        if wire is None:
            return
        protocol = wire.protocol
        told = protocol.pending_config or protocol.config
        if self.config is not None and told != self.config:
            if protocol.has_spoken and told is not None and told.voice != self.config.voice:
                self._end_wire(_RenewedError())  # a voice that has spoken stays (sheet 1.5)
                return
            protocol.configure(self.config)
        if protocol.config is not None:
            for message in self._history.messages[wire.history :]:
                protocol.add_message(message.wire_role, message.wire_text)
            wire.history = len(self._history.messages)
            if self._turn is not None:
                self._pump_turn(wire, self._turn)
        self._flush(wire)
        self._watch()

    def _pump_turn(self, wire: _Wire, turn: Turn) -> None:
        if wire.turn is not turn:
            wire.turn = turn
            wire.resampler = None if turn.text is not None else Resampler(turn.input_hz, SERVICE_HZ)
            wire.audio_bytes = wire.results = 0
            wire.committed, wire.input_told = None, False
            wire.response = wire.answer = None
        if not wire.input_told:
            self._pump_input(wire, turn)
        if not wire.input_told:
            return
        if self._prepared is not None and not turn.answers:
            prepared, self._prepared = self._prepared, None
            turn.ask(prepared)
            return  # asking pumps again
        answer = turn.answers[-1] if turn.answers else None
        if answer is not wire.answer:
            self._ask(wire, turn, answer)

    def _pump_input(self, wire: _Wire, turn: Turn) -> None:
        if turn.text is not None:
            wire.protocol.add_message("user", turn.text)
            wire.input_told = True
        elif wire.resampler is not None:
            self._pump_audio(wire, wire.resampler, turn)
        if wire.input_told:
            # Rounds that another connection gave are told as text: their calls are unknown here (sheet 1.9).
            for message in _said(turn)[1:]:
                wire.protocol.add_message(message.wire_role, message.wire_text)
            wire.results = len(turn.results)

    @staticmethod
    def _pump_audio(wire: _Wire, resampler: Resampler, turn: Turn) -> None:
        step, backlog = size_bytes(_APPEND_MS, turn.input_hz), size_bytes(_BACKLOG_MS, turn.input_hz)
        while (waiting := len(turn.audio) - wire.audio_bytes) >= step or (turn.input_ended and waiting):
            size = waiting if turn.input_ended and waiting < backlog else min(waiting - waiting % step, backlog)
            piece = bytes(memoryview(turn.audio)[wire.audio_bytes : wire.audio_bytes + size])
            wire.audio_bytes += size
            if pcm := resampler.push(piece):
                wire.protocol.append(pcm)
        if turn.input_ended and not turn.audio:
            turn.fail(NoSpeechError())
        elif turn.input_ended:
            if pcm := resampler.flush():
                wire.protocol.append(pcm)
            wire.committed = wire.protocol.commit()
            wire.input_told = True

    def _ask(self, wire: _Wire, turn: Turn, answer: Answer | None) -> None:
        """Have the service give `answer`, after the one before it has ended or been taken back."""
        protocol = wire.protocol
        if wire.response is not None and wire.answer is not None and wire.answer not in turn.answers:
            protocol.cancel(wire.response)
            wire.response = None
        if answer is None or answer.ended:
            wire.answer, wire.response = answer, None
            return
        if answer.config != self.config:
            self.config = answer.config
            self._pump()  # the configuration goes first, perhaps over another connection
            return
        wire.answer = answer
        for result in turn.results[wire.results :]:
            protocol.add_call_output(result.call.call_id, result.output)
        wire.results = len(turn.results)
        answer.origin = protocol
        wire.response = protocol.request(with_voice=answer.config.with_voice)

    def _flush(self, wire: _Wire) -> None:
        if messages := wire.protocol.data_to_send():
            wire.connection.send(messages)

    # --- silence of the service ---

    def _due_s(self) -> float | None:
        """How long the service may stay silent from now on, or None if nothing is due."""
        wire = self._wire
        if wire is None:
            return None
        if not wire.protocol.ready and (self.config is not None or not wire.protocol.session_id):
            return self._timeouts.configure_s
        if wire.answer is not None and not wire.answer.ended:
            return self._timeouts.silence_s
        if wire.committed is not None and wire.turn is not None and not wire.turn.partials.ended:
            return self._timeouts.silence_s
        return None

    def _watch(self) -> None:
        if self._due is None and (due_s := self._due_s()) is not None:
            self._heard_at = self._loop.time()
            self._due = self._loop.call_later(due_s, self._check_silence)

    def _check_silence(self) -> None:
        self._due = None
        due_s, wire = self._due_s(), self._wire
        if due_s is None or wire is None:
            return
        if (rest_s := self._heard_at + due_s - self._loop.time()) <= 0:
            wire.connection.fail(ServiceTimeoutError())
        else:
            self._due = self._loop.call_later(rest_s, self._check_silence)

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _said(turn: Turn) -> list[Message]:
    """Return what was said in a turn, in the shape that Home Assistant's log has of it."""
    said = [Message(Role.USER, turn.transcript or "", heard=True)]
    for answer in turn.answers:
        if answer.status not in {"completed", "incomplete"}:
            continue
        if answer.words:
            said.append(Message(Role.ASSISTANT, answer.words, heard=True))
        if tools := tools_text([result for result in turn.results if result.call in answer.calls]):
            said.append(Message(Role.TOOLS, tools, heard=True))
    return said


def tools_text(results: Sequence[CallResult]) -> str:
    """Return function calls and what they gave, as the model reads it in a history."""
    return "; ".join(f"{result.call.name}({result.call.arguments}) gave {result.output}" for result in results)


def _heard_words(turn: Turn, heard_ms: int) -> str:
    """Return about as many of the last answer's words as were heard, and that it was cut short."""
    words = turn.answers[-1].words if turn.answers else ""
    total = turn.voice_bytes / (SERVICE_HZ * 2) * 1000
    heard = words[: int(len(words) * heard_ms / total)] if total else ""
    return f"{heard.rstrip()}… (interrupted by the user)"


def _hold(turn: Turn, error: StepAudioError) -> None:
    """Keep a turn for the next connection: what nobody has got starts over, what was got stays."""
    answer = turn.answers[-1] if turn.answers else None
    if answer is None or answer.ended:
        return
    if answer.words_complete:
        answer.end("completed")
        if answer.config.with_voice and not answer.voice_complete and not answer.calls:
            turn.voice.end(error)  # the rest of it is synthesised
    else:
        _restart(turn, answer)


def _restart(turn: Turn, answer: Answer) -> None:
    """Begin an answer again: unseen if nobody has got anything of it, else as broken, for its readers to ask anew."""
    if answer.parts.read or turn.voice.read > answer.voice_start:
        answer.end("broken")
        return
    answer.parts.take_back(0)
    turn.voice.take_back(answer.voice_start)
    answer.voice_bytes = 0
    answer.words_complete = answer.voice_complete = False


class _RenewedError(StepAudioError):
    """The session gave up a connection to begin another."""


class _DroppedError(StepAudioError):
    """The session gave up a connection that nobody needs now."""
