"""A running simulator, as scripts/watch reaches it: its log, its state, and the faults that it is told to make."""

from typing import Any

import aiohttp

from .report import HouseError
from .watch_turns import Line

_TIMEOUT = aiohttp.ClientTimeout(total=5)  # it is on this machine


class Feed:
    """Reads what is new, and steers."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url.rstrip("/")
        self.faults: list[str] = []
        """In force, in the simulator's own form."""
        self._session = session
        self._since = 0.0

    async def lines(self) -> list[Line]:
        """Return what has passed since the last call."""
        lines: list[Line] = await self._call("GET", f"/simulator/log?since={self._since!r}")
        if lines:
            self._since = lines[-1]["at"]
        return lines

    async def look(self) -> None:
        """See which faults are in force."""
        self._see(await self._call("GET", "/simulator/state"))

    async def switch(self, fault: str) -> None:
        """Switch a fault on, or off; what has stalled goes on when no fault stalls any more."""
        await self.look()
        faults = [one for one in self.faults if one != fault] if fault in self.faults else [*self.faults, fault]
        await self._steer(faults=faults, release=not any(one.startswith("stall") for one in faults))

    async def mend(self) -> None:
        """Switch all faults off, and let go on what has stalled."""
        await self._steer(faults=[], release=True)

    async def _steer(self, **wishes: Any) -> None:
        self._see(await self._call("POST", "/simulator/steer", wishes))

    def _see(self, state: dict[str, Any]) -> None:
        self.faults = state["switches"]["faults"]

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            async with self._session.request(method, self.url + path, json=body, timeout=_TIMEOUT) as response:
                response.raise_for_status()
                return await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise HouseError(f"no simulator answers at {self.url} ({error}); scripts/develop starts one.") from None
