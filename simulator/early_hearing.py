"""Recognition that begins when the user falls silent, so that a commit finds it done.

The real model hears while it listens; a recogniser that starts at the commit would add its own time to every answer.
"""

import asyncio
from collections.abc import Callable

from .audio import SERVICE_HZ, level, size_bytes

QUIET_LEVEL = 300
QUIET_BYTES = size_bytes(200, SERVICE_HZ)


class EarlyHearing:
    """What was recognised ahead of the commit."""

    def __init__(self, hear: Callable[[bytes], asyncio.Task[str]]) -> None:
        """`hear` starts to recognise audio."""
        self._hear = hear
        self._task: asyncio.Task[str] | None = None
        self._spoken = False
        self._quiet_bytes = 0

    def listen(self, piece: bytes, buffer: bytearray) -> None:
        """Take notice of another piece, the last of the buffer."""
        if level(piece) > QUIET_LEVEL:
            self.forget()
            self._spoken = True
            return
        self._quiet_bytes += len(piece)
        if self._spoken and self._task is None and self._quiet_bytes >= QUIET_BYTES:
            self._task = self._hear(bytes(buffer))

    def take(self) -> asyncio.Task[str] | None:
        """Give the recognition of all that was said, if it has begun."""
        task, self._task = self._task, None
        self.forget()
        self._spoken = False
        return task

    def forget(self) -> None:
        """Drop a recognition that is no longer of all that was said."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._quiet_bytes = 0
