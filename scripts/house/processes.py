"""Child processes that never outlive the script that started them."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from .report import HouseError

_POLL_S = 0.05
_TERM_GRACE_S = 20.0

# A script that is killed can end nothing any more: then the kernel does, where it is Linux.
WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()


class Process:
    """One child, leader of its own process group, its output in a log file."""

    def __init__(self, name: str, log: Path, child: asyncio.subprocess.Process) -> None:
        self.name = name
        self.log = log
        self.pid = child.pid
        self._child = child

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.returncode is None

    def output(self) -> str:
        """Everything it has printed so far."""
        return self.log.read_text(errors="replace")

    def failure(self, what: str) -> HouseError:
        """Return an error that says what happened and ends with the last lines of the log."""
        tail = "\n".join(f"    {line}" for line in self.output().splitlines()[-15:])
        return HouseError(f"{self.name} {what}" + (f"; its last lines:\n{tail}" if tail else "."))

    async def wait_for_line(self, start: str, timeout_s: float) -> str:
        """Return the first printed line that begins with the given text."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    # Asked before reading: what it printed last is then in what is read.
                    alive = self.alive
                    for line in self.output().splitlines():
                        if line.startswith(start):
                            return line
                    if not alive:
                        raise self.failure(f"ended by itself with status {self._child.returncode}")
                    await asyncio.sleep(_POLL_S)
        raise self.failure(f"did not print “{start}” within {timeout_s:.0f} s")

    async def wait(self) -> int:
        """Wait until it has ended by itself."""
        return await self._child.wait()

    async def end(self) -> None:
        """End it: a request first, then by force, its whole group in either case."""
        if self.alive:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), _TERM_GRACE_S)
        self._signal(signal.SIGKILL)
        await self._child.wait()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


@asynccontextmanager
async def running(
    name: str, command: Sequence[str | Path], log: Path, *, cwd: Path, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Process]:
    """Run a command for as long as the block lasts."""
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *WITH_US,
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=cwd,
            # Compiled once: without its bytecode Home Assistant imports for ten seconds instead of three.
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "", **(env or {})},
            # Ctrl-C in the terminal is for the script alone, which then ends its children in order.
            start_new_session=True,
        )
    process = Process(name, log, child)
    try:
        yield process
    finally:
        await process.end()
