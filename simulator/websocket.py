"""One websocket of the service: a reader, a handler of events in their order, and one end for both."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from .faults import ANSWER_KINDS, Fault, StruckError
from .items import Event, RefusedError
from .service import Service
from .wire import ABNORMAL, Outlet

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
CLOSE_S = 1.0
"""How long the client's half of a close is waited for."""


class WebSocket:
    """The life of one websocket; endpoints say what opens it and what its events mean."""

    def __init__(self, service: Service, request: web.Request) -> None:
        """Take over an upgrade that was accepted."""
        self.service = service
        self.request = request
        self.number = next(service.numbers)
        self._frame_s = service.clock.now()
        """When the last frame came from the client."""
        self._pong_s = self._frame_s
        self._websocket = web.WebSocketResponse(
            timeout=CLOSE_S, autoping=False, autoclose=False, max_msg_size=MAX_MESSAGE_BYTES, compress=False
        )
        self.outlet: Outlet
        self._tasks: asyncio.TaskGroup
        self._running: set[asyncio.Task[Any]] = set()

    async def opened(self) -> None:
        """Send what comes first."""
        raise NotImplementedError

    async def handle(self, event: Event) -> None:
        """Do what a client's event asks for, or refuse it."""
        raise NotImplementedError

    async def run(self) -> web.WebSocketResponse:
        """Serve the websocket until it ends."""
        await self._websocket.prepare(self.request)
        self.outlet = Outlet(
            self._websocket,
            self.number,
            self.service.wire,
            self.service.faults,
            self.service.clock,
            lambda: self.service.switches,
        )
        try:
            async with asyncio.TaskGroup() as self._tasks:
                events: asyncio.Queue[Event | RefusedError] = asyncio.Queue()
                self.background(self._read, events)
                self.background(self._handle_all, events)
                if self.service.switches.server_ping_s:
                    self.background(self._ping, self.service.switches.server_ping_s)
                code = await self.outlet.ended
                for task in self._running:
                    task.cancel()
        except asyncio.CancelledError:
            if self.request.transport is None:
                self.service.wire.add_close(self.number, ABNORMAL, "client")
            raise
        if (told := self._websocket.close_code) is not None:
            self.service.wire.add_close(self.number, told, "client")
        else:
            self.service.wire.add_close(self.number, code or ABNORMAL, "service")
        if code is not None:
            await self._websocket.close(code=code)
        elif self.request.transport is not None:
            self.request.transport.abort()
        return self._websocket

    def background[**P](self, work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do something alongside, whose refusals go to the client; it ends with the socket."""
        self._keep(self._tasks.create_task(self.guarded(work, *args, **kwargs)))

    def start[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something alongside that somebody waits for; it ends with the socket."""
        task = self._tasks.create_task(work)
        self._keep(task)
        return task

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def guarded[**P](self, work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do something whose refusal, or the answer fault that strikes it, goes to the client."""
        try:
            await work(*args, **kwargs)
        except RefusedError as refusal:
            await self.error(refusal.message, refusal.code, refusal.kind)
        except StruckError as struck:
            await self.fault_error(struck.fault)

    async def end_after(self, limit_s: float, code: int) -> None:
        """End the socket when a limit of the service is over."""
        await self.service.clock.limit(limit_s)
        self.outlet.end(code)

    async def idle(self, limit_s: float) -> None:
        """Wait until the client has sent nothing for so long."""
        while True:
            since = self._frame_s
            await self.service.clock.limit(limit_s, since)
            if self._frame_s == since:
                return

    async def end_when_idle(self, limit_s: float, code: int) -> None:
        """End the socket when the client has sent nothing for so long."""
        await self.idle(limit_s)
        self.outlet.end(code)

    async def _ping(self, every_s: float) -> None:
        sent_s = 0.0
        while not self.outlet.half_open:
            await self.service.clock.limit(every_s)
            if self._pong_s < sent_s:
                await self.pong_missed()
                return
            sent_s = self.service.clock.now()
            try:
                await self._websocket.ping()
            except ConnectionError:
                return

    async def pong_missed(self) -> None:
        """End the socket, whose client has not answered a ping."""
        self.outlet.end(self.service.switches.close_code)

    async def error(
        self,
        message: str,
        code: str = "400",
        kind: str = "invalid_request_error",
        event_id: str | None = None,
        param: str | None = None,
    ) -> None:
        """Send an error event in the endpoint's shape."""
        await self.outlet.error(message, code, kind, event_id, param)

    async def fault_error(self, fault: Fault, event_id: str | None = None) -> None:
        """Send the error event of an answer fault."""
        match fault.kind:
            case "busy":
                await self.error("ongoing response already exists", event_id=event_id)
            case "internal_error":
                message = fault.value or "internal speech engine error"
                await self.error(message, code="503", kind="server_error", event_id=event_id)
            case "moderation":
                await self.error("the content was blocked", code="451", kind="censorship_block", event_id=event_id)
            case _:
                code, message = fault.error()
                await self.error(message, code, event_id=event_id)

    async def _read(self, events: asyncio.Queue[Event | RefusedError]) -> None:
        async for message in self._websocket:
            self._frame_s = self.service.clock.now()
            if self.outlet.half_open:
                continue
            if message.type == WSMsgType.PONG:
                self._pong_s = self._frame_s
            elif message.type == WSMsgType.PING:
                await self._websocket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                events.put_nowait(self._parse(message.data))
            elif message.type == WSMsgType.BINARY:
                events.put_nowait(RefusedError("invalid event format"))
        if self.outlet.half_open:
            # The client has closed and waits for an answer that never comes; the end of the TCP connection cancels us.
            await asyncio.Event().wait()
        self.outlet.end(1000)

    def _parse(self, text: str) -> Event | RefusedError:
        try:
            event = orjson.loads(text)
        except orjson.JSONDecodeError:
            return RefusedError("invalid event format")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return RefusedError("invalid event format")
        self.service.wire.add(self.number, "in", event)
        return event

    async def _handle_all(self, events: asyncio.Queue[Event | RefusedError]) -> None:
        await self.guarded(self.opened)
        while True:
            event = await events.get()
            if isinstance(event, RefusedError):
                await self.error(event.message, event.code)
                continue
            event_id = event.get("event_id")
            event_id = event_id if isinstance(event_id, str) else None
            try:
                for _ in range(await self._times(event)):
                    await self.handle(event)
            except RefusedError as refusal:
                await self.error(refusal.message, refusal.code, refusal.kind, event_id, refusal.param)
            except StruckError as struck:
                await self.fault_error(struck.fault, event_id)

    async def _times(self, event: Event) -> int:
        """Let the faults strike that are placed at a client's event, and say how often it is handled."""
        times = 1
        for fault in self.service.faults.due(str(event["type"])):
            await self.outlet.strike(fault)
            if fault.kind in ANSWER_KINDS:
                raise StruckError(fault)
            if fault.kind == "drop":
                times = 0
            if fault.kind == "duplicate":
                times = 2
            if fault.kind == "too_late":
                await self.before_it_is_late(event)
        return times

    async def before_it_is_late(self, event: Event) -> None:
        """Finish what `event` would have stopped; most events stop nothing."""
        del event
