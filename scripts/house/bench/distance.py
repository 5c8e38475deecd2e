"""A line of some length before a server on this machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_OPENING = 2
"""Round trips before a client's first byte leaves: TCP's greeting and TLS 1.3's, as on the way to the real service."""
_TIMER_S = 0.0015
"""Timers are late by up to a millisecond: the rest of a delay is waited for step by step."""
_STEP_S = 0.0001
"""What waiting is late by even so, as an echo over the line shows: a round trip takes as long as it is told to."""


class Line:
    """Holds whatever passes for half a round trip, each way and in order. Its length may be changed at any time."""

    def __init__(self, target: str) -> None:
        """Lead to a server; `url` is where the line begins."""
        address = urlsplit(target)
        self._host, self._port = address.hostname, address.port
        self.url = ""
        self.round_trip_s = 0.0
        self._pumps: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Let clients in for as long as the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        opened_s = asyncio.get_running_loop().time() + _OPENING * self.round_trip_s
        server, to_server = await asyncio.open_connection(self._host, self._port)
        pumps = [
            asyncio.create_task(self._pump(client, to_server, opened_s)),
            asyncio.create_task(self._pump(server, to_client, opened_s)),
        ]
        self._pumps.update(pumps)
        for pump in pumps:
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened_s: float) -> None:
        """Pass on what is read when it is due, and the end of it."""
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due_s, data = await under_way.get()
                await _until(due_s)
                if not data:
                    return
                writer.write(data)

        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(deliver())
                data = b"more"
                while data:
                    data = b""
                    with suppress(OSError):
                        data = await reader.read(65_536)
                    due_s = max(loop.time(), opened_s) + self.round_trip_s / 2
                    under_way.put_nowait((due_s, data))
        finally:
            writer.close()


async def _until(due_s: float) -> None:
    loop = asyncio.get_running_loop()
    due_s -= _STEP_S
    if (left_s := due_s - loop.time()) > _TIMER_S:
        await asyncio.sleep(left_s - _TIMER_S)
    while loop.time() < due_s:
        await asyncio.sleep(0)
