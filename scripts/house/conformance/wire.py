"""One websocket of the service, read as it is: every event with its time, and nothing made of it."""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode

from .findings import Findings, ProbeError, RefusedError
from .journal import Journal

ERROR = "error"
_CUT = 1006
"""The code of a connection that no frame ended."""
_MESSAGE_LIMIT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the service may take for what, in seconds."""

    connect_s: float = 15.0
    answer_s: float = 15.0
    """From an event to what answers it, or between two events of an answer (first audio took 8.8 s at worst)."""
    response_s: float = 90.0
    """A whole answer; the long ones are cancelled."""
    moment_s: float = 2.0
    """For what may not come at all, such as a second acknowledgement."""
    transcript_s: float = 5.0
    """For the user's words, which may not come at all."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the service, with its place in the connection and its time in monotonic seconds."""

    index: int
    at_s: float
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        """The type; "error" for errors in either shape."""
        return ERROR if self.error is not None else str(self.body.get("type", ""))

    @property
    def error(self) -> dict[str, Any] | None:
        """What an error says, inside `error` or bare; None where it is no error."""
        inner = self.body.get("error")
        if self.body.get("type") == ERROR and isinstance(inner, dict):
            return inner
        kind = str(self.body.get("type", ""))
        return self.body if kind.endswith("_error") or (kind == ERROR and "message" in self.body) else None

    @property
    def message(self) -> str:
        """What an error says in words."""
        return str((self.error or {}).get("message", ""))

    def part(self, name: str) -> dict[str, Any]:
        """Give an object inside, empty where it is missing."""
        value = self.body.get(name)
        return value if isinstance(value, dict) else {}

    def audio(self, name: str = "delta") -> bytes:
        """Give the audio of a delta."""
        return base64.b64decode(str(self.body.get(name, "")))


class _Socket(ClientConnection):
    """Counts the pings of the service, which the library answers by itself."""

    pings = 0

    def process_event(self, event: Any) -> None:
        """Take notice of a frame."""
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


