"""What is told of a finished turn: how it went, how long its stages took, what it cost; none of its words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from .audio import SERVICE_HZ, duration_ms
from .errors import ClosedError, NoSpeechError
from .signals import State
from .turn import Turn

# How long a turn that was left is waited for: a cancelled response ends in 55 ms and tells its tokens then (sheet
# 1.11); a voice is handed over as fast as it comes. Beyond that nothing will be learnt that is worth the wait.
_GRACE_S = 10.0


class Kind(StrEnum):
    """How the user put it."""

    SPOKEN = "spoken"
    TYPED = "typed"


class Outcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Something went wrong; `TurnReport.error` names it."""
    INTERRUPTED = "interrupted"
    """The user, or Home Assistant, broke the answer off."""
    NOT_CLAIMED = "not_claimed"
    """No agent wanted it: somebody else answered, or nothing was said."""


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One finished turn. Times are milliseconds after the end of the user's input; None for what did not happen."""

    at: datetime
    """When it was over, in UTC."""
    kind: Kind
    outcome: Outcome
    error: str
    """The key of what went wrong, see `errors`; empty for nothing."""
    model: str
    transcript_ms: int | None
    first_word_ms: int | None
    first_voice_ms: int | None
    """The first voice from the service."""
    first_audio_ms: int | None
    """The first voice handed over: the first-audio latency. None unless the model's own voice was heard."""
    end_ms: int | None
    """The end of the answer."""
    voice_ms: int
    """How long its voice is."""
    input_tokens: int
    """Of all its responses, discarded ones too; what came from the cache is among them."""
    cached_tokens: int
    output_tokens: int
    tools: tuple[str, ...]
    """The functions that were called, by name."""
    rounds: int
    """The answers that it took, tool rounds included."""

    @property
    def fused(self) -> bool:
        """Whether the model heard the user itself and answered with its own voice."""
        return self.kind is Kind.SPOKEN and self.first_audio_ms is not None


def report(turn: Turn, model: str) -> TurnReport:
    """Return the report of a turn that is over."""
    times = turn.times
    outcome, error = _outcome(turn)
    usages = [response.usage for response in turn.responses if response.usage is not None]

    def after_ms(moment: float | None) -> int | None:
        return None if moment is None or times.ended is None else round((moment - times.ended) * 1000)

    return TurnReport(
        at=datetime.now(UTC),
        kind=Kind.SPOKEN if turn.text is None else Kind.TYPED,
        outcome=outcome,
        error=error,
        model=model,
        transcript_ms=after_ms(times.transcript),
        first_word_ms=after_ms(times.first_word),
        first_voice_ms=after_ms(times.first_voice),
        first_audio_ms=after_ms(times.first_voice_out),
        end_ms=after_ms(times.done),
        voice_ms=round(duration_ms(turn.voice_bytes, SERVICE_HZ)),
        input_tokens=sum(usage.input_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        tools=tuple(call.name for answer in turn.answers for call in answer.calls),
        rounds=len(turn.answers),
    )


def _outcome(turn: Turn) -> tuple[Outcome, str]:
    error = turn.failure
    if error is not None and not isinstance(error, ClosedError | NoSpeechError):
        return Outcome.REFUSED, error.key
    key = error.key if isinstance(error, NoSpeechError) else ""
    if not turn.claimed:
        return Outcome.NOT_CLAIMED, key
    return (Outcome.ANSWERED if turn.is_answered else Outcome.INTERRUPTED), key


def _is_over(turn: Turn) -> bool:
    """Whether nothing more will be learnt of a turn that was left."""
    last = turn.answers[-1] if turn.answers else None
    voice_is_due = turn.claimed and turn.failure is None and last is not None and last.config.with_voice
    return all(response.state is State.ENDED for response in turn.responses) and (
        turn.spoken or not voice_is_due or not turn.voice.items
    )


class Departures:
    """The turns that a session has left: each is told of once, when it is over."""

    def __init__(self, tell: Callable[[Turn], None]) -> None:
        """Have `tell` called with each turn."""
        self._tell = tell
        self._left: dict[Turn, asyncio.TimerHandle] = {}

    def add(self, turn: Turn) -> None:
        """Take a turn that the session has left; its times are complete but for its voice."""
        self._left[turn] = asyncio.get_running_loop().call_later(_GRACE_S, self._end, turn)
        self.check()

    def check(self) -> None:
        """Tell of those that are over by now."""
        if self._left:
            for turn in [turn for turn in self._left if _is_over(turn)]:
                self._end(turn)

    def close(self) -> None:
        """Tell of all: nobody will learn more."""
        for turn in list(self._left):
            self._end(turn)

    def _end(self, turn: Turn) -> None:
        self._left.pop(turn).cancel()
        self._tell(turn)
