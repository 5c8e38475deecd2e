"""Many sessions spoken to at once, in a process that does nothing else: `python -m house.bench.duplex ours|floor URL`.

A duplex session is a pair of the client's, on a connection each: the model answers when it has heard, so while one is
spoken to the other is answered, and then the other way round. So a pair takes in one second of speech a second, in
chunks of 10 ms as Home Assistant hands them over, and gives one second of voice, in deltas of 8 KiB. A turn is 2.05 s
of speech and an answer as long, with the events of a turn and its words. The pairs' turns are spread over time.

What is heard is told on standard input, a line for each drive: how many pairs, the seconds to let them settle, and the
seconds to measure. A line of JSON tells of each: CPU time of this process in milliseconds per second of one pair, for
each second, and how late a chunk was fed or a delta came into the listener's hands, at worst.
"""

import asyncio
import gc
import json
import random
import resource
import sys
import time
from collections.abc import Awaitable
from itertools import batched
from typing import Protocol

from .light_service import DELTA_S

CHUNK_S = 0.01
SPEAKING = 205
"""How many chunks a turn's speech has."""
_PERIOD = 2 * SPEAKING
_CONNECTS_AT_ONCE = 20
INSTRUCTIONS = "You are the voice of a house. Be brief. " * 25
VOICE = "jingdiannvsheng"


def speech(rate_hz: int) -> list[bytes]:
    """Return a turn's speech in chunks; nobody understands it here."""
    size = round(rate_hz * CHUNK_S) * 2
    noise = random.Random(2)
    return [noise.randbytes(size) for _ in range(SPEAKING)]


class Half(Protocol):
    """One session of a pair."""

    @property
    def listening(self) -> bool:
        """Whether the answer has not come to its end yet."""

    async def connect(self) -> None:
        """Open and configure its connection."""

    def begin(self) -> None:
        """Begin a turn."""

    def feed(self, number: int) -> Awaitable[None] | None:
        """Take the turn's next chunk of speech; return what has to be awaited, if anything."""

    def end(self) -> Awaitable[None] | None:
        """Take the end of the speech: the answer follows."""


class Sessions(Protocol):
    """Where the halves come from."""

    def half(self, number: int, listener: Listener) -> Half:
        """Return another one."""

    async def aclose(self) -> None:
        """Close the connections of all of them."""


class Ear:
    """Notes how late the deltas of an answer come, and all else."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    def note(self, due_s: float) -> None:
        """Take what is done now, and since when it could have been."""
        self.worst_s = max(self.worst_s, time.monotonic() - due_s)


class Listener:
    """Listens to the answers of one session: a delta is due when the one before it is spoken."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._due_s = 0.0

    def begin(self) -> None:
        """Expect an answer from now on."""
        self._due_s = time.monotonic()

    def hear(self, pcm: bytes) -> None:
        """Take a delta."""
        del pcm
        self._ear.note(self._due_s)
        self._due_s += DELTA_S


class Driver:
    """Speaks to all of them, in one task: a satellite would be another process."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._ear = Ear()
        self._halves: list[tuple[int, Half]] = []
        self._tick = 0

    async def drive(self, pairs: int, settle_s: float, measure_s: float) -> dict[str, object]:
        """Have so many pairs speak, and tell of what it took."""
        await self._fit(pairs)
        due_s = time.monotonic()
        start = self._tick
        measured_from = start + round(settle_s / CHUNK_S)
        end = measured_from + round(measure_s / CHUNK_S)
        busy_s, since_s = 0.0, 0.0
        cpu_ms = []
        while self._tick < end:
            due_s += CHUNK_S
            await asyncio.sleep(due_s - time.monotonic())
            await self._step(due_s)
            if self._tick >= measured_from and (self._tick - measured_from) % 100 == 0:
                busy_s, before_s = time.process_time(), busy_s
                since_s, then_s = time.monotonic(), since_s
                if self._tick == measured_from:
                    self._ear.worst_s = 0.0
                elif pairs:
                    cpu_ms.append((busy_s - before_s) * 1000 / (since_s - then_s) / pairs)
        return {"cpu_ms": cpu_ms, "late_ms": self._ear.worst_s * 1000}

    async def _fit(self, pairs: int) -> None:
        numbers = range(len(self._halves), 2 * pairs)
        # Spread over the time of a speech; the other half of a pair begins when the first one is answered.
        offsets = [number // 2 * 37 % SPEAKING + number % 2 * SPEAKING for number in numbers]
        halves = [self._sessions.half(number, Listener(self._ear)) for number in numbers]
        for some in batched(halves, _CONNECTS_AT_ONCE, strict=False):
            await asyncio.gather(*(half.connect() for half in some))
        self._halves += [(self._tick + offset, half) for offset, half in zip(offsets, halves, strict=True)]

    async def _step(self, due_s: float) -> None:
        tick = self._tick
        self._tick += 1
        for first, half in self._halves:
            moment = tick - first
            if moment < 0:
                continue
            moment %= _PERIOD
            if moment > SPEAKING:
                continue
            if moment == 0:
                if half.listening:
                    self._ear.note(due_s - 1)  # an answer that is not there by now has missed every deadline
                half.begin()
            work = half.feed(moment) if moment < SPEAKING else half.end()
            if work is not None:
                await work
        self._ear.note(due_s)


async def _obey(sessions: Sessions) -> None:
    driver = Driver(sessions)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            pairs, settle_s, measure_s = line.split()
            print(json.dumps(await driver.drive(int(pairs), float(settle_s), float(measure_s))), flush=True)
    finally:
        await sessions.aclose()


async def _main(kind: str, url: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if kind == "ours":
        from .duplex_ours import Ours  # noqa: PLC0415 - the floor carries nothing of ours

        sessions: Sessions = Ours(url)
    else:
        from .duplex_floor import Floor  # noqa: PLC0415

        sessions = Floor(url)
    gc.collect()
    gc.freeze()  # what was imported is no part of a session
    await _obey(sessions)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
