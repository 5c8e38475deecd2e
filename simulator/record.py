"""The event log as a file: one line of JSON for every event and every upgrade, as they pass."""

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson

from .service import Service

_EVERY_S = 0.05


class Recorder:
    """Appends what passes to a file; `at` is the machine's monotonic clock, which other processes share."""

    def __init__(self, service: Service, path: Path) -> None:
        """Begin with the first event."""
        self._service = service
        self._file = path.open("ab", buffering=0)
        self._start = time.monotonic() - service.clock.now()
        self._events = self._upgrades = 0

    async def run(self) -> None:
        """Write until cancelled, what is left included."""
        with self._file:
            try:
                while True:
                    self._write()
                    await asyncio.sleep(_EVERY_S)
            finally:
                self._write()

    def _write(self) -> None:
        service = self._service
        upgrades, events = service.upgrades[self._upgrades :], service.log[self._events :]
        lines: list[dict[str, Any]] = [
            {"at": self._start + upgrade.at_s, "direction": "open", "path": upgrade.path, "status": upgrade.status}
            for upgrade in upgrades
        ]
        lines += [
            {
                "at": self._start + entry.at_s,
                "direction": entry.direction,
                "connection": entry.connection,
                "event": entry.event,
            }
            for entry in events
        ]
        self._upgrades += len(upgrades)
        self._events += len(events)
        self._file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
