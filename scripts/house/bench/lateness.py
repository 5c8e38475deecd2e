"""How late an event loop runs: what a scenario has to know of its own processes before it blames others."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_EVERY_S = 0.005
_WORTH_A_LINE_MS = 5
_LINE = "late "


class Lateness:
    """Wants to run every 5 ms while it is entered, and notes how late it was."""

    def __init__(self, *, told: bool = False) -> None:
        """Print a line for what is worth it, if `told`: others can read it with `latest_ms`."""
        self.worst_ms = 0.0
        self._told = told
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            due = time.monotonic() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            at = time.monotonic()
            late_ms = (at - due) * 1000
            self.worst_ms = max(self.worst_ms, late_ms)
            if self._told and late_ms > _WORTH_A_LINE_MS:
                print(f"{_LINE}{at:.3f} {late_ms:.1f}", flush=True)


def latest_ms(log: Path, start: float) -> float:
    """Return the worst that a process printed since a time, 0 if nothing was worth a line."""
    lines = (line.split() for line in log.read_text().splitlines() if line.startswith(_LINE))
    return max((float(late_ms) for _, at, late_ms in lines if float(at) >= start), default=0.0)
