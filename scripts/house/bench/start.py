"""What it costs a running Home Assistant 2026.11.0 to take StepAudio in.

Each of the `turns` is a fresh process of Home Assistant, in a config directory that was set up once, which compiled all
bytecode and warmed the disk, and in which the account is disabled. What StepAudio depends on in Home Assistant is
loaded; nothing of StepAudio is, nor `av` and `websockets`, which it brings (the stopwatch, an integration beside it,
refuses to measure otherwise).

* `start.import_ms`: Home Assistant's loader imports the package and all its platforms, in its executor, as ever.
* `start.setup_ms`: from the user's enabling the account to "loaded" with all platforms and their entities. The service
  is the simulator in another process on loopback that waits for nothing (pace 0), so its answers are in the figure and
  no network is.
* `start.longest_block_ms`: the longest that Home Assistant's event loop stood still, whoever made it so, from before
  the import to the end of the first turns in MP3, FLAC and WAV. It is felt by a timer that wants to run every
  millisecond in that loop: an import in another thread, which holds the interpreter's lock, keeps it from running, too.
  `start.import_block_ms`, `setup_block_ms` and `turn_block_ms` tell the three apart. `start.idle_block_ms` is what the
  timer feels in the half second before, while nothing happens.

The figures are medians: of times over one half of the processes, of blocks over the other, in which the timer runs. It
takes the lock a thousand times a second, which makes an import a fifth longer.
"""

import asyncio
import json
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from house.assist import add_stepaudio, welcome
from house.home_assistant import free_port, home_assistant
from house.homes import SMALL, furnish
from house.processes import running
from house.report import HouseError, say
from house.service import Account, Simulated, service

from .figures import Chart, Measured, Panel, Scenario
from .service import spoken

_STOPWATCH = Path(__file__).with_name("stopwatch")
_PROCESS_TIMEOUT_S = 60.0
_POLL_S = 0.05
_STAGES = ("import", "setup", "turn")


async def measure(turns: int) -> Measured:
    """Start Home Assistant so many times."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="stepaudio-start-")))
        simulated = Simulated(arguments=("--pace", "0", "--set", "rapid_connects=0"), module="house.bench.service")
        behind = await stack.enter_async_context(service(directory, simulated))
        (directory / "question.pcm").write_bytes(spoken("12"))
        settled = directory / "settled"
        settled.mkdir()
        await _settle(settled, await behind.ready())
        timed, felt = [], []
        for number in range(1, max(turns, 2) + 1):
            if number % 2:
                timed.append(await _start(directory, settled))
                say(f"start: process {number} of {turns}, imported in {timed[-1]['import_ms']:.0f} ms")
            else:
                felt.append(await _start(directory, settled, STOPWATCH_TICKS="yes"))
    figures = {f"start.{stage}_ms": median(told[f"{stage}_ms"] for told in timed) for stage in ("import", "setup")}
    figures["start.longest_block_ms"] = median(max(told[f"{stage}_block_ms"] for stage in _STAGES) for told in felt)
    for stage in (*_STAGES, "idle"):
        figures[f"start.{stage}_block_ms"] = median(told[f"{stage}_block_ms"] for told in felt)
    return Measured(figures)


async def _settle(config: Path, account: Account) -> None:
    """Set StepAudio up in a config directory as a user does, and disable its account."""
    async with home_assistant(config, free_port(), SMALL.devices, (_STOPWATCH,)) as ha:
        api = await ha.up()
        async with api.socket() as socket:
            await furnish(socket, SMALL)
            entry_id = await add_stepaudio(api, account, take_assistant=True)
            await welcome(api, socket, entry_id, ())
            await socket.call("config_entries/disable", entry_id=entry_id, disabled_by="user")


async def _start(directory: Path, settled: Path, **how: str) -> dict[str, Any]:
    """Have one process measured, and return what the stopwatch tells."""
    config = directory / "config"
    shutil.copytree(settled, config, symlinks=True)
    result = directory / "result.json"
    command: list[str | Path] = [sys.executable, "-m", "homeassistant", "--config", config, "--log-no-color"]
    env = {"STOPWATCH_RESULT": str(result), "STOPWATCH_QUESTION": str(directory / "question.pcm"), **how}
    try:
        async with running("Home Assistant", command, config / "output.log", cwd=config, env=env) as process:
            try:
                async with asyncio.timeout(_PROCESS_TIMEOUT_S):
                    while not result.exists():
                        if not process.alive:
                            raise process.failure("ended while it was measured")
                        await asyncio.sleep(_POLL_S)
            except TimeoutError:
                raise process.failure(f"told nothing within {_PROCESS_TIMEOUT_S:.0f} s") from None
            told: dict[str, Any] = json.loads(result.read_text())
            if "error" in told:
                raise HouseError(f"The stopwatch stopped: {told['error']}.")
            return told
    finally:
        result.unlink(missing_ok=True)
        shutil.rmtree(config)


SCENARIO = Scenario(
    Chart(
        "Taking StepAudio into a running Home Assistant",
        (
            Panel("ms", (("import", "start.import_ms"), ("set-up", "start.setup_ms"))),
            Panel(
                "ms",
                (
                    ("longest block of the event loop", "start.longest_block_ms"),
                    ("in the import", "start.import_block_ms"),
                    ("in the set-up", "start.setup_block_ms"),
                    ("in the first turns", "start.turn_block_ms"),
                    ("with nothing going on", "start.idle_block_ms"),
                ),
            ),
        ),
    ),
    measure,
)
