"""The soak: many satellites speak for as long as asked, while the simulated service fails at random."""

import argparse
import asyncio
import ctypes
import gc
import json
import logging
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from .report import HouseError, complain, run, say
from .soak_home import Home, home, tasks_of_the_client
from .soak_turns import ANSWERED, LOST, Question, SoakBrain, Turn, random_fault

_WARM_UP_TURNS = 100
# How many of the turns have a fault thrown in their way, ask for the light, get a long answer, are typed; are spoken
# over if the answer is long, or short, and how many of these only when the voice has begun; begin a conversation.
_FAULTY = 0.2
_LIGHT = 0.35
_LONG = 0.1
_TYPED = 0.1
_OVER_LONG, _OVER_SHORT = 0.6, 0.05
_OVER_VOICE = 0.6
_NEW_CONVERSATION = 0.15
_MOMENT_S = 0.15
"""The longest time until a turn, or its voice, is spoken over."""
_MEND_EVERY = 50
_REST_EVERY = 1000
_PROGRESS_S = 10.0
_TIDY_S = 3.0


@dataclass
class Tally:
    """What became of the turns."""

    turns: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    tools_expected: int = 0
    tools_executed: int = 0

    def refused(self) -> dict[str, int]:
        """Return the refused turns by kind, and those that the user spoke over before they were answered."""
        return {kind: n for kind, n in sorted(self.endings.items()) if kind not in {ANSWERED, LOST}}


class Soak:
    """Turns to be had, and what became of them."""

    def __init__(self, home: Home, brain: SoakBrain, seed: int) -> None:
        """Begin with no turns."""
        self.tally = Tally()
        self._home = home
        self._brain = brain
        self._chance = random.Random(seed)
        self._numbers = count(1)
        self._started_s = time.monotonic()

    async def have(self, turns: int, satellites: int, *, of: int) -> None:
        """Let the satellites have so many turns among them, `of` all that there will be."""
        left = iter(range(turns))
        async with asyncio.TaskGroup() as tasks:
            progress = tasks.create_task(self._tell(of))
            async with asyncio.TaskGroup() as speaking:
                for _ in range(satellites):
                    speaking.create_task(self._satellite(lambda: next(left, None) is not None))
            progress.cancel()

    async def _tell(self, turns: int) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            tally = self.tally
            pace = tally.turns / (time.monotonic() - self._started_s)
            say(
                f"{tally.turns} of {turns} turns, {pace:.1f} a second: {tally.endings[ANSWERED]} answered, "
                f"{sum(tally.refused().values())} refused or interrupted, {tally.endings[LOST]} lost; {rss_kib()} KiB"
            )

    async def _satellite(self, more: Callable[[], bool]) -> None:
        """Have conversations, one turn after the other, until there is nothing more to ask."""
        conversation_id: str | None = None
        async with asyncio.TaskGroup() as tasks:
            spoken_over: list[asyncio.Task[None]] = []
            while more():
                if conversation_id is not None and self._chance.random() < _NEW_CONVERSATION:
                    # The next turn is somebody else's: nothing of this conversation is still under way.
                    await asyncio.gather(*spoken_over)
                    self._home.leave(conversation_id)
                    conversation_id = None
                    spoken_over.clear()
                turn, had = self._begin(tasks, conversation_id)
                if self._speaks_over(turn.question):
                    if self._chance.random() < _OVER_VOICE:
                        await turn.voice_began.wait()
                    await asyncio.sleep(self._chance.random() * _MOMENT_S)
                    turn.interrupt(silence=self._chance.random() < 0.5)
                    spoken_over.append(had)
                else:
                    await had
                    await turn.play()
                conversation_id = turn.conversation_id

    def _speaks_over(self, question: Question) -> bool:
        return self._chance.random() < (_OVER_LONG if question.long else _OVER_SHORT)

    def _begin(self, tasks: asyncio.TaskGroup, conversation_id: str | None) -> tuple[Turn, asyncio.Task[None]]:
        number = next(self._numbers)
        light = self._chance.random() < _LIGHT
        question = Question(number, light, long=not light and self._chance.random() < _LONG / (1 - _LIGHT))
        turn = Turn(self._home, question, conversation_id)
        return turn, tasks.create_task(self._have(turn, typed=self._chance.random() < _TYPED))

    async def _have(self, turn: Turn, *, typed: bool) -> None:
        """Have one turn, with a fault in its way at times, and count it."""
        simulator = self._home.simulator
        fault = random_fault(self._chance) if self._chance.random() < _FAULTY else None
        if fault is not None:
            simulator.throw(fault)
        try:
            await turn.run(typed=typed)
        finally:
            faults = tuple(placed for placed in simulator.switches.faults if placed is not fault)
            simulator.switches = simulator.switches.replace(faults=faults)
            if fault is not None and fault.kind == "stall":
                simulator.release()
        self._count(turn)
        if self.tally.turns % _MEND_EVERY == 0:
            simulator.mend()

    def _count(self, turn: Turn) -> None:
        """Count a turn, and hold its tools against what the model asked for.

        A turn that was answered after the model had called its tool has run it once, unless the model was told that
        it failed. A turn that ended before its answer may have run it or not, but not twice.
        """
        number = turn.question.number
        kind, why = turn.ending()
        executed = self._home.switched.pop(turn.context.id, 0)
        if kind == ANSWERED and not turn.interrupted and self._brain.called[number]:
            expected = 0 if number in self._brain.failed else 1
        else:
            expected = min(executed, 1)
        self._brain.forget(number)
        self.tally.turns += 1
        self.tally.endings[kind] += 1
        self.tally.tools_executed += executed
        self.tally.tools_expected += expected
        if kind == LOST:
            complain(f"turn {number} was lost: {why}")
        if executed != expected:
            complain(f"turn {number} ({kind}) ran its tool {executed} times instead of {expected}")


