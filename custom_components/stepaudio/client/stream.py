"""A row of items between one writer and its readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress


class Stream[T]:
    """A row of items that grows until it ends. Any number of readers, each from the first item on.

    The writer never waits for a reader. Reading may be cancelled at any time and begun again.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.items: list[T] = []
        self.ended = False
        self.error: Exception | None = None
        self.read = 0
        """How many items the furthest reader has got."""
        self._waiters: list[asyncio.Future[None]] = []

    def push(self, item: T) -> None:
        """Append an item; after the end it is dropped."""
        if not self.ended:
            self.items.append(item)
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """End the stream, for good; the first end wins. Readers get the rest and then `error`, if there is one."""
        if not self.ended:
            self.ended, self.error = True, error
            self._wake()

    def take_back(self, start: int) -> None:
        """Forget the items from `start` on that nobody has read."""
        del self.items[max(start, self.read) :]

    async def wait_beyond(self, count: int) -> None:
        """Return when there are more than `count` items, or the stream has ended."""
        while len(self.items) <= count and not self.ended:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                with suppress(ValueError):
                    self._waiters.remove(waiter)

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield every item as it comes; raises the stream's error after the last one."""
        index = 0
        while True:
            while index < len(self.items):
                index += 1
                self.read = max(self.read, index)
                yield self.items[index - 1]
            if self.ended:
                break
            await self.wait_beyond(index)
        if self.error is not None:
            raise self.error

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