class Wire:
    """An open websocket; a task reads it from the beginning to the end."""

    def __init__(
        self, socket: _Socket, number: int, patience: Patience, journal: Journal, findings: Findings | None
    ) -> None:
        """Take over an open websocket; `findings` gets its errors and counts its events."""
        self.patience = patience
        self.events: list[Event] = []
        self.ended_s: float | None = None
        """When the connection had ended, in the time of the loop."""
        self._socket = socket
        self._number = number
        self._journal = journal
        self._findings = findings
        self._ids = itertools.count(1)
        self._grown = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def now_s(self) -> float:
        """The time, as events have it."""
        return self._loop.time()

    @property
    def mark(self) -> int:
        """The place after the last event."""
        return len(self.events)

    @property
    def pings(self) -> int:
        """How often the service has pinged."""
        return self._socket.pings

    @property
    def close_code(self) -> int | None:
        """The code that ended the connection; 1006 where no frame said so."""
        return self._socket.close_code

    @property
    def headers(self) -> dict[str, str]:
        """What the answer to the upgrade carried."""
        response = self._socket.response
        return {} if response is None else {name.lower(): value for name, value in response.headers.raw_items()}

    async def read(self) -> None:
        """Read until the connection ends."""
        try:
            while True:
                self._take(await self._socket.recv())
        except ConnectionClosed as closed:
            by: Literal["client", "service"] = "client" if closed.rcvd_then_sent is False else "service"
            self._journal.closed(self._number, self.close_code or _CUT, by)
            self.ended_s = self.now_s
            self._grown.set()

    def _take(self, raw: str | bytes) -> None:
        try:
            body = json.loads(raw)
        except ValueError:
            return
        if not isinstance(body, dict):
            return
        event = Event(len(self.events), self.now_s, body)
        self.events.append(event)
        self._journal.passed("out", self._number, body)
        if self._findings is not None:
            self._findings.note_event(body)
            if event.error is not None:
                self._findings.errors.setdefault(event.message, body)
        self._grown.set()

    async def send(self, kind: str, **fields: Any) -> str:
        """Send an event, and give its id."""
        event_id = f"conformance_{next(self._ids)}"
        body = {"event_id": event_id, "type": kind} | fields
        self._journal.passed("in", self._number, body)
        try:
            await self._socket.send(json.dumps(body))
        except ConnectionClosed:
            raise self._lost() from None
        return event_id

    async def ping(self) -> float:
        """Give the time that a ping takes, in seconds."""
        try:
            async with asyncio.timeout(self.patience.answer_s):
                return await (await self._socket.ping())
        except ConnectionClosed, TimeoutError:
            raise self._lost() from None

    async def until(self, *kinds: str, after: int = 0, within_s: float | None = None) -> Event:
        """Give the first event of one of these kinds from a place on."""
        limit_s = self.patience.answer_s if within_s is None else within_s
        found = await self.look(*kinds, after=after, within_s=limit_s)
        if found is None:
            if self.ended_s is not None:
                raise self._lost()
            raise ProbeError(f"no {' or '.join(kinds)} came within {limit_s:.0f} s")
        return found

    async def look(self, *kinds: str, after: int = 0, within_s: float) -> Event | None:
        """Give the first event of one of these kinds from a place on, None if none comes."""
        return await self._find(lambda event: event.kind in kinds, after, within_s)

    async def ask(self, kind: str, *answers: str, **fields: Any) -> Event:
        """Send an event and give what answers it: one of these kinds, or an error that is not another event's."""
        mark = self.mark
        event_id = await self.send(kind, **fields)

        def fits(event: Event) -> bool:
            if event.error is not None:
                return event.error.get("event_id") in (None, "", event_id)
            return event.kind in answers

        found = await self._find(fits, mark, self.patience.answer_s)
        if found is None:
            raise self._lost() if self.ended_s is not None else ProbeError(f"nothing answered {kind}")
        return found

    async def end(self, within_s: float) -> bool:
        """Wait for the service to end the connection, and tell whether it did."""
        await self._find(lambda _: False, self.mark, within_s)
        return self.ended_s is not None

    async def _find(self, fits: Callable[[Event], bool], after: int, within_s: float) -> Event | None:
        try:
            async with asyncio.timeout(within_s):
                at = after
                while True:
                    while at < len(self.events):
                        if fits(self.events[at]):
                            return self.events[at]
                        at += 1
                    if self.ended_s is not None:
                        return None
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            return None

    def _lost(self) -> ProbeError:
        return ProbeError(f"the service ended the connection (code {self.close_code})")


@asynccontextmanager
async def opened(
    url: str,
    headers: dict[str, str],
    *,
    path: str,
    model: str,
    patience: Patience,
    journal: Journal,
    findings: Findings | None,
) -> AsyncGenerator[Wire]:
    """Open a websocket, and read it for as long as the block lasts."""
    try:
        socket = await connect(
            url,
            additional_headers=headers,
            create_connection=_Socket,
            compression=None,
            open_timeout=patience.connect_s,
            close_timeout=patience.moment_s,
            ping_interval=None,
            max_size=_MESSAGE_LIMIT_BYTES,
        )
    except InvalidStatus as refused:
        status = refused.response.status_code
        journal.opened(path, model, status)
        raise RefusedError(status, bytes(refused.response.body or b"").decode(errors="replace")) from None
    except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, EOFError) as error:
        raise ProbeError(f"the service was not reached: {type(error).__name__}") from None
    if not isinstance(socket, _Socket):
        raise TypeError
    wire = Wire(socket, journal.opened(path, model, 101), patience, journal, findings)
    reader = asyncio.create_task(wire.read(), name="conformance reader")
    try:
        yield wire
    finally:
        await socket.close()
        await reader
