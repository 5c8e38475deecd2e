"""What the client library costs: duplex sessions at the pace of speech, beside the least that they could cost.

What a session is spoken to and answers is told in `duplex`: speech goes in and voice comes out all the time, for which
it takes two of the client's. Both kinds of sessions first run side by side on one core, the service on another one, and
each second tells what a second of duplex audio, one in and one out, costs either of them. Then, one kind after the
other, sessions are added until a chunk is fed, or a delta in its listener's hands, more than 100 ms late.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from house.processes import WITH_US, Process, running
from house.report import HouseError, say

from .duplex import CHUNK_S, SPEAKING
from .figures import Chart, Measured, Panel, Scenario

KINDS = ("ours", "floor")
_PAIRS_SIDE_BY_SIDE = 100
_LATE_MS = 100
# Until the pairs that were added speak and answer.
_SETTLE_S = 2 * SPEAKING * CHUNK_S + 0.1
_HOLD_S = 2
# Of the pairs that a core should carry by the cost of one: where to begin, and how many to add.
_BEGIN, _STEP = 0.5, 0.05
_START_TIMEOUT_S = 30.0


@dataclass
class _Worker:
    """A process that speaks to many sessions."""

    name: str
    child: asyncio.subprocess.Process

    async def drive(self, pairs: int, settle_s: float, measure_s: float) -> tuple[list[float], float]:
        """Have pairs speak; return what one cost in each second, in ms, and how late anything was at worst, in ms."""
        assert self.child.stdin is not None and self.child.stdout is not None  # noqa: S101, PT018 - both are pipes
        self.child.stdin.write(f"{pairs} {settle_s} {measure_s}\n".encode())
        if not (line := await self.child.stdout.readline()):
            raise HouseError(f"The process of “{self.name}” broke off.")
        told = json.loads(line)
        return told["cpu_ms"], told["late_ms"]


@asynccontextmanager
async def light_service(*arguments: str) -> AsyncGenerator[tuple[str, Process]]:
    """Run the light service on the last core; give its address."""
    with TemporaryDirectory(prefix="stepaudio-bench-") as directory:
        command = [sys.executable, "-m", "house.bench.light_service", *arguments]
        async with running("The light service", command, Path(directory) / "service.log", cwd=Path.cwd()) as process:
            line = await process.wait_for_line("listening on ", _START_TIMEOUT_S)
            pin(process.pid, -1)
            yield line.removeprefix("listening on "), process


@asynccontextmanager
async def _worker(name: str, url: str) -> AsyncGenerator[_Worker]:
    child = await asyncio.create_subprocess_exec(
        *WITH_US,
        sys.executable,
        "-m",
        "house.bench.duplex",
        name,
        url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        pin(child.pid, 0)
        yield _Worker(name, child)
    finally:
        child.terminate()
        await child.wait()


def pin(pid: int, core: int) -> None:
    """Keep a process on one of our cores, where that can be done."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {sorted(os.sched_getaffinity(0))[core]})


async def _measure(turns: int) -> Measured:
    figures: dict[str, float] = {}
    async with light_service() as (url, service), AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(_worker(name, url)) for name in KINDS]
        say(f"client: {_PAIRS_SIDE_BY_SIDE} duplex sessions of each kind for {turns} s")
        both = await asyncio.gather(*(worker.drive(_PAIRS_SIDE_BY_SIDE, _SETTLE_S, turns) for worker in workers))
        cost_ms = [median(cpu_ms) for cpu_ms, _ in both]
        for worker, cost in zip(workers, cost_ms, strict=True):
            figures[_name(worker, "cpu_ms_per_audio_s")] = cost
            figures[_name(worker, "sessions_per_core")] = await _capacity(worker, 1000 / cost, turns, service)
        figures["client.floor_ratio"] = cost_ms[0] / cost_ms[1]
    return Measured(figures)


def _name(worker: _Worker, figure: str) -> str:
    return f"client.{'floor_' if worker.name == 'floor' else ''}{figure}"


async def _capacity(worker: _Worker, expected: float, turns: int, service: Process) -> int:
    """Return how many sessions a core carries. Few turns ask for a rough answer: they add in large steps."""
    step = max(int(expected * _STEP * 30 / min(turns, 30)), 1)
    pairs, held = max(int(expected * _BEGIN), 1), 0
    while await _in_time(worker, pairs, service):
        held = pairs
        pairs += step
    return held


async def _in_time(worker: _Worker, pairs: int, service: Process) -> bool:
    for attempt in range(2):  # a hiccup of the machine is no limit
        _, late_ms = await worker.drive(pairs, _SETTLE_S if attempt == 0 else 0, _HOLD_S)
        told = json.loads(service.output().splitlines()[-1])
        say(
            f"client: {worker.name}, {pairs} sessions, {late_ms:.0f} ms late at worst; "
            f"the service took {told['core']:.0%} of its core and was {told['late_ms']:.0f} ms late"
        )
        if late_ms <= _LATE_MS:
            return True
    return False


SCENARIO = Scenario(
    Chart(
        "The client library, beside bare websockets, base64 and JSON without resampling",
        (
            Panel(
                "ms",
                (
                    ("CPU per second of duplex audio", "client.cpu_ms_per_audio_s"),
                    ("the least it could be", "client.floor_cpu_ms_per_audio_s"),
                ),
            ),
            Panel("×", (("in multiples of that", "client.floor_ratio"),)),
            Panel(
                "sessions",
                (
                    ("carried by one core", "client.sessions_per_core"),
                    ("at the most", "client.floor_sessions_per_core"),
                ),
            ),
        ),
    ),
    _measure,
)
