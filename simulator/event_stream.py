"""Server-sent events, as the HTTP endpoints for speech and recognition send them (sheet 2.1, 3.2)."""

import orjson
from aiohttp import web

from .http_faults import strike
from .items import Event
from .service import Service


class EventStreamEnded(Exception):  # noqa: N818  # it is no error: a fault has ended the stream
    """A fault has ended the stream."""


class EventStream:
    """One streamed answer."""

    def __init__(self, service: Service, request: web.Request, error_type: str) -> None:
        """`error_type` is the type of this endpoint's error event."""
        self._service = service
        self._request = request
        self._error_type = error_type
        self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})

    async def open(self) -> None:
        """Send the head."""
        await self.response.prepare(self._request)

    async def send(self, event: Event) -> None:
        """Send one event; raise EventStreamEnded where a fault has ended the stream."""
        fault = await strike(self._service, self._request, event["type"])
        if fault is not None and fault.kind == "drop":
            return
        if fault is not None and fault.kind == "malformed":
            await self.response.write(b"data: {broken\n\n")
            return
        if fault is not None:
            if fault.kind not in ("abort", "close"):
                await self._write(
                    {"type": self._error_type, "message": fault.value or f"the answer failed: {fault.kind}"}
                )
            raise EventStreamEnded
        await self._write(event)

    async def done(self) -> None:
        """Send the line that ends the stream."""
        await self.response.write(b"data: [DONE]\n\n")

    async def _write(self, event: Event) -> None:
        await self.response.write(b"data: " + orjson.dumps(event) + b"\n\n")
