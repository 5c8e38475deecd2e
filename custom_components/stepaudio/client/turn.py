"""One user input and every response that answers it, tool rounds included.

A turn holds what was said on both sides, so that it outlives a connection: its audio is kept until it is answered,
and readers of the answer neither see nor hold up the socket. `Session` fills it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from .audio import SERVICE_HZ, duration_ms, size_bytes
from .errors import ClosedError, StepAudioError
from .events import SessionConfig, Usage
from .signals import Call, Response
from .stream import Stream
from .text import SLOWEST_PACE, sentences, speaking_time_ms

# A satellite wedges when a reply pauses for 5 s (home-assistant.md section 3). After this pause silence is sent, in
# steps that keep the player's buffer as full as it was.
_LONGEST_PAUSE_S = 1.5
_SILENCE_S = 0.5
_SILENCE = bytes(size_bytes(_SILENCE_S * 1000, SERVICE_HZ))


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a function call gave; `output` is text, usually JSON."""

    call: Call
    output: str
    logged: bool = True
    """Whether Home Assistant's log tells of it; a function of our own leaves no trace there."""


class Anew:
    """Stands between the words of an answer whose beginning was lost, and all the words of the one that replaces it."""


@dataclass(eq=False)
class Answer:
    """One response as its readers see it: words and function calls; its voice is a stretch of the turn's.

    `status` is empty until it has ended: completed, cancelled, failed or incomplete. A response that breaks off is
    asked for again in the same answer: what readers have got already is not repeated if the model says the same, and
    if it does not, `Anew` comes before its words.
    """

    config: SessionConfig
    voice_start: int = 0
    """The first item of the turn's voice that is this answer's."""
    parts: Stream[str | Call | Anew] = field(default_factory=Stream)
    status: str = ""
    usage: Usage | None = None
    voice: str = ""
    """The voice that the service used, by its own word; it may be another than the configured one (sheet 1.6)."""
    voice_bytes: int = 0
    words_complete: bool = False
    voice_complete: bool = False
    attempts: int = 0
    """How often the service failed at it."""
    origin: object = None
    """The connection that gave it."""
    _owed: str = ""
    """What readers have got and the response that is given again has not said yet."""

    @property
    def words(self) -> str:
        """The words so far."""
        return "".join(part for part in self._latest if isinstance(part, str))

    @property
    def calls(self) -> list[Call]:
        """The function calls so far."""
        return [part for part in self._latest if isinstance(part, Call)]

    @property
    def is_empty(self) -> bool:
        """Whether the model has said nothing and called nothing."""
        return not self._repeated and not self.calls

    @property
    def _latest(self) -> list[str | Call | Anew]:
        items = self.parts.items
        return items[max((index + 1 for index, part in enumerate(items) if isinstance(part, Anew)), default=0) :]

    @property
    def _repeated(self) -> str:
        """The words that the response itself has said."""
        return self.words.removesuffix(self._owed)

    def say(self, text: str) -> None:
        """Append words."""
        if self._owed.startswith(text):
            self._owed = self._owed[len(text) :]
        elif text.startswith(self._owed):
            self.parts.push(text[len(self._owed) :])
            self._owed = ""
        else:
            self._settle()
            self.parts.push(text)

    def call(self, call: Call) -> None:
        """Append a function call."""
        self._settle()
        self.parts.push(call)

    def end_words(self) -> None:
        """Tell that the words are complete."""
        self._settle()
        self.words_complete = True

    def begin_again(self, voice_start: int) -> None:
        """Forget what nobody has got: the response is given again, and its voice begins at `voice_start`."""
        self.parts.take_back(0)
        if self.calls:
            self.parts.push(Anew())
        self._owed = self.words
        self.voice_start, self.voice_bytes = voice_start, 0
        self.words_complete = self.voice_complete = False

    def _settle(self) -> None:
        """Take words that were owed for others: what comes is something else."""
        if self._owed:
            repeated, self._owed = self._repeated, ""
            self.parts.push(Anew())
            if repeated:
                self.parts.push(repeated)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.parts.ended

    def end(self, status: str, error: StepAudioError | None = None) -> None:
        """End the answer; readers get the rest and then `error`."""
        if not self.ended:
            if status in {"completed", "incomplete"}:
                self._settle()
            self.status = status
            self.parts.end(error)


@dataclass(slots=True)
class Times:
    """Monotonic seconds of what happened in a turn; None if it has not."""

    ended: float | None = None
    transcript: float | None = None
    first_word: float | None = None
    first_voice: float | None = None
    first_voice_out: float | None = None
    done: float | None = None


