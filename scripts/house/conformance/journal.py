"""The wire log of all connections as JSON lines, as the simulator writes its own, so that it can become a test."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from simulator.wire import without_audio


class Journal:
    """Appends what passes to a file, if there is one; directions are the service's. The key is in none of it."""

    def __init__(self, path: Path | None) -> None:
        """Write while entered."""
        self._file = path.open("a", buffering=1) if path is not None else None
        self._connections = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def opened(self, path: str, model: str, status: int) -> int:
        """Note an upgrade, and give the number of the connection; 0 if it was refused."""
        number = 0
        if status == 101:
            self._connections += 1
            number = self._connections
        self._write({"direction": "open", "connection": number, "path": path, "model": model, "status": status})
        return number

    def passed(self, direction: Literal["in", "out"], connection: int, event: dict[str, Any]) -> None:
        """Note an event, with the size of its audio instead of the audio."""
        if self._file is not None:
            self._write({"direction": direction, "connection": connection, "event": without_audio(event)})

    def closed(self, connection: int, code: int, by: Literal["client", "service"]) -> None:
        """Note the end of a connection."""
        self._write({"direction": "close", "connection": connection, "code": code, "by": by})

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps({"at": time.monotonic()} | line, ensure_ascii=False) + "\n")
