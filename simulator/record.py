"""The event log as lines of JSON, one for everything that passes, and the file that they are appended to."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from .clock import Clock
from .service import Service
from .wire import Closed, Entry, Upgrade, WireEvent, without_audio


def as_line(entry: Entry, clock: Clock) -> dict[str, Any]:
    """Give an entry as it is written; `at` is the machine's monotonic clock, which other processes share."""
    line: dict[str, Any] = {"at": clock.start + entry.at_s, "connection": entry.connection}
    match entry:
        case Upgrade():
            return line | {"direction": "open", "path": entry.path, "model": entry.model, "status": entry.status}
        case Closed():
            return line | {"direction": "close", "code": entry.code, "by": entry.by}
        case WireEvent():
            return line | {"direction": entry.direction, "event": entry.event}


class Recorder:
    """Appends what passes to a file."""

    def __init__(self, service: Service, path: Path, with_audio: bool = False) -> None:
        """Record while entered, and of audio the size alone unless it is asked for."""
        self._service = service
        self._file = path.open("ab", buffering=0)
        self._with_audio = with_audio

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

    def _write(self, entry: Entry) -> None:
        line = as_line(entry, self._service.clock)
        if isinstance(entry, WireEvent) and not self._with_audio:
            line["event"] = without_audio(entry.event)
        self._file.write(orjson.dumps(line) + b"\n")
