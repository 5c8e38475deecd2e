"""The conversation with the model, across connections: configure, replay, one turn at a time.

The session knows what the service should have been told (its `Wish`: configuration, history, the turn under way);
a `Wire` knows what its connection has been told, and tells the difference, in order. A new connection starts with a
new `Wire`, so the same few lines serve the first connection, a lost one and a recycled one.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol as Interface

from .connection import Connection, Timeouts
from .errors import ClosedError, NoSpeechError, ServiceError, ServiceTimeoutError, StepAudioError
from .events import SessionConfig
from .history import Message, Role, heard_words, said_in
from .pacing import Backoff
from .report import Departures
from .signals import (
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
from .turn import Answer, Turn
from .wire import Wire, Wish

_LOGGER = logging.getLogger(__name__)

# While somebody waits, however long the service has been away before.
_LONGEST_PAUSE_S = 1.0
# How often an answer is asked for when the service fails at it.
_ATTEMPTS = 3
# The signals after which there is nothing new to be told to the service.
_MORE_OF_THE_ANSWER = (Voiced, Said)


class Dial(Interface):
    """Gives sessions their connections, within the limits of the account, and hears of what became of them."""

    unknown_events: Counter[str]

    async def open(self, session: Session) -> Connection:
        """Open a connection when there is room for one."""

    def hang_up(self, session: Session) -> None:
        """Take back the room of a connection that is closed."""

    def tell(self, turn: Turn) -> None:
        """Take note of a turn that is over."""


class Session:
    """One conversation with the model. Made by `StepAudioClient.session`.

    Its methods do not wait; a task of its own, `run`, connects when there is something to do.
    """

    def __init__(self, dial: Dial, timeouts: Timeouts, *, turns_kept: int = 0) -> None:
        """Prepare a session; `turns_kept` limits what a new connection is told of the past, 0 tells all."""
        self.turns_kept = turns_kept
        self.keep_warm = False
        """Whether to stay connected while there is nothing to do."""
        self._wish = Wish()
        self._dial = dial
        self._departures = Departures(dial.tell)
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._last: tuple[Turn, Response | None] | None = None
        self._wire: Wire | None = None
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
        return self._wish.turn

    @property
    def history(self) -> Sequence[Message]:
        """What was said in this conversation, as far as it is known here."""
        return self._wish.history.messages

    @property
    def connected(self) -> bool:
        """Whether a connection is open."""
        return self._wire is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost if the connection goes."""
        return self._wish.turn is None

    def prepare(self, config: SessionConfig, history: Sequence[Message] = (), *, early: bool = True) -> None:
        """Configure the session while the user speaks; with `early` the answer starts when the user has finished.

        `history` is what was said before this turn; what the service does not know yet is told first.
        """
        turn = self._wish.turn
        if turn is not None and (turn.claimed or turn.answers):
            self._leave()  # the user speaks again: this is for the turn that begins now
        self._tell_history(history)
        self._wish.config = config
        self._wish.prepared = config if early else None
        self._want()

    def listen(self, input_hz: int, default: SessionConfig) -> Turn:
        """Start a spoken turn: feed it PCM at `input_hz`. A turn still under way, or still heard, is interrupted.

        `default` configures a session that nobody has prepared, so that the user is heard at least.
        """
        self._wish.config = self._wish.config or default
        return self._begin(Turn(self._pump, self._loop.time, input_hz=input_hz))

    def say(self, text: str, config: SessionConfig, history: Sequence[Message] = ()) -> Turn:
        """Start a typed turn. A turn still under way, or still heard, is interrupted."""
        turn = Turn(self._pump, self._loop.time, text=text, input_ended=True, transcript=text)
        turn.partials.end()
        turn.times.ended = self._loop.time()
        self._leave()
        self._tell_history(history)
        self._wish.config = config
        self._wish.prepared = None
        return self._begin(turn)

    def interrupt(self) -> None:
        """Break off the answer under way, or still heard: its voice ends, and the model knows how much was heard.

        A user who is speaking is not disturbed.
        """
        turn = self._wish.turn
        if turn is None or turn.claimed:
            self._leave()
            self._interrupt_last()

    async def connect(self, config: SessionConfig) -> str:
        """Open and configure a connection, and raise what prevents it. Returns its voice. Cancelling is safe."""
        self._wish.config = config
        self._settled.clear()
        self._error = None
        self._want()
        await self._settled.wait()
        if self._error is not None:
            raise self._error
        return self._wire.protocol.voice if self._wire is not None else config.voice

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
        self._wish.turn = turn
        self._want()
        return turn

    def _leave(self) -> None:
        """Take leave of the turn under way: what nobody heard is taken back, what was said is remembered."""
        turn, wire = self._wish.turn, self._wire
        self._wish.turn = None
        self._losses = 0
        self._stop(self._transcript_due)
        if turn is None:
            return
        if wire is not None and wire.turn is turn:
            response = wire.response
            if wire.has_loose_audio:
                wire.protocol.clear_input()
            if wire.input is not None and isinstance(turn.error, NoSpeechError):
                # Home Assistant's log will tell of words at most, and the model shall not see them twice.
                wire.protocol.take_out(wire.input)
            elif wire.input_told:
                self._wish.history.add(said_in(turn))
                wire.history_told = len(self._wish.history.messages)
            if response is not None and response.state is not State.ENDED:
                heard_ms = int(turn.heard_ms()) if turn.claimed else 0
                wire.protocol.cancel(response, heard_ms=heard_ms)
                turn.voice.take_back(0)
                if heard_ms and turn.answers:
                    self._wish.history.add([Message(Role.ASSISTANT, heard_words(turn, heard_ms), heard=True)])
                    wire.history_told = len(self._wish.history.messages)
            elif turn.claimed:
                self._last = turn, response
            wire.leave_turn()
            wire.flush()
        if not turn.closed:
            if turn.claimed:
                turn.close()
            else:
                turn.fail(ClosedError())
        self._depart(turn)

    def _depart(self, turn: Turn) -> None:
        turn.audio.clear()
        turn.times.done = turn.times.done or self._loop.time()
        self._departures.add(turn)

    def _interrupt_last(self) -> None:
        """Tell the model how much of its last answer was heard, if the user speaks over it."""
        last, self._last = self._last, None
        if last is None or not last[0].is_playing():
            return
        turn, response = last
        turn.interrupted = True
        heard_ms = int(turn.heard_ms())
        turn.voice.take_back(0)
        self._wish.history.cut_last_answer(heard_words(turn, heard_ms))
        if self._wire is not None and response is not None and turn.answers[-1].origin is self._wire.protocol:
            self._wire.protocol.cancel(response, heard_ms=max(heard_ms, 1))
            self._wire.flush()

    def _tell_history(self, logged: Sequence[Message]) -> None:
        """Take over what Home Assistant remembers; a connection that was told otherwise is given up."""
        if not self._wish.history.take_over(logged):
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
                except Exception:
                    # A mistake of ours costs a turn, never the conversation.
                    _LOGGER.exception("A turn was lost to a mistake in StepAudio")
                    self._give_up(ServiceError())
        finally:
            self._give_up(ClosedError())

    async def _live(self, connection: Connection) -> None:
        """One connection from its opening to its end."""
        start = self._wish.history.start_of_last(self.turns_kept)
        wire = self._wire = Wire(connection, start, self._dial.unknown_events)
        self._heard_at = self._loop.time()
        self._recycle_due = self._loop.call_later(self._timeouts.recycle_s, self._recycle)
        try:
            self._pump()
            await connection.serve(self._receive)
        finally:
            for timer in (self._recycle_due, self._due, self._transcript_due):
                self._stop(timer)
            self._due = None
            wire.protocol.end()
            self._departures.check()

    async def _after(self, error: StepAudioError) -> None:
        """Decide what follows a lost connection: another one for those who wait, or the end of their waiting."""
        now = self._loop.time()
        self._lost_at = now if self._losses == 0 else self._lost_at
        self._losses += 1
        in_time = now - self._lost_at < self._timeouts.patience_s and self._losses <= self._timeouts.attempts
        waiting = self._wish.turn is not None and in_time
        if error.retryable and (waiting or (self.keep_warm and self._wish.turn is None)):
            pause_s = self._backoff.next_s(random.random())
            if self._wish.turn is not None:
                _hold(self._wish.turn, error)
                pause_s = min(pause_s, _LONGEST_PAUSE_S, self._lost_at + self._timeouts.patience_s - now)
            self._nudge.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
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
        if self._wish.turn is not None:
            turn, self._wish.turn = self._wish.turn, None
            turn.fail(error)
            self._depart(turn)
        if isinstance(error, ClosedError):
            if self._last is not None:
                self._last[0].voice.take_back(0)
            self._departures.close()

    def _recycle(self) -> None:
        """Begin a new connection before the service ends this one; a turn under way goes first (sheet 1.13)."""
        if self._wish.turn is None:
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
        signals = wire.protocol.receive(raw)
        for signal in signals:
            self._take(wire, signal)
        if not signals or not isinstance(signals[-1], _MORE_OF_THE_ANSWER):
            self._pump()

    def _take(self, wire: Wire, signal: Signal) -> None:
        match signal:
            case Voiced() | Said() | Called() | SaidAll() | VoicedAll() | Ended():
                if signal.response is wire.response and wire.answer is not None and wire.turn is not None:
                    self._take_answer(wire, wire.turn, wire.answer, signal)
            case Heard(item, text, final):
                self._hear(wire, item, text, final=final)
            case InputRefused(item, error):
                if item is wire.input and wire.turn is not None:
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
                elif config == self._wish.config:
                    self._error = error
                    self._settled.set()
                    self._wish.config = None
                    if self._wish.turn is not None:
                        self._wish.turn.fail(error)

    @staticmethod
    def _refuse(wire: Wire, turn: Turn, error: StepAudioError) -> None:
        """End a turn that the service does not want, or try it on another connection."""
        if error.retryable:
            wire.connection.fail(error)
        else:
            turn.fail(error)

    def _take_answer(
        self, wire: Wire, turn: Turn, answer: Answer, signal: Voiced | Said | Called | SaidAll | VoicedAll | Ended
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
                answer.say(text)
            case Called(_, call):
                answer.call(call)
            case SaidAll():
                answer.end_words()
            case VoicedAll():
                answer.voice_complete = True
            case Ended(response):
                self._end_answer(wire, turn, answer, response)

    def _end_answer(self, wire: Wire, turn: Turn, answer: Answer, response: Response) -> None:
        error = response.error
        if response.status == "completed" and answer.is_empty:
            error = ServiceError()  # nothing said and nothing called: nobody would hear anything
        answer.usage, answer.voice = response.usage, wire.protocol.voice
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

    def _hear(self, wire: Wire, item: Input, text: str, *, final: bool) -> None:
        turn = wire.turn
        if turn is None or item is not wire.input or turn.transcript is not None:
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
        turn = self._wish.turn
        if turn is not None and (turn.closed or turn.error is not None):
            self._leave()
        self._departures.check()
        if self._wire is None:
            return
        if self._wire.tell(self._wish):
            self._watch()
        else:
            self._end_wire(_RenewedError())

    # --- silence of the service ---

    def _silence_s(self) -> float | None:
        return self._wire.longest_silence_s(self._wish, self._timeouts) if self._wire is not None else None

    def _watch(self) -> None:
        if self._due is None and (due_s := self._silence_s()) is not None:
            self._heard_at = self._loop.time()
            self._due = self._loop.call_later(due_s, self._check_silence)

    def _check_silence(self) -> None:
        self._due = None
        due_s, wire = self._silence_s(), self._wire
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
    """Begin an answer again: what nobody has got of it is forgotten."""
    turn.voice.take_back(answer.voice_start)
    answer.begin_again(len(turn.voice.items))


class _RenewedError(StepAudioError):
    """The session gave up a connection to begin another."""


class _DroppedError(StepAudioError):
    """The session gave up a connection that nobody needs now."""
