"""What passes on the sockets: the log of it, and the outgoing side of one socket, where faults strike."""

import asyncio
import base64
import uuid
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from aiohttp import web

from .clock import Clock
from .faults import ANSWER_KINDS, EVENT_KINDS, Fault, Faults, StruckError
from .items import Event
from .switches import Switches

ABNORMAL = 1006


@dataclass(frozen=True, slots=True)
class WireEvent:
    """One event on a socket, with the size of its audio instead of the audio."""

    at_s: float
    connection: int
    direction: Literal["in", "out"]
    event: Event

    @property
    def type(self) -> str:
        """The event's type."""
        return str(self.event.get("type", ""))


def without_audio(event: Event) -> Event:
    """Give the event with the size of its audio instead of the audio."""
    is_audio = event.get("type") in ("response.audio.delta", "tts.response.audio.delta", "input_audio_buffer.append")
    return {key: _sized(value, is_audio, key) for key, value in event.items()}


def _sized(value: Any, is_audio: bool, key: str = "") -> Any:
    if isinstance(value, str):
        sized = key == "audio" or (is_audio and key == "delta")
        return len(value) * 3 // 4 - value.count("=", -2) if sized else value
    if isinstance(value, dict):
        return {name: _sized(part, is_audio, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_sized(part, is_audio) for part in value]
    return value


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One attempt to open a websocket, and the status it got."""

    at_s: float
    path: str
    model: str
    status: int
    connection: int
    """0 where it was refused."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of a websocket."""

    at_s: float
    connection: int
    code: int
    """1006 where no frame told one."""
    by: Literal["client", "service"]


Entry = WireEvent | Upgrade | Closed


class WireLog:
    """Everything that passed, in order; others can listen to it, or wait for what they need to see."""

    def __init__(self, clock: Clock, keep: int) -> None:
        """Time is the simulator's; `keep` is how many entries stay, 0 for all."""
        self._clock = clock
        self._keep = keep
        self._grown = asyncio.Event()
        self.events: list[WireEvent] = []
        self.upgrades: list[Upgrade] = []
        self.closed: list[Closed] = []
        self.listeners: list[Callable[[Entry], None]] = []
        """Called with everything that passes, audio included."""

    def add(self, connection: int, direction: Literal["in", "out"], event: Event) -> None:
        """Note one event."""
        at_s = self._clock.now()
        self._note(self.events, WireEvent(at_s, connection, direction, without_audio(event)))
        self._tell(WireEvent(at_s, connection, direction, event))

    def add_upgrade(self, path: str, model: str, status: int, connection: int) -> None:
        """Note one upgrade."""
        entry = Upgrade(self._clock.now(), path, model, status, connection)
        self._note(self.upgrades, entry)
        self._tell(entry)

    def add_close(self, connection: int, code: int, by: Literal["client", "service"]) -> None:
        """Note the end of a websocket."""
        entry = Closed(self._clock.now(), connection, code, by)
        self._note(self.closed, entry)
        self._tell(entry)

    def since(self, at: float) -> list[Entry]:
        """Give what is kept of everything that passed after a time of the machine's monotonic clock, in order."""

        def after[T: Entry](entries: list[T]) -> list[T]:
            return entries[bisect_right(entries, at, key=lambda entry: self._clock.start + entry.at_s) :]

        kept: list[Entry] = [*after(self.events), *after(self.upgrades), *after(self.closed)]
        return sorted(kept, key=lambda entry: entry.at_s)

    def _note[T: Entry](self, entries: list[T], entry: T) -> None:
        entries.append(entry)
        if self._keep and len(entries) > 2 * self._keep:
            del entries[: -self._keep]
        self._grown.set()
        self._grown = asyncio.Event()

    def _tell(self, entry: Entry) -> None:
        for listener in self.listeners:
            listener(entry)

    async def seen(self, event_type: str, count: int = 1, connection: int | None = None) -> WireEvent:
        """Wait until this many events of a type have passed, from the beginning, and give the last of them."""
        while True:
            grown = self._grown
            found = [
                entry
                for entry in self.events
                if entry.type == event_type and (connection is None or entry.connection == connection)
            ]
            if len(found) >= count:
                return found[count - 1]
            await grown.wait()


class Outlet:
    """The outgoing side of one socket, and the place that decides when the socket ends."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        connection: int,
        log: WireLog,
        faults: Faults,
        clock: Clock,
        switches: Callable[[], Switches],
    ) -> None:
        """Send on `socket`; `switches` gives those in force."""
        self._socket = socket
        self._connection = connection
        self._log = log
        self._faults = faults
        self._clock = clock
        self._switches = switches
        self._armed: list[Fault] = []
        self._held: list[bytes] = []
        self._odd: bytes | None = None
        self.half_open = False
        """Nothing is sent any more, and nothing read."""
        self.ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """The code to close with, or None where the client closed or the connection is to be cut."""

    async def send(self, event: Event) -> None:
        """Send an event, and let the faults strike that are due at it; an answer fault is raised as StruckError."""
        due = [*self._armed, *self._faults.due(str(event["type"]))]
        self._armed = []
        kinds = {fault.kind: fault for fault in due}
        for fault in due:
            await self.strike(fault)
        for fault in due:
            if fault.kind in ANSWER_KINDS:
                raise StruckError(fault)
        event = {"event_id": str(uuid.uuid4())} | event
        if "empty" in kinds:
            event = {key: "" if key in ("transcript", "text", "delta") else value for key, value in event.items()}
        if "odd_audio" in kinds:
            self._odd = self._odd or b""
        event = self._cut_oddly(event)
        if "unknown" in kinds:
            await self._put(
                {"event_id": str(uuid.uuid4()), "type": "response.novelty.delta", "delta": {"of": [1, None]}}
            )
        if "drop" in kinds:
            return
        if "malformed" in kinds:
            await self._put_malformed(event, kinds["malformed"].value)
            return
        if "reorder" in kinds:
            self._log.add(self._connection, "out", event)
            self._held.append(orjson.dumps(event))
            return
        await self._put(event)
        if "duplicate" in kinds:
            await self._put(event)

    async def enter(self, phase: str) -> None:
        """Let the faults strike that are placed at a phase; those of an event wait for the next one."""
        for fault in self._faults.due(phase):
            await self.strike(fault)
            if fault.kind in ANSWER_KINDS:
                raise StruckError(fault)
            if fault.kind in EVENT_KINDS:
                self._armed.append(fault)
            if fault.kind == "unknown":
                await self._put({"event_id": str(uuid.uuid4()), "type": "response.novelty.delta", "delta": {}})

    async def error(
        self,
        message: str,
        code: str = "400",
        kind: str = "invalid_request_error",
        event_id: str | None = None,
        param: str | None = None,
    ) -> None:
        """Send an error in the shape of the switches (sheet 1.11)."""
        switches = self._switches()
        shown: int | str = int(code) if switches.error_code == "number" and code.isdigit() else code
        body: Event = {"type": kind, "code": shown, "message": message, "event_id": event_id or ""}
        if param is not None:
            body["param"] = param
        await self.send(body if switches.error_shape == "flat" else {"type": "error", "error": body})

    def end(self, code: int | None) -> None:
        """End the socket with a close code; None or 1006, which no frame can carry, cuts the connection."""
        if not self.ended.done():
            self.ended.set_result(None if code == ABNORMAL else code)

    async def strike(self, fault: Fault) -> None:
        """Do what a fault of the connection or the flow does; others pass."""
        match fault.kind:
            case "close":
                await self._flush()
                self.end(int(fault.value or 1000))
            case "abort":
                self.end(None)
            case "half_open":
                self.half_open = True
            case "stall":
                await self._faults.stall()
            case "delay":
                await self._clock.sleep(float(fault.value or 1))

    def _cut_oddly(self, event: Event) -> Event:
        if self._odd is None or event.get("type") not in ("response.audio.delta", "response.audio.done"):
            return event
        if event["type"] == "response.audio.done":
            # The last byte would be lost: this service loses it.
            self._odd = None
            return event
        audio = self._odd + base64.b64decode(event["delta"])
        cut = len(audio) - 1 + len(audio) % 2
        self._odd = audio[cut:]
        return event | {"delta": base64.b64encode(audio[:cut]).decode()}

    async def _put_malformed(self, event: Event, how: str) -> None:
        match how:
            case "binary":
                await self._write(orjson.dumps(event)[:-9], binary=True)
            case "fields":
                await self._put({"type": event["type"]})
            case "types":
                await self._put({key: value if key == "type" else [value, 7] for key, value in event.items()})
            case _:
                await self._write(orjson.dumps(event)[:-9])

    async def _put(self, event: Event) -> None:
        if self.ended.done():
            return
        self._log.add(self._connection, "out", event)
        await self._write(orjson.dumps(event))
        await self._flush()

    async def _flush(self) -> None:
        held, self._held = self._held, []
        for frame in held:
            await self._write(frame)

    async def _write(self, frame: bytes, binary: bool = False) -> None:
        if self.half_open or self.ended.done() or self._socket.closed:
            return
        try:
            await (self._socket.send_bytes(frame) if binary else self._socket.send_str(frame.decode()))
        except ConnectionError:
            # The client has gone; the reader will see it.
            return
