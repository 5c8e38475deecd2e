"""What our client promises, held against the service: each check passes or fails with a sentence of its own."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from custom_components.stepaudio.client.errors import StepAudioError
from custom_components.stepaudio.client.events import SessionConfig, Tool
from custom_components.stepaudio.client.history import Message, Role
from custom_components.stepaudio.client.recognition import RecognitionOptions
from custom_components.stepaudio.client.session import Session
from custom_components.stepaudio.client.speech import SpeechOptions
from custom_components.stepaudio.client.turn import CallResult, Turn
from house.report import say

from .bench import BRIEF, Bench
from .cost import SPEECH_MODEL, Cost
from .overhearing import OverheardClient
from .probes.cancel import LONG
from .probes.speech import TEXT, VOICE
from .probes.tools import TOOL, home_with
from .sound import RATE_HZ, duration_s

COST = Cost(heard_s=25, read=3000, spoken_s=50, written=500, characters=len(TEXT), recognised_s=20)
_LIMIT_S = 90.0
"""For one check; our client's own limits are shorter."""
_LEAST_VOICE_S = 0.5
_ENOUGH = 0.5
"""Of the words, for a recogniser that hears a synthetic voice."""

_FUNCTION = TOOL["function"]
_TOOL = Tool(_FUNCTION["name"], _FUNCTION["description"], _FUNCTION["parameters"])


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one promise."""

    name: str
    passed: bool
    sentence: str


class FailedCheckError(Exception):
    """A promise was not kept; the text says which."""


async def run_checks(bench: Bench) -> list[Check]:
    """Let our client do what it is for."""
    context = None
    if bench.endpoint.base_url.startswith("https:"):
        context = await asyncio.to_thread(ssl.create_default_context)
    client = OverheardClient(bench.endpoint, bench.model, ssl=context)
    client.journal = bench.journal
    try:
        run = _Run(bench, client)
        return [await _check(name, work) for name, work in run.all()]
    finally:
        await client.aclose()


async def _check(name: str, work: Callable[[], Awaitable[str]]) -> Check:
    try:
        async with asyncio.timeout(_LIMIT_S):
            done = Check(name, True, await work())
    except FailedCheckError as failed:
        done = Check(name, False, str(failed))
    except TimeoutError:
        done = Check(name, False, f"It took more than {_LIMIT_S:.0f} s.")
    except StepAudioError as error:
        detail = f": {error.detail}" if error.detail else ""
        done = Check(name, False, f"{type(error).__name__}: {error}{detail}.")
    say(f"our client: {name}: {'passed' if done.passed else 'FAILED'}: {done.sentence}")
    return done


class _Run:
    """The checks, in an order in which later ones use what earlier ones gave."""

    def __init__(self, bench: Bench, client: OverheardClient) -> None:
        self._bench = bench
        self._client = client
        self._session = client.session("conformance")
        self._config = SessionConfig(BRIEF, VOICE)
        self._voice = b""

    def all(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Give the checks by name."""
        return [
            ("typed turn", self._typed),
            ("spoken turn", self._spoken),
            ("tool call", self._tool),
            ("barge-in", self._barge_in),
            ("replay after reconnect", self._replay),
            ("synthesis", self._synthesis),
            ("recognition", self._recognition),
        ]

    async def _typed(self) -> str:
        config = replace(self._config, with_voice=False)
        turn = self._session.say("Please say hello to me.", config)
        words, voice = await _read(turn, config)
        turn.close()
        _hold(bool(words.strip()), "No words came.")
        _hold(not voice, "A voice came although words alone were asked for.")
        return f"Words alone came: “{_short(words)}”."

    async def _spoken(self) -> str:
        turn = _speak(self._session, self._config, self._bench.speech.pcm)
        words, voice = await _read(turn, self._config)
        _hold(bool(words.strip()), "No words came.")
        _hold(duration_s(voice) >= _LEAST_VOICE_S, f"{duration_s(voice):.1f} s of voice came.")
        transcript = None
        with suppress(TimeoutError):
            transcript = await turn.wait_for_transcript(self._bench.patience.transcript_s)
        turn.close()
        heard = f"“{transcript}” was heard" if transcript else "what was heard is not told"
        share = _share(self._bench.speech.words, transcript or "")
        if share >= _ENOUGH:
            self._bench.findings.tell("rate_in", "Speech sent at 24 kHz is heard as its words.")
        again = await self._recognise(voice)
        if _share(words, again) >= _ENOUGH:
            self._bench.findings.tell("rate_out", "The voice, taken as 24 kHz, is recognised as its words.")
        return f"{heard}; {duration_s(voice):.1f} s of voice said “{_short(words)}”."

    async def _tool(self) -> str:
        config = replace(self._config, instructions=home_with("Kitchen Light"), tools=(_TOOL,), with_voice=False)
        turn = self._session.say("Turn on the kitchen light, please.", config)
        await _read(turn, config)
        calls = turn.answers[-1].calls
        _hold(bool(calls), "The model called no function.")
        turn.give_results([CallResult(call, '{"success": true}') for call in calls])
        words, _ = await _read(turn, config)
        turn.close()
        _hold(bool(words.strip()), "No words followed the result.")
        return f"{calls[0].name} was called with {calls[0].arguments}, and then came “{_short(words)}”."

    async def _barge_in(self) -> str:
        config = replace(self._config, instructions="You are a storyteller.")
        first = self._session.say(LONG, config)
        first.ask(config)
        first.claimed = True
        async with aclosing(first.speak()) as voice:
            await _begin(first, voice)
            connects = self._client.connects
            second = _speak(self._session, config, self._bench.speech.pcm)
            async for _ in voice:
                pass
        complete = first.answers[-1].status == "completed"
        words, answer = await _read(second, config)
        second.close()
        _hold(not complete, "The first answer was over before it could be interrupted.")
        _hold(bool(words.strip()) and bool(answer), "The second question was not answered by voice.")
        _hold(self._client.connects == connects, "It cost another connection.")
        return f"The story ended at once, and the second answer was “{_short(words)}”."

    async def _replay(self) -> str:
        config = replace(self._config, with_voice=False)
        said = "My favourite animal is the otter."
        first = self._session.say(said, config)
        answer, _ = await _read(first, config)
        first.close()
        connects = self._client.connects
        self._session.drop()
        history = [Message(Role.USER, said), Message(Role.ASSISTANT, answer)]
        second = self._session.say("What did I just say?", config, history)
        words, _ = await _read(second, config)
        second.close()
        _hold(self._client.connects > connects, "There was no new connection.")
        _hold("otter" in words.lower(), f"The new connection knew nothing of before: “{_short(words)}”.")
        return f"A new connection knew what was said before: “{_short(words)}”."

    async def _synthesis(self) -> str:
        self._voice = b"".join(
            [pcm async for pcm in self._client.synthesize(_pieces([TEXT]), SpeechOptions(SPEECH_MODEL, VOICE))]
        )
        _hold(duration_s(self._voice) >= _LEAST_VOICE_S, f"{duration_s(self._voice):.1f} s of voice came.")
        return f"{duration_s(self._voice):.1f} s of voice came for {len(TEXT)} characters."

    async def _recognition(self) -> str:
        _hold(bool(self._voice), "There is no voice to recognise.")
        words = await self._recognise(self._voice)
        _hold(_share(TEXT, words) >= _ENOUGH, f"“{TEXT}” was recognised as “{words}”.")
        return f"What was synthesised was recognised as “{words}”."

    async def _recognise(self, pcm: bytes) -> str:
        chunks = [pcm[start : start + RATE_HZ // 5] for start in range(0, len(pcm), RATE_HZ // 5)]
        options = RecognitionOptions(rate_hz=RATE_HZ)
        words = ""
        async with aclosing(self._client.recognize(_pieces(chunks), options, self._bench.web)) as heard:
            async for transcript in heard:
                words = transcript.text
        return words


def _speak(session: Session, config: SessionConfig, pcm: bytes) -> Turn:
    turn = session.listen(RATE_HZ, config)
    turn.feed(pcm)
    turn.end_input()
    return turn


async def _read(turn: Turn, config: SessionConfig) -> tuple[str, bytes]:
    """Ask, and give all words and all voice of the answer."""
    answer = turn.ask(config)
    words = [part async for part in answer.parts if isinstance(part, str)]
    return "".join(words), b"".join(turn.voice.items[answer.voice_start :])


async def _begin(turn: Turn, voice: AsyncGenerator[bytes]) -> None:
    """Take the voice until the model's own has begun; before it, silence comes."""
    while not turn.voice_bytes:
        await anext(voice)


async def _pieces[T](given: list[T]) -> AsyncGenerator[T]:
    for piece in given:
        yield piece


def _share(wanted: str, heard: str) -> float:
    """Give how many of the wanted words were heard."""
    words = _words(wanted)
    return len(words & _words(heard)) / len(words) if words else 0.0


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+|[\u4e00-\u9fff]", text.lower()))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def _hold(kept: bool, otherwise: str) -> None:
    if not kept:
        raise FailedCheckError(otherwise)
