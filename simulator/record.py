"""The event log as a file: one line of JSON for every event and every upgrade, as they pass."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from .service import Service
from .wire import Upgrade, WireEvent


class Recorder:
    """Appends what passes to a file; `at` is the machine's monotonic clock, which other processes share."""

    def __init__(self, service: Service, path: Path) -> None:
        """Record while entered."""
        self._service = service
        self._file = path.open("ab", buffering=0)
        self._start = time.monotonic() - service.clock.now()

    def __enter__(self) -> Self:
        """Begin with the next event."""
        self._service.wire.listeners.append(self._write)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._service.wire.listeners.remove(self._write)
        self._file.close()

    def _write(self, entry: WireEvent | Upgrade) -> None:
        line: dict[str, Any] = {"at": self._start + entry.at_s}
        match entry:
            case Upgrade():
                line |= {"direction": "open", "path": entry.path, "status": entry.status}
            case WireEvent():
                line |= {"direction": entry.direction, "connection": entry.connection, "event": entry.event}
        self._file.write(orjson.dumps(line) + b"\n")
