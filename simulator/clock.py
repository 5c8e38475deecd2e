"""The one place where the simulator waits."""

import asyncio
import time


class Clock:
    """Time of the simulated service: its delays run at `pace`, its limits at `life`, and tests may push it on."""

    def __init__(self, pace: float = 1.0, life: float = 1.0) -> None:
        """`pace` and `life` stretch delays and limits: 1 is real time, and `pace=0` waits for nothing."""
        self.pace = pace
        self.life = life
        self.start = time.monotonic()
        """Its zero on the machine's monotonic clock, which other processes share."""
        self._advanced = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Seconds since the clock was made, with what `advance` added."""
        return time.monotonic() - self.start + self._advanced

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once: every wait and limit that ends within them ends now."""
        self._advanced += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait for a delay of the service."""
        await self.until(self.now(), seconds)

    async def until(self, start: float, after_s: float, unless: asyncio.Event | None = None) -> None:
        """Wait until a delay counted from `start` is over, or `unless` is set."""
        if self.pace == 0 or (unless is not None and unless.is_set()):
            await asyncio.sleep(0)
            return
        await self._wait(start + after_s * self.pace, unless)

    async def limit(self, seconds: float, since: float | None = None) -> None:
        """Wait for a limit of the service (sheet 1.13), which passes in real time even where delays do not."""
        await self._wait((self.now() if since is None else since) + seconds * self.life, None)

    async def _wait(self, deadline: float, unless: asyncio.Event | None) -> None:
        while (left := deadline - self.now()) > 0:
            if unless is not None and unless.is_set():
                return
            events = [self._moved] if unless is None else [self._moved, unless]
            waits = [asyncio.ensure_future(event.wait()) for event in events]
            try:
                await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
