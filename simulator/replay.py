"""A recorded service side played back: the service says what it said, once the client has done what it had done."""

import asyncio
import base64
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import orjson
from aiohttp import web

from .access import PLAN, refusal
from .audio import SERVICE_HZ
from .items import Event
from .service import Service
from .tones import LEVEL
from .websocket import WebSocket

APPEND, TEXT = "input_audio_buffer.append", "tts.text.delta"
"""What flows in pieces of any size: its amount counts, not how many events bring it."""
FLOW_ENDS = ("input_audio_buffer.commit", "input_audio_buffer.clear", "tts.text.flush", "tts.text.done")
CAUSED_BY_FLOW = frozenset(
    {
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "conversation.item.input_audio_transcription.delta",
        "tts.response.sentence.start",
    }
)
"""These wait for as much audio or text as had come before them; all others only for events that are no flow."""
TONE_HZ = 440.0
"""Stands for audio of which the record has the size alone."""
REFUSALS = {
    401: "invalid_api_key",
    402: "quota_exceeded",
    404: "not_found",
    429: "rate_limit_exceeded",
    503: "unavailable",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One event that passed, or the end of the connection, which has no event."""

    at_s: float
    from_service: bool
    event: Event | None
    code: int = 1000


@dataclass(eq=False, slots=True)
class RecordedConnection:
    """One attempt to open a websocket, and what passed on it."""

    at_s: float
    path: str
    status: int = 101
    moments: list[Moment] = field(default_factory=list)

    def refusal(self) -> web.Response | None:
        """Give the refusal that was recorded, if it was one."""
        if self.status == 101:
            return None
        return refusal(self.status, "the upgrade was refused", REFUSALS.get(self.status, "refused"))


class Recording:
    """What is left to be played of a record."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read the lines of a record; ValueError names the one that is none."""
        self._connections: list[RecordedConnection] = []
        open_ones: dict[int, RecordedConnection] = {}
        for number, line in enumerate(lines, 1):
            try:
                self._read(orjson.loads(line), open_ones)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"line {number} is none of a record: {error!r}") from None

    def _read(self, line: dict[str, Any], open_ones: dict[int, RecordedConnection]) -> None:
        at_s, number = float(line["at"]), int(line["connection"])
        match line["direction"]:
            case "open":
                connection = RecordedConnection(at_s, str(line["path"]), int(line["status"]))
                self._connections.append(connection)
                if connection.status == 101:
                    open_ones[number] = connection
                return
            case "close":
                moment = Moment(at_s, line["by"] == "service", None, int(line["code"]))
            case "in" | "out" as direction:
                moment = Moment(at_s, direction == "out", {"type": str(line["event"]["type"])} | line["event"])
            case other:
                raise ValueError(f"no direction: {other}")
        # Where the record began in the middle of a connection, the rest of it cannot be played.
        if number in open_ones:
            open_ones[number].moments.append(moment)

    def take(self, path: str) -> RecordedConnection:
        """Give the next recorded connection to an endpoint, on whichever plan; a refused one where none is left."""
        endpoint = path.removeprefix(PLAN)
        for connection in self._connections:
            if connection.path.removeprefix(PLAN) == endpoint:
                self._connections.remove(connection)
                return connection
        return RecordedConnection(0.0, path, 503)


class Progress:
    """How far a client has come."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self._counts: Counter[str] = Counter()
        self._flow = 0

    def count(self, event: Event) -> bool:
        """Count an event of the client; False where it is part of a flow."""
        kind = event["type"]
        if kind == APPEND:
            audio = event.get("audio", 0)
            self._flow += audio if isinstance(audio, int) else len(base64.b64decode(str(audio)))
            return False
        if kind == TEXT:
            self._flow += len(str((event.get("data") or {}).get("text", "")))
            return False
        self._counts[kind] += 1
        if kind in FLOW_ENDS:
            self._flow = 0
        return True

    def reaches(self, other: Self, with_flow: bool) -> bool:
        """Whether everything that `other` has counted was counted here too."""
        if not self._counts >= other._counts:  # it is one of us
            return False
        ended = any(self._counts[kind] > other._counts[kind] for kind in FLOW_ENDS)
        return not with_flow or ended or self._flow >= other._flow


class ReplaySocket(WebSocket):
    """A websocket on which a recorded one is played."""

    def __init__(self, service: Service, request: web.Request, recorded: RecordedConnection) -> None:
        """Serve an upgrade that was accepted."""
        super().__init__(service, request)
        self._recorded = recorded
        self._client = Progress()
        self._moved = asyncio.Event()
        self._spoken_bytes = 0
        self._ids: dict[str, str] = {}
        """Of the client's events: the recorded one → the one that came in its place."""
        self._recorded_ids: defaultdict[str, deque[str]] = defaultdict(deque)
        for moment in recorded.moments:
            if moment.event is not None and not moment.from_service:
                self._recorded_ids[moment.event["type"]].append(str(moment.event.get("event_id", "")))

    async def opened(self) -> None:
        """Begin to play."""
        self.background(self._play)

    async def handle(self, event: Event) -> None:
        """Note how far the client is."""
        self._client.count(event)
        if (recorded := self._recorded_ids[event["type"]]) and (event_id := recorded.popleft()):
            self._ids[event_id] = str(event.get("event_id", ""))
        self._moved.set()
        self._moved = asyncio.Event()

    async def _play(self) -> None:
        needed, before_s, heard_s = Progress(), self._recorded.at_s, self._recorded.at_s
        for moment in self._recorded.moments:
            if not moment.from_service:
                heard_s = moment.at_s
                if moment.event is not None and needed.count(moment.event):
                    before_s = moment.at_s
                continue
            flows = moment.event is not None and moment.event["type"] in CAUSED_BY_FLOW
            while not self._client.reaches(needed, flows):
                await self._moved.wait()
            await self.service.clock.sleep(moment.at_s - (max(before_s, heard_s) if flows else before_s))
            before_s = moment.at_s
            if moment.event is None:
                self.outlet.end(moment.code)
            else:
                await self.outlet.send(self._renamed(self._filled(moment.event)))

    def _renamed(self, event: Event) -> Event:
        """Let an error name the client's own event."""
        if event.get("event_id") in self._ids:
            event = event | {"event_id": self._ids[event["event_id"]]}
        error = event.get("error")
        if isinstance(error, dict) and error.get("event_id") in self._ids:
            event = event | {"error": error | {"event_id": self._ids[error["event_id"]]}}
        return event

    def _filled(self, value: Any, key: str = "") -> Any:
        """Give an event with a tone where the record has the size of its audio alone."""
        if isinstance(value, dict):
            return {name: self._filled(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        if isinstance(value, int) and key in ("audio", "delta"):
            return self._tone(value)
        return value

    def _tone(self, size_bytes: int) -> str:
        start = self._spoken_bytes
        self._spoken_bytes += size_bytes
        samples = np.arange(start // 2, (self._spoken_bytes + 1) // 2)
        pcm = (np.sin(2 * np.pi * TONE_HZ * samples / SERVICE_HZ) * LEVEL).astype("<i2").tobytes()
        return base64.b64encode(pcm[start % 2 :][:size_bytes]).decode()
