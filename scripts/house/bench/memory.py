"""What sessions and turns keep in memory, with nothing but the client library in the process that is looked at.

* `memory.idle_session_kib`: of 1,000 sessions, connected and configured, with nothing to do; by the anonymous memory of
  the process, which holds all that the library, its sockets and the event loop have allocated.
* `memory.active_session_kib`: of 100 sessions while half of them are spoken to and the other half are answered, at the
  pace of speech.
* `memory.slope_bytes_per_turn`: what stays of a turn, by the slope of a line through what is allocated after every 100
  of 2,000 turns, after 500 that are not counted. The turns are spoken and answered by voice, in conversations of ten,
  ten at a time; what a conversation remembers of itself goes with it. Here Python allocates by the C library, whose
  count is exact to the byte and takes in what FFmpeg keeps; the memory of a process grows by pages and would hide a
  leak of this size.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from house.home_assistant import REPOSITORY
from house.processes import running
from house.report import say

from .client import light_service, pin
from .figures import Chart, Measured, Panel, Scenario

_FEW = 10
"""So many turns at least tell a figure. With fewer it is tried that all of this works, as fast as that goes."""


async def _measure(turns: int) -> Measured:
    idle, active, taken = (1000, 100, 2000) if turns >= _FEW else (20, 4, 100)
    figures: dict[str, float] = {}
    async with light_service() as (url, _):
        say(f"memory: {idle} sessions with nothing to do")
        figures |= await _told("idle", url, idle)
        say(f"memory: {active} sessions that are spoken to or answered")
        figures |= await _told("active", url, active)
    async with light_service("--fast") as (url, _):
        say(f"memory: {taken} turns")
        figures |= await _told("turns", url, taken)
    return Measured({f"memory.{name}": value for name, value in figures.items()})


async def _told(kind: str, url: str, number: int) -> dict[str, Any]:
    """Run the process that is looked at, and return what it tells of itself."""
    allocator = {"PYTHONMALLOC": "malloc"} if kind == "turns" else {}
    with TemporaryDirectory(prefix="stepaudio-bench-") as directory:
        log = Path(directory) / "worker.log"
        command = [sys.executable, "-m", "house.bench.memory_worker", kind, url, str(number)]
        async with running("The process with the sessions", command, log, cwd=REPOSITORY, env=allocator) as process:
            pin(process.pid, 0)
            line = await process.wait_for_line("{", 120.0)
            told: dict[str, Any] = json.loads(line)
            return told


SCENARIO = Scenario(
    Chart(
        "What is kept in memory",
        (
            Panel(
                "KiB",
                (
                    ("an idle session", "memory.idle_session_kib"),
                    ("one that is spoken to or answered", "memory.active_session_kib"),
                ),
            ),
            Panel("B", (("what stays of a turn", "memory.slope_bytes_per_turn"),)),
        ),
    ),
    _measure,
)
