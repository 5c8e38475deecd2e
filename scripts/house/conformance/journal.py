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

    def opened(self, path: str, status: int) -> int:
        """Note an upgrade, and give the number of the connection; one that was refused has none."""
        self._write({"direction": "open", "path": path, "status": status})
        if status == 101:
            self._connections += 1
        return self._connections

    def passed(self, direction: Literal["in", "out"], connection: int, event: dict[str, Any]) -> None:
        """Note an event, with the size of its audio instead of the audio."""
        if self._file is not None:
            self._write({"direction": direction, "connection": connection, "event": without_audio(event)})

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps({"at": time.monotonic()} | line, ensure_ascii=False) + "\n")
