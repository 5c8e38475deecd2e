"""What one connection has been told of what a session wants, and the telling of the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .audio import SERVICE_HZ, Resampler, append_bytes, due_bytes
from .connection import Connection, Timeouts
from .errors import NoSpeechError
from .events import SessionConfig
from .history import History, said_in
from .protocol import Protocol
from .signals import Input, Response
from .turn import Answer, Turn


@dataclass(slots=True)
class Wish:
    """What a session wants the service to know."""

    config: SessionConfig | None = None
    history: History = field(default_factory=History)
    turn: Turn | None = None
    prepared: SessionConfig | None = None
    """Asks for the answer in this configuration as soon as the user has finished."""


class Wire:
    """One connection, its protocol, and how far the service has been told."""

    def __init__(self, connection: Connection, history_start: int, unknown_events: Counter[str]) -> None:
        """Start with nothing told; of the history, what is before `history_start` never will be."""
        self.connection = connection
        self.protocol = Protocol(unknown_events)
        self.history_told = history_start
        self.turn: Turn | None = None
        self.input: Input | None = None
        """The user's audio, once it is committed."""
        self.input_told = False
        self.answer: Answer | None = None
        self.response: Response | None = None
        """What the service makes of `answer`."""
        self._resampler: Resampler | None = None
        self._audio_told = 0
        self._results_told = 0

    @property
    def has_loose_audio(self) -> bool:
        """Whether audio was sent and not committed."""
        return self._audio_told > 0 and self.input is None

    def tell(self, wish: Wish) -> bool:
        """Tell what the service does not know yet, as far as its answers allow; False if only another one can be."""
        told = self.protocol.pending_config or self.protocol.config
        if wish.config is not None and told != wish.config:
            if self.protocol.has_spoken and told is not None and told.voice != wish.config.voice:
                return False  # a voice that has spoken stays (sheet 1.5)
            self.protocol.configure(wish.config)
        if self.protocol.config is not None:
            for message in wish.history.messages[self.history_told :]:
                self.protocol.add_message(message.wire_role, message.wire_text)
            self.history_told = len(wish.history.messages)
            if wish.turn is not None and not self._tell_turn(wish, wish.turn):
                return self.tell(wish)
        self.flush()
        return True

    def flush(self) -> None:
        """Send what is due."""
        if messages := self.protocol.data_to_send():
            self.connection.send(messages)

    def leave_turn(self) -> None:
        """Forget the turn: it is over. No call stays without its result."""
        if self.turn is not None and self.input_told:
            self._tell_results(self.turn)
        self.turn = self.answer = self.response = self.input = None
        self.input_told = False

    def longest_silence_s(self, wish: Wish, timeouts: Timeouts) -> float | None:
        """Return how long the service may stay silent from now on, or None if nothing is due."""
        if not self.protocol.ready and (wish.config is not None or not self.protocol.session_id):
            return timeouts.configure_s
        answer_is_due = self.answer is not None and not self.answer.ended
        words_are_due = self.input is not None and self.turn is not None and not self.turn.partials.ended
        return timeouts.silence_s if answer_is_due or words_are_due else None

    def _tell_turn(self, wish: Wish, turn: Turn) -> bool:
        """Tell the turn; False if the configuration has to go first."""
        if self.turn is not turn:
            self.leave_turn()
            self.turn = turn
            self._resampler = None if turn.text is not None else Resampler(turn.input_hz, SERVICE_HZ)
            self._audio_told = self._results_told = 0
        if not self.input_told:
            self._tell_input(turn)
        if not self.input_told:
            return True
        if wish.prepared is not None and not turn.answers:
            prepared, wish.prepared = wish.prepared, None
            turn.ask(prepared)  # which has it told
        answer = turn.answers[-1] if turn.answers else None
        return answer is self.answer or self._ask(wish, turn, answer)

    def _tell_input(self, turn: Turn) -> None:
        if turn.text is not None:
            self.protocol.add_message("user", turn.text)
            self.input_told = True
        elif self._resampler is not None:
            self._tell_audio(turn, self._resampler)
        if self.input_told:
            # Rounds that another connection gave are told as text: their calls are unknown here (sheet 1.9).
            for message in said_in(turn)[1:]:
                self.protocol.add_message(message.wire_role, message.wire_text)
            self._results_told = len(turn.results)

    def _tell_audio(self, turn: Turn, resampler: Resampler) -> None:
        pcm = b""
        while size := due_bytes(len(turn.audio) - self._audio_told, turn.input_hz, ended=turn.input_ended):
            if pcm:
                self.protocol.append(pcm)
            pcm = resampler.push(bytes(memoryview(turn.audio)[self._audio_told : self._audio_told + size]))
            self._audio_told += size
        if turn.input_ended:
            pcm += resampler.flush()  # a few samples, which are worth no message of their own
        if pcm:
            self.protocol.append(pcm)
        turn.audio_due = self._audio_told + append_bytes(turn.input_hz)
        if turn.input_ended and not turn.audio:
            turn.fail(NoSpeechError())
        elif turn.input_ended:
            self.input = self.protocol.commit()
            self.input_told = True
            self._resampler = None  # which takes more memory than all else of an idle session

    def _ask(self, wish: Wish, turn: Turn, answer: Answer | None) -> bool:
        """Have the service give `answer`, after the one before it has ended or been taken back."""
        if self.response is not None and self.answer is not None and self.answer not in turn.answers:
            self.protocol.cancel(self.response)
            self.response = None
        if answer is None or answer.ended:
            self.answer, self.response = answer, None
            return True
        if answer.config != wish.config:
            wish.config = answer.config
            return False
        self.answer = answer
        self._tell_results(turn)
        answer.origin = self.protocol
        self.response = self.protocol.request(with_voice=answer.config.with_voice)
        turn.responses.append(self.response)
        return True

    def _tell_results(self, turn: Turn) -> None:
        for result in turn.results[self._results_told :]:
            self.protocol.add_call_output(result.call.call_id, result.output)
        self._results_told = len(turn.results)
