"""One user input and every response that answers it, tool rounds included.

A turn holds what was said on both sides, so that it outlives a connection: its audio is kept until it is answered,
and readers of the answer neither see nor hold up the socket. `Session` fills it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from .errors import ClosedError, StepAudioError
from .events import SessionConfig, Usage
from .protocol import Call


class Stream[T]:
    """A row of items that grows until it ends. Any number of readers, each from the first item on.

    The writer never waits for a reader. Reading may be cancelled at any time and begun again.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.items: list[T] = []
        self.ended = False
        self.error: StepAudioError | None = None
        self.was_read = False
        self._waiters: list[asyncio.Future[None]] = []

    def push(self, item: T) -> None:
        """Append an item; after the end it is dropped."""
        if not self.ended:
            self.items.append(item)
            self._wake()

    def end(self, error: StepAudioError | None = None) -> None:
        """End the stream, for good; the first end wins. Readers get the rest and then `error`, if there is one."""
        if not self.ended:
            self.ended, self.error = True, error
            self._wake()

    def restart(self) -> None:
        """Forget what nobody has read yet."""
        self.items.clear()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield every item as it comes; raises the stream's error after the last one."""
        index = 0
        while True:
            while index < len(self.items):
                self.was_read = True
                yield self.items[index]
                index += 1
            if self.ended:
                break
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                with suppress(ValueError):
                    self._waiters.remove(waiter)
        if self.error is not None:
            raise self.error

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a function call gave; `output` is text, usually JSON."""

    call: Call
    output: str


class Answer:
    """One response as its readers see it: words, voice (PCM 24 kHz, whole samples) and function calls."""

    def __init__(self, config: SessionConfig) -> None:
        """Start an answer that `config` shapes."""
        self.config = config
        self.parts: Stream[str | Call] = Stream()
        self.voice: Stream[bytes] = Stream()
        self.status = ""
        self.usage: Usage | None = None

    @property
    def words(self) -> str:
        """The words so far."""
        return "".join(part for part in self.parts.items if isinstance(part, str))

    @property
    def calls(self) -> list[Call]:
        """The function calls so far."""
        return [part for part in self.parts.items if isinstance(part, Call)]

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.parts.ended

    def end(self, status: str, error: StepAudioError | None = None) -> None:
        """End the answer; `status` as the service gives it, or broken for a lost connection."""
        if not self.ended:
            self.status = status
            self.parts.end(error)
            self.voice.end(error)


@dataclass(slots=True)
class Times:
    """Monotonic seconds of what happened in a turn; None if it has not."""

    ended: float | None = None
    transcript: float | None = None
    asked: float | None = None
    first_word: float | None = None
    first_voice: float | None = None
    first_voice_out: float | None = None
    done: float | None = None


@dataclass(eq=False)
class Turn:
    """What the user said and what is answered. Made by `Session.listen` and `Session.say`.

    `text` is what was typed, or None for a spoken turn, whose `audio` is PCM at `input_hz`.
    """

    changed: Callable[[], None]
    clock: Callable[[], float]
    text: str | None = None
    input_hz: int = 16_000
    audio: bytearray = field(default_factory=bytearray)
    input_ended: bool = False
    partials: Stream[str] = field(default_factory=Stream)
    transcript: str | None = None
    answers: list[Answer] = field(default_factory=list)
    results: list[CallResult] = field(default_factory=list)
    error: StepAudioError | None = None
    closed: bool = False
    claimed: bool = False
    times: Times = field(default_factory=Times)
    _voice_changed: asyncio.Event = field(default_factory=asyncio.Event)

    def feed(self, pcm: bytes) -> None:
        """Take a chunk of the user's audio: PCM at `input_hz`. Never waits."""
        if not self.input_ended and not self.closed:
            self.audio += pcm
            self.changed()

    def end_input(self) -> None:
        """Tell that the user has finished."""
        if not self.input_ended:
            self.input_ended = True
            self.times.ended = self.clock()
            self.changed()

    async def wait_for_transcript(self, timeout_s: float) -> str:
        """Return the user's words, empty if there were none. Cancelling loses nothing.

        Raises what went wrong with the turn before they came, or TimeoutError after `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            async for _ in self.partials:
                pass
        return self.transcript or ""

    def ask(self, config: SessionConfig) -> Answer:
        """Return the answer that `config` shapes: the one already under way if it is the same, else a new one.

        Another answer under way is discarded. With results of function calls given, it is the next round.
        """
        if self.error is not None or self.closed:
            answer = Answer(config)
            answer.end("failed", self.error or ClosedError())
            return answer
        current = self.answers[-1] if self.answers else None
        if current is not None and not self._calls_are_answered(current):
            if current.config == config and current.status in {"", "completed"}:
                return current
            self.answers.pop()
            current.end("cancelled")
        answer = Answer(config)
        self.answers.append(answer)
        self.times.asked = self.times.asked or self.clock()
        self._voice_changed.set()
        self.changed()
        return answer

    def _calls_are_answered(self, answer: Answer) -> bool:
        """Whether an answer called functions whose results are all there: then another one follows it."""
        given = {result.call.call_id for result in self.results}
        return bool(answer.calls) and all(call.call_id in given for call in answer.calls)

    def give_results(self, results: Sequence[CallResult]) -> None:
        """Hand over what the function calls of the last answer gave; `ask` then continues."""
        self.results.extend(results)

    def fail(self, error: StepAudioError) -> None:
        """End everything that waits in this turn; the first error wins."""
        if self.error is None and not self.closed:
            self.error = error
            self.partials.end(error)
            for answer in self.answers:
                answer.end("failed", error)
            self._voice_changed.set()

    def close(self) -> None:
        """Tell that nothing more will be asked in this turn: its voice ends after its last answer."""
        if not self.closed:
            self.closed = True
            self.times.done = self.clock()
            self.partials.end()
            self._voice_changed.set()
            self.changed()

    async def voice(self) -> AsyncIterator[bytes]:
        """Yield the voice of all answers of this turn, in order: PCM 24 kHz, until the turn is closed.

        Raises the error that broke the voice off.
        """
        index = 0
        while True:
            while index < len(self.answers):
                answer = self.answers[index]
                async for pcm in answer.voice:
                    if self.times.first_voice_out is None:
                        self.times.first_voice_out = self.clock()
                    yield pcm
                # A discarded answer leaves the row; its successor has taken the place.
                if index < len(self.answers) and self.answers[index] is answer:
                    index += 1
            if self.closed or self.error is not None:
                break
            self._voice_changed.clear()
            await self._voice_changed.wait()
        if self.error is not None:
            raise self.error