@dataclass(eq=False)
class Turn:
    """What the user said and what is answered. Made by `Session.listen` and `Session.say`.

    `text` is what was typed, or None for a spoken turn, whose `audio` is PCM at `input_hz`. `voice` is that of all
    answers, in order: PCM 24 kHz.
    """

    changed: Callable[[], None]
    clock: Callable[[], float]
    text: str | None = None
    input_hz: int = 16_000
    audio: bytearray = field(default_factory=bytearray)
    audio_due: int = 0
    """How much of it there has to be before the session can send more."""
    input_ended: bool = False
    partials: Stream[str] = field(default_factory=Stream)
    transcript: str | None = None
    answers: list[Answer] = field(default_factory=list)
    results: list[CallResult] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    """What the service made of the answers, also of those that were given up."""
    voice: Stream[bytes] = field(default_factory=Stream)
    error: StepAudioError | None = None
    closed: bool = False
    claimed: bool = False
    interrupted: bool = False
    """Whether the user spoke over the complete answer."""
    spoken: bool = False
    """Whether nobody will take more of the voice."""
    times: Times = field(default_factory=Times)
    _silence_ms: float = 0.0

    def feed(self, pcm: bytes) -> None:
        """Take a chunk of the user's audio: PCM at `input_hz`. Never waits."""
        if not self.input_ended and not self.closed:
            self.audio += pcm
            if len(self.audio) >= self.audio_due:
                self.changed()

    def end_input(self) -> None:
        """Tell that the user has finished."""
        if not self.input_ended:
            self.input_ended = True
            self.times.ended = self.clock()
            self.changed()

    async def wait_for_transcript(self, timeout_s: float) -> str | None:
        """Return the user's words: empty if there were none, None if the service does not tell them.

        Cancelling loses nothing. Raises what went wrong with the turn before they came, or TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            async for _ in self.partials:
                pass
        return self.transcript

    def ask(self, config: SessionConfig) -> Answer:
        """Return the answer that `config` shapes: the one already under way if it is the same, else a new one.

        Another answer under way is discarded. When the results of all function calls are there, it is the next one.
        """
        if self.error is not None or self.closed:
            answer = Answer(config)
            answer.end("failed", self.error or ClosedError())
            return answer
        current = self.answers[-1] if self.answers else None
        if current is not None and not self._calls_are_answered(current):
            if current.config == config and current.status in {"", "completed", "incomplete"}:
                return current
            self.answers.pop()
            current.end("cancelled")
            self.voice.take_back(current.voice_start)
            if not self.answers:
                self.times.first_word = self.times.first_voice = None
        answer = Answer(config, voice_start=len(self.voice.items))
        self.answers.append(answer)
        self.changed()
        return answer

    @property
    def failure(self) -> StepAudioError | None:
        """What the turn, or its last answer, failed at."""
        failed = self.answers[-1].parts.error if self.answers else None
        return self.error or (failed if isinstance(failed, StepAudioError) else None)

    @property
    def is_answered(self) -> bool:
        """Whether the last answer came to its end and left nothing to be done."""
        last = self.answers[-1] if self.answers else None
        return (
            last is not None
            and not self.interrupted
            and last.status in {"completed", "incomplete"}
            and (not last.calls or self._calls_are_answered(last))
        )

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
            self._end(error)

    def close(self) -> None:
        """Tell that nothing more will be asked in this turn: its voice ends with its last answer."""
        if not self.closed:
            self.closed = True
            self.times.done = self.clock()
            self._end(None)
            self.changed()

    def _end(self, error: StepAudioError | None) -> None:
        self.partials.end(error)
        for answer in self.answers:
            answer.end("failed" if error is not None else "cancelled", error)
        self.voice.end(error)

    async def speak(self) -> AsyncGenerator[bytes]:
        """Yield the voice of the whole turn, PCM 24 kHz, without a pause that a player would stumble over.

        While nothing comes, because a tool takes its time, silence does. Raises the error that broke the voice off.
        """
        try:
            index, pause_s = 0, _LONGEST_PAUSE_S
            self._silence_ms = 0.0
            voice = self.voice
            while True:
                while index < len(voice.items):
                    if self.times.first_voice_out is None:
                        self.times.first_voice_out = self.clock()
                    index += 1
                    voice.read = max(voice.read, index)
                    pause_s = _LONGEST_PAUSE_S
                    yield voice.items[index - 1]
                if voice.ended:
                    break
                try:
                    async with asyncio.timeout(pause_s):
                        await voice.wait_beyond(index)
                except TimeoutError:
                    if self.times.first_voice_out is not None:
                        self._silence_ms += _SILENCE_S * 1000
                    yield _SILENCE
                    pause_s = _SILENCE_S
            if voice.error is not None:
                raise voice.error
        finally:
            self.spoken = True
            self.changed()

    # --- what the user has heard ---

    @property
    def voice_bytes(self) -> int:
        """How much voice there is so far."""
        return sum(answer.voice_bytes for answer in self.answers)

    def heard_ms(self) -> float:
        """Return how much of the voice has been played: as long as it has been pulled, and no more than there is."""
        if self.times.first_voice_out is None:
            return 0.0
        elapsed_ms = (self.clock() - self.times.first_voice_out) * 1000 - self._silence_ms
        return min(elapsed_ms, duration_ms(self.voice_bytes, SERVICE_HZ))

    def is_playing(self) -> bool:
        """Return whether there is voice that was pulled and cannot have been heard to its end."""
        return self.times.first_voice_out is not None and self.heard_ms() < duration_ms(self.voice_bytes, SERVICE_HZ)

    def unspoken_words(self) -> str:
        """Return the words from the sentence on at which the voice broke off."""
        words = " ".join(answer.words.strip() for answer in self.answers if answer.words.strip())
        # The speaking rate tells how far it came. Something is missing, so the last sentence is at least.
        spoken_ms = duration_ms(self.voice_bytes, SERVICE_HZ) * SLOWEST_PACE
        position = 0
        for start, sentence in sentences(words):
            position = start
            spoken_ms -= speaking_time_ms(sentence)
            if spoken_ms < 0:
                break
        return words[position:].strip()