def main() -> int:
    """Read the command line and soak."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--turns", type=_positive, default=1000, help="how many turns to have (1000)")
    parser.add_argument("--satellites", type=_positive, default=4, help="how many satellites speak at once (4)")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices (0)")
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON, last")
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    # It tells of every voice that was refused, and so does the count.
    logging.getLogger("homeassistant.components.tts").setLevel(logging.CRITICAL)
    return run(_soak(parser.parse_args()))


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive number")
    return number


async def _soak(options: argparse.Namespace) -> int:
    try:
        result = await _figures(options)
    except HouseError as error:
        complain(f"The soak failed: {error}")
        return 1
    print(
        f"{result['turns']} turns: {result['answered']} answered, {result['lost']} lost; refused: {result['refused']}"
    )
    print(f"tools: {result['tools_executed']} executed, {result['tools_expected']} expected")
    print(f"resident memory: {result['rss_start_kib']} KiB after the warm-up, {result['rss_end_kib']} KiB at the end")
    print(f"left over: {result['sockets_open']} sockets, {result['tasks_left']} tasks", flush=True)
    wrong = [sentence for broken, sentence in _promises(result) if broken]
    for sentence in wrong:
        complain(f"The soak failed: {sentence}")
    if options.json:
        print(json.dumps(result), flush=True)
    return 1 if wrong else 0


def _promises(result: dict[str, object]) -> list[tuple[bool, str]]:
    """Return what must not be, whether it is, and the sentence for it."""
    return [
        (bool(result["lost"]), f"{result['lost']} turns were neither answered nor refused."),
        (
            result["tools_executed"] != result["tools_expected"],
            f"{result['tools_executed']} tools were executed where {result['tools_expected']} were expected.",
        ),
        (bool(result["sockets_open"]), f"{result['sockets_open']} sockets were left open."),
        (bool(result["tasks_left"]), f"{result['tasks_left']} tasks were left running."),
    ]


async def _figures(options: argparse.Namespace) -> dict[str, object]:
    """Have the turns, tear everything down, and return what was counted."""
    brain = SoakBrain()
    async with home(brain) as open_home:
        before = asyncio.all_tasks()
        await open_home.set_up(options.satellites)
        soak = Soak(open_home, brain, options.seed)
        warm_up = min(_WARM_UP_TURNS, options.turns // 2)
        say(f"{options.turns} turns with {options.satellites} satellites, {warm_up} of them to warm up")
        await soak.have(warm_up, options.satellites, of=options.turns)
        rss_start_kib = await _resting_kib(open_home)
        rss_end_kib = rss_start_kib
        while (left := options.turns - soak.tally.turns) > 0:
            await soak.have(min(left, _REST_EVERY), options.satellites, of=options.turns)
            rss_end_kib = await _resting_kib(open_home)
            say(f"at rest after {soak.tally.turns} turns: {rss_end_kib} KiB")
        hass = open_home.hass
        await hass.config_entries.async_unload(open_home.entry.entry_id)
        await hass.async_block_till_done()
        tasks_left = await _settled(lambda: len(tasks_of_the_client(before)))
        for task in tasks_of_the_client(before):
            complain(f"a task is left: {task}")
        # Home Assistant's own web session keeps a connection for a while; it goes with Home Assistant.
        await hass.async_stop(force=True)
        sockets_open = await _settled(lambda: _sockets_to(open_home.simulator.port))
    tally = soak.tally
    return {
        "turns": tally.turns,
        "answered": tally.endings[ANSWERED],
        "refused": tally.refused(),
        "lost": tally.endings[LOST],
        "tools_expected": tally.tools_expected,
        "tools_executed": tally.tools_executed + open_home.switched.total(),
        "rss_start_kib": rss_start_kib,
        "rss_end_kib": rss_end_kib,
        "sockets_open": sockets_open,
        "tasks_left": tasks_left,
    }


async def _resting_kib(open_home: Home) -> int:
    """Return the resident memory when nobody speaks and nothing is remembered of those who did."""
    open_home.simulator.mend()
    open_home.forget_all()
    await _settled(lambda: open_home.entry.runtime_data.client.open_connections - 1)  # the spare stays
    gc.collect()
    with suppress(AttributeError):  # where the C library has it: what is free goes back, so that what is held counts
        ctypes.CDLL(None).malloc_trim(0)
    return rss_kib()


def rss_kib() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


async def _settled(left: Callable[[], int]) -> int:
    """Return how many are left of something when none is, or its time is over."""
    until_s = time.monotonic() + _TIDY_S
    while (number := left()) > 0 and time.monotonic() < until_s:
        await asyncio.sleep(0.05)
    return number


def _sockets_to(port: int) -> int:
    """Return how many sockets of this process are connected with the service, at either end."""
    own = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            own.add(str(descriptor.readlink()))
        except OSError:  # it was the one that read the folder
            continue
    listening, here = "0A", f":{port:04X}"
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(
        row[3] != listening and (row[1].endswith(here) or row[2].endswith(here)) and f"socket:[{row[9]}]" in own
        for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
