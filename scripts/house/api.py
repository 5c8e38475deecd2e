"""Home Assistant's HTTP and websocket APIs, as its frontend uses them."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from .report import HouseError

type Json = dict[str, Any]

_CALL_TIMEOUT_S = 30.0


class Socket:
    """One signed-in websocket; commands may overlap, each subscription has its own queue."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket
        self._last_id = 0
        self._results: dict[int, asyncio.Future[Any]] = {}
        self._subscriptions: dict[int, asyncio.Queue[tuple[float, Json] | None]] = {}

    async def call(self, command: str, **fields: Any) -> Any:
        """Send a command and return its result."""
        return (await self._send(command, fields))[1]

    async def send_binary(self, data: bytes) -> None:
        """Send audio; the first byte names the handler."""
        await self._websocket.send_bytes(data)

    @asynccontextmanager
    async def subscription(
        self, command: str, **fields: Any
    ) -> AsyncGenerator[asyncio.Queue[tuple[float, Json] | None]]:
        """Send a command and queue its events with their monotonic times of arrival; None when the socket is lost.

        The subscription ends with the block, and whatever runs for it.
        """
        events: asyncio.Queue[tuple[float, Json] | None] = asyncio.Queue()
        number, _ = await self._send(command, fields, events)
        try:
            yield events
        finally:
            self._subscriptions.pop(number, None)
            with suppress(HouseError, aiohttp.ClientError):
                await self.call("unsubscribe_events", subscription=number)

    async def _send(
        self, command: str, fields: Json, events: asyncio.Queue[tuple[float, Json] | None] | None = None
    ) -> tuple[int, Any]:
        self._last_id += 1
        number = self._last_id
        result = self._results[number] = asyncio.get_running_loop().create_future()
        if events is not None:
            # Before the command is sent: the first event may come in the same packet as the result.
            self._subscriptions[number] = events
        try:
            await self._websocket.send_json({"id": number, "type": command, **fields})
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                return number, await result
        except TimeoutError:
            raise HouseError(f"Home Assistant did not answer {command} within {_CALL_TIMEOUT_S:.0f} s.") from None
        except HouseError as error:
            raise HouseError(f"{command}: {error}") from None
        finally:
            del self._results[number]

    async def _read(self) -> None:
        """Hand out what arrives until the socket closes."""
        async for message in self._websocket:
            arrived = time.monotonic()
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            data: Json = message.json()
            if data["type"] == "event" and (events := self._subscriptions.get(data["id"])):
                events.put_nowait((arrived, data["event"]))
            elif data["type"] == "result" and (result := self._results.get(data["id"])) and not result.done():
                if data["success"]:
                    result.set_result(data["result"])
                else:
                    result.set_exception(HouseError(data["error"]["message"]))
        for events in self._subscriptions.values():
            events.put_nowait(None)
        for result in self._results.values():
            if not result.done():
                result.set_exception(HouseError("Home Assistant closed the connection."))


class Api:
    """A signed-in user's way into one Home Assistant."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.token = token

    async def post(self, path: str, body: Json) -> Json:
        """Post JSON and return the JSON answer."""
        return await self._request("POST", path, body)

    async def delete(self, path: str) -> Json:
        """Delete something and return the JSON answer."""
        return await self._request("DELETE", path)

    async def _request(self, method: str, path: str, body: Json | None = None) -> Json:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as response:
            if not response.ok:
                told = (await response.text()).partition("\n")[0]
                raise HouseError(f"Home Assistant answered {path} with {response.status}: {told}")
            answer: Json = await response.json()
            return answer

    @asynccontextmanager
    async def socket(self) -> AsyncGenerator[Socket]:
        """Open a websocket for as long as the block lasts."""
        async with self.session.ws_connect(self.url + "/api/websocket", max_msg_size=0) as websocket:
            await websocket.receive_json()
            await websocket.send_json({"type": "auth", "access_token": self.token})
            if (await websocket.receive_json())["type"] != "auth_ok":
                raise HouseError("Home Assistant did not accept the access token.")
            socket = Socket(websocket)
            reader = asyncio.create_task(socket._read())  # noqa: SLF001  # the socket's only reader
            try:
                yield socket
            finally:
                reader.cancel()
                with suppress(asyncio.CancelledError):
                    await reader
