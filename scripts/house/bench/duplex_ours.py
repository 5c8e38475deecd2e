"""Sessions as the integration has them: prepared, listened to, claimed, words and voice read as they come."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from custom_components.stepaudio.client.client import StepAudioClient
from custom_components.stepaudio.client.connection import Endpoint
from custom_components.stepaudio.client.errors import ClosedError
from custom_components.stepaudio.client.events import SessionConfig
from custom_components.stepaudio.client.session import Session
from custom_components.stepaudio.client.turn import Answer, Turn
from house.haste import without_spacing

from .duplex import INSTRUCTIONS, VOICE, Half, Listener, speech

CONFIG = SessionConfig(INSTRUCTIONS, VOICE)
RATE_HZ = 16_000
_TRANSCRIPT_S = 15.0


def unlimited(url: str) -> StepAudioClient:
    """Return a client that connects as often as it is asked to."""
    client = StepAudioClient(Endpoint(url, "bench"), "bench", max_sessions=1_000_000)
    without_spacing(client)
    return client


class Ours:
    """Sessions of one client."""

    def __init__(self, url: str) -> None:
        self._client = unlimited(url)
        self._speech = speech(RATE_HZ)

    def half(self, number: int, listener: Listener) -> Half:
        """Return another one."""
        return _Half(self._client.session(str(number)), self._speech, listener)

    async def aclose(self) -> None:
        """Close their connections."""
        await self._client.aclose()


class _Half:
    """A session, and what Home Assistant would do with it: one task for the words, one for the voice."""

    def __init__(self, session: Session, chunks: list[bytes], listener: Listener) -> None:
        self._session = session
        self._chunks = chunks
        self._listener = listener
        self._turn: Turn
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def listening(self) -> bool:
        """Whether the answer has not come to its end yet."""
        return bool(self._tasks)

    async def connect(self) -> None:
        """Open and configure its connection."""
        await self._session.connect(CONFIG)

    def begin(self) -> None:
        """Prepare a turn as the agent does, and begin it as the ears do."""
        self._session.prepare(CONFIG, self._session.history)
        self._turn = self._session.listen(RATE_HZ, CONFIG)

    def feed(self, number: int) -> None:
        """Feed the turn."""
        self._turn.feed(self._chunks[number])

    def end(self) -> None:
        """End the speech, and read the answer."""
        self._listener.begin()
        self._turn.end_input()
        self._start(self._converse(self._turn))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, turn: Turn) -> None:
        with suppress(ClosedError):  # in the middle of a turn, when enough was measured
            await self._answer(turn)

    async def _answer(self, turn: Turn) -> None:
        """Claim the turn as the agent does, and read its words."""
        await turn.wait_for_transcript(_TRANSCRIPT_S)
        turn.claimed = True
        answer = turn.ask(CONFIG)
        self._start(self._speak(turn))
        await self._read(answer)
        turn.close()

    async def _read(self, answer: Answer) -> list[object]:
        return [part async for part in answer.parts]

    async def _speak(self, turn: Turn) -> None:
        """Take the voice as the satellite does."""
        with suppress(ClosedError):
            async for pcm in turn.speak():
                self._listener.hear(pcm)
