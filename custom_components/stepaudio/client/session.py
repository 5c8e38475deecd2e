"""The conversation with the model, across connections: configure, replay, one turn at a time.

The session knows what the service should have been told (configuration, history, the turn under way); `_Wire`
knows what the present connection has been told. `_pump` sends the difference, in order. A new connection starts
with an empty `_Wire`, so the same few lines serve the first connection, a lost one and a recycled one.
"""

from __future__ import annotations

import asyncio
import logging
import ssl as ssl_module
from collections.abc import Sequence
from dataclasses import dataclass, field

from .audio import SERVICE_HZ, Resampler, size_bytes
from .connection import Connection, Endpoint, Timeouts, open_connection
from .errors import ClosedError, NoSpeechError, ServiceTimeoutError, StepAudioError
from .events import SessionConfig
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
    Signal,
    Voiced,
)
from .turn import Answer, Turn

_LOGGER = logging.getLogger(__name__)

# The service takes up to 15 MB at once; 60 ms is small enough for a live stream and spares a wake-up for each of
# the 10 ms chunks that Home Assistant hands over (sheet 1.4).
_APPEND_MS = 60
# What has piled up before the connection was ready leaves in pieces of this length.
_BACKLOG_MS = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history; `role` is user or assistant."""

    role: str
    text: str


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
    text_sent: bool = False
    results: int = 0
    response: Response | None = None
    answer: Answer | None = None


class Session:
    """One conversation with the model. Made by `StepAudioClient.session`.

    Its methods do not wait; a task of its own connects when there is something to do.
    """

    def __init__(self, endpoint: Endpoint, url: str, *, ssl: ssl_module.SSLContext | None, timeouts: Timeouts) -> None:
        """Prepare a session at `url`; `run` brings it to life."""
        self._endpoint = endpoint
        self._url = url
        self._ssl = ssl
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._config: SessionConfig | None = None
        self._history: list[Message] = []
        self._live_history = 0
        self._prepared: SessionConfig | None = None
        self._turn: Turn | None = None
        self._wire: _Wire | None = None
        self._wanted = asyncio.Event()
        self._configured = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._error: StepAudioError | None = None

    # --- for the entities ---

    @property
    def turn(self) -> Turn | None:
        """The turn under way, if there is one."""
        return self._turn

    @property
    def history(self) -> Sequence[Message]:
        """What the model has been told, or will be before it is asked again."""
        return self._history

    def prepare(self, config: SessionConfig, history: Sequence[Message] = (), *, early: bool = True) -> None:
        """Configure the session while the user speaks; with `early` the answer starts when the user has finished.

        `history` is what was said before this turn; what the service does not know yet is told first.
        """
        self._tell_history(history)
        self._config = config
        self._prepared = config if early else None
        self._wanted.set()
        self._pump()

    def listen(self, input_hz: int, default: SessionConfig) -> Turn:
        """Start a spoken turn: feed it PCM at `input_hz`. A turn still under way is ended.

        `default` configures a session that nobody has prepared, so that the user is heard at least.
        """
        self._config = self._config or default
        return self._begin(Turn(self._pump, self._loop.time, input_hz=input_hz))

    def say(self, text: str, config: SessionConfig, history: Sequence[Message] = ()) -> Turn:
        """Start a typed turn. A turn still under way is ended."""
        turn = Turn(self._pump, self._loop.time, text=text, input_ended=True, transcript=text)
        turn.partials.end()
        turn.times.ended = self._loop.time()
        self._tell_history(history)
        self._config = config
        self._prepared = None
        return self._begin(turn)

    async def connect(self, config: SessionConfig) -> None:
        """Open and configure a connection, and raise what prevents it. Cancelling is safe."""
        self._config = config
        self._wanted.set()
        self._pump()
        await self._configured.wait()
        if self._error is not None:
            raise self._error

    # --- turns ---

    def _begin(self, turn: Turn) -> Turn:
        self._leave()
        self._turn = turn
        self._wanted.set()
        self._pump()
        return turn

    def _leave(self) -> None:
        """Take leave of the turn under way: what nobody claimed is taken back, what was said is remembered."""
        turn, wire = self._turn, self._wire
        self._turn = None
        if turn is None:
            return
        if wire is not None and wire.turn is turn:
            if wire.response is not None:
                wire.protocol.cancel(wire.response, forget=True)
            if turn.text is None and wire.audio_bytes and wire.committed is None:
                wire.protocol.clear_input()
            if wire.committed is not None or wire.text_sent:
                self._remember(turn, wire)
            wire.turn = None
            self._flush(wire)
        if not turn.closed:
            turn.fail(ClosedError())

    def _remember(self, turn: Turn, wire: _Wire) -> None:
        spoken = [Message("user", turn.transcript or "")]
        spoken += [Message("assistant", answer.words) for answer in turn.answers if answer.status == "completed"]
        self._history += [message for message in spoken if message.text or message.role == "user"]
        self._live_history = wire.history = len(self._history)

    def _tell_history(self, history: Sequence[Message]) -> None:
        """Take over what Home Assistant remembers; what the service heard itself may differ in its wording."""
        known = self._history
        agrees = len(history) >= len(known) and all(
            ours.role == theirs.role and (index < self._live_history or ours.text == theirs.text)
            for index, (ours, theirs) in enumerate(zip(known, history, strict=False))
        )
        if agrees:
            self._history = list(history)
        else:
            self._history = list(history)
            self._live_history = 0
            self._renew()

    def _renew(self) -> None:
        """Give up the connection: what it has been told cannot be taken back."""
        if self._wire is not None:
            wire, self._wire = self._wire, None
            wire.connection.fail(_RenewedError())

    # --- the connection ---

    async def run(self) -> None:
        """Connect whenever there is something to do, until cancelled."""
        try:
            while True:
                await self._wanted.wait()
                try:
                    await self._live()
                except _RenewedError:
                    continue
                except StepAudioError as error:
                    self._lose(error)
        finally:
            self._stop_timer()
            self._lose(ClosedError())

    async def _live(self) -> None:
        """One connection from its opening to its end."""
        connection = await open_connection(self._endpoint, self._url, ssl=self._ssl, timeouts=self._timeouts)
        self._wire = _Wire(connection)
        self._error = None
        self._configured.clear()
        self._heard_at = self._loop.time()
        self._pump()
        await connection.serve(self._receive)

    def _lose(self, error: StepAudioError) -> None:
        self._wire = None
        self._error = error
        self._wanted.clear()
        self._configured.set()
        if self._turn is not None:
            self._turn.fail(error)
            self._turn = None

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
            case Voiced(response, pcm):
                if response is wire.response and wire.answer is not None:
                    if (turn := wire.turn) is not None and turn.times.first_voice is None:
                        turn.times.first_voice = self._heard_at
                    wire.answer.voice.push(pcm)
            case Said(response, text):
                if response is wire.response and wire.answer is not None:
                    if (turn := wire.turn) is not None and turn.times.first_word is None:
                        turn.times.first_word = self._heard_at
                    wire.answer.parts.push(text)
            case Called(response, call):
                if response is wire.response and wire.answer is not None:
                    wire.answer.parts.push(call)
            case Ended(response):
                if response is wire.response and wire.answer is not None:
                    wire.answer.usage = response.usage
                    wire.answer.end(response.status, response.error)
                    if isinstance(response.error, NoSpeechError) and wire.turn is not None:
                        wire.turn.fail(response.error)  # and no words will follow
            case Heard(item, text, final):
                self._hear(wire, item, text, final=final)
            case InputRefused(item, error):
                if item is wire.committed and wire.turn is not None:
                    wire.turn.fail(error)
            case Configured():
                self._error = None
                self._configured.set()
            case ConfigRefused(config, error):
                self._error = error
                self._configured.set()
                if config == self._config:
                    self._config = None
                    if wire.turn is not None:
                        wire.turn.fail(error)

    def _hear(self, wire: _Wire, item: Input, text: str, *, final: bool) -> None:
        turn = wire.turn
        if turn is None or item is not wire.committed:
            return
        if final:
            turn.transcript = text
            turn.times.transcript = self._heard_at
            turn.partials.end()
        else:
            turn.partials.push(text)

    def _pump(self) -> None:
        """Send what the service has not been told yet, as far as its answers allow."""
        wire = self._wire
        if wire is None:
            return
        protocol = wire.protocol
        told = protocol.pending_config or protocol.config
        if self._config is not None and told != self._config:
            if protocol.has_spoken and told is not None and told.voice != self._config.voice:
                self._renew()  # a voice that has spoken stays (sheet 1.5)
                return
            protocol.configure(self._config)
        if self._turn is not None and self._turn.closed:
            self._leave()
        if protocol.config is not None:
            while wire.history < len(self._history):
                message = self._history[wire.history]
                protocol.add_message(message.role, message.text)
                wire.history += 1
            if self._turn is not None:
                self._pump_turn(wire, self._turn)
        self._flush(wire)
        self._watch()

    def _pump_turn(self, wire: _Wire, turn: Turn) -> None:
        if wire.turn is not turn:
            wire.turn = turn
            wire.resampler = None if turn.text is not None else Resampler(turn.input_hz, SERVICE_HZ)
            wire.audio_bytes = wire.results = 0
            wire.committed, wire.text_sent = None, False
            wire.response = wire.answer = None
        if turn.text is None:
            self._pump_audio(wire, turn)
        elif not wire.text_sent:
            wire.protocol.add_message("user", turn.text)
            wire.text_sent = True
        if self._prepared is not None and turn.input_ended and not turn.answers and not turn.closed:
            prepared, self._prepared = self._prepared, None
            turn.ask(prepared)
            return  # asking pumps again
        answer = turn.answers[-1] if turn.answers else None
        if answer is not wire.answer and turn.input_ended:
            self._ask(wire, turn, answer)

    def _pump_audio(self, wire: _Wire, turn: Turn) -> None:
        if wire.committed is not None or wire.resampler is None:
            return
        step, backlog = size_bytes(_APPEND_MS, turn.input_hz), size_bytes(_BACKLOG_MS, turn.input_hz)
        while (waiting := len(turn.audio) - wire.audio_bytes) >= step or (turn.input_ended and waiting):
            size = waiting if turn.input_ended and waiting < backlog else min(waiting - waiting % step, backlog)
            piece = bytes(memoryview(turn.audio)[wire.audio_bytes : wire.audio_bytes + size])
            wire.audio_bytes += size
            if pcm := wire.resampler.push(piece):
                wire.protocol.append(pcm)
        if turn.input_ended:
            if pcm := wire.resampler.flush():
                wire.protocol.append(pcm)
            wire.committed = wire.protocol.commit()

    def _ask(self, wire: _Wire, turn: Turn, answer: Answer | None) -> None:
        """Have the service give `answer`, after the one before it has ended or been taken back."""
        protocol = wire.protocol
        if wire.response is not None and wire.answer not in turn.answers:
            protocol.cancel(wire.response, forget=True)
        wire.answer, wire.response = answer, None
        if answer is None or answer.ended:
            return
        if answer.config != self._config:
            self._config = answer.config
            wire.answer = None
            self._pump()  # the configuration goes first, perhaps over another connection
            return
        for result in turn.results[wire.results :]:
            protocol.add_call_output(result.call.call_id, result.output)
        wire.results = len(turn.results)
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
        if not wire.protocol.ready and self._config is not None:
            return self._timeouts.configure_s
        if wire.answer is not None and not wire.answer.ended:
            return self._timeouts.silence_s
        return None

    def _watch(self) -> None:
        if self._timer is None and (due_s := self._due_s()) is not None:
            self._heard_at = max(self._heard_at, self._loop.time())
            self._timer = self._loop.call_later(due_s, self._check_silence)

    def _check_silence(self) -> None:
        self._timer = None
        due_s, wire = self._due_s(), self._wire
        if due_s is None or wire is None:
            return
        if (rest_s := self._heard_at + due_s - self._loop.time()) <= 0:
            wire.connection.fail(ServiceTimeoutError())
        else:
            self._timer = self._loop.call_later(rest_s, self._check_silence)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _RenewedError(StepAudioError):
    """The session gave up a connection to begin another."""
