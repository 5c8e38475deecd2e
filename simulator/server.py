"""The simulated service on a port."""

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from aiohttp import web

from . import clones, control, recognition_files, recognition_http, rest, speech_http
from .access import PLAN, Gate, key_refusal, refusal
from .realtime import RealtimeConnection
from .recognition_socket import RecognitionSocket
from .replay import Recording, ReplaySocket
from .service import Service
from .speech_socket import SpeechSocket
from .websocket import WebSocket


class Simulator(Service):
    """The service, listening while it is entered."""

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, recording: Recording | None = None, **of_service: Any
    ) -> None:
        """Listen on `host` and `port`, 0 for a free one; websockets play a `recording`; the rest is Service's."""
        super().__init__(**of_service)
        self.host = host
        self.port = port
        self._recording = recording
        self.connections: list[RealtimeConnection] = []
        """Open realtime sessions."""
        self._gate = Gate(self)
        self._sockets: set[asyncio.Task[Any]] = set()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the service listens."""
        return f"http://{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application(client_max_size=128 * 1024 * 1024)
        app.on_response_prepare.append(trace)
        for endpoint in (rest, clones, speech_http, recognition_http, recognition_files):
            app.add_routes(endpoint.routes(self))
        app.add_routes(control.routes(self, self.connections))
        sockets = {
            "/v1/realtime": self._realtime,
            f"{PLAN}/v1/realtime": self._realtime,
            "/v1/realtime/audio": self._speech,
            f"{PLAN}/v1/realtime/audio": self._speech,
            "/v1/realtime/asr/stream": self._recognition,
        }
        for path, handler in sockets.items():
            played = partial(self._replay, self._recording) if self._recording is not None else handler
            app.router.add_get(path, played)
        app.router.add_route("*", "/{path:.*}", unknown)
        # A websocket's handler is cancelled when its client is gone, even where nothing is read any more.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut what is open, and stop listening."""
        self.release()
        sockets = list(self._sockets)
        for task in sockets:
            task.cancel()
        await asyncio.gather(*sockets, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.ears.close()
        await self.voice.close()

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        model = request.query.get("model", "")

        def make() -> RealtimeConnection:
            connection = RealtimeConnection(self, request, model)
            self.connections.append(connection)
            return connection

        try:
            return await self._upgrade(request, self._gate.realtime_refusal(request, len(self.connections)), make)
        finally:
            self.connections[:] = [known for known in self.connections if known.request is not request]

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        return await self._upgrade(request, self._gate.speech_refusal(request), lambda: SpeechSocket(self, request))

    async def _recognition(self, request: web.Request) -> web.StreamResponse:
        refused = self._gate.recognition_refusal(request)
        return await self._upgrade(request, refused, lambda: RecognitionSocket(self, request))

    async def _replay(self, recording: Recording, request: web.Request) -> web.StreamResponse:
        recorded = recording.take(request.path)
        refused = key_refusal(self, request) or recorded.refusal()
        return await self._upgrade(request, refused, lambda: ReplaySocket(self, request, recorded))

    async def _upgrade(
        self, request: web.Request, refused: web.Response | None, make: Callable[[], WebSocket]
    ) -> web.StreamResponse:
        model = request.query.get("model", "")
        if refused is not None:
            self.wire.add_upgrade(request.path, model, refused.status, 0)
            return refused
        socket = make()
        self.wire.add_upgrade(request.path, model, 101, socket.number)
        if (task := asyncio.current_task()) is not None:
            self._sockets.add(task)
            task.add_done_callback(self._sockets.discard)
        return await socket.run()


async def unknown(request: web.Request) -> web.Response:
    """Refuse a path that the service does not have."""
    return refusal(404, f"{request.path} not found", "not_found")


async def trace(request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the ids that support asks for (sheet 1.2, 4)."""
    response.headers["X-Trace-Id"] = request.headers.get("X-Trace-Id") or uuid.uuid4().hex
    response.headers["X-Request-Id"] = uuid.uuid4().hex
