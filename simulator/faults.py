"""Faults: what goes wrong, and at which moment."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    # the connection
    "refuse",  # at connecting or a path: the upgrade or request is refused; value: the HTTP status (429)
    "close",  # a close frame; value: the code (1000)
    "abort",  # the TCP connection is cut: 1006 at the client
    "half_open",  # nothing is read or sent any more, pings neither, and the connection stays
    # the flow
    "stall",  # whoever reached the moment stays there until Simulator.release(); pings are still answered
    "delay",  # the same for a time; value: seconds (1)
    # the answer
    "error",  # an error event instead, and no response.done; value: the message, or the code and the message
    "internal_error",  # a server error, then response.done with status failed (sheet 1.11); value: the message
    "moderation",  # blocked content; value: "error", "failed" or "silent" (sheet 9.13)
    "busy",  # "ongoing response already exists" instead
    "too_late",  # at response.cancel: the response is complete before the cancel is read
    # the event
    "drop",  # it is never sent
    "duplicate",  # it is sent twice
    "reorder",  # it is sent after the one that follows it
    "unknown",  # an event of an unknown type goes ahead of it
    "malformed",  # it is broken; value: "json", "binary", "fields" or "types"
    "odd_audio",  # its audio, and that of all that follow, is cut at odd places
    "empty",  # its words are empty
]
EVENT_KINDS = frozenset({"drop", "duplicate", "reorder", "malformed", "odd_audio", "empty"})
ANSWER_KINDS = frozenset({"error", "internal_error", "moderation", "busy"})

Phase = Literal["connecting", "idle", "listening", "committed", "answering", "speaking", "in_tool"]
PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong at the `nth` time that the moment `at` comes, and `times` times in a row.

    `at` is a phase, entered, or the type of an event, received or about to be sent, or the path of a request. Faults of
    an event that are placed at a phase strike the next event sent.
    """

    kind: Kind
    at: str
    nth: int = 1
    times: int = 1
    value: str = ""

    def error(self) -> tuple[str, str]:
        """Read code and message from the value of an error."""
        match = re.fullmatch(r"(?:(\d{3}) )?(.*)", self.value, re.DOTALL)
        code, message = match.groups() if match is not None else (None, "")
        return code or "400", message or "something went wrong"

    def __str__(self) -> str:
        """Give the form of the command line."""
        nth = f"#{self.nth}" if self.nth != 1 else ""
        times = f"*{self.times}" if self.times != 1 else ""
        return f"{self.kind}@{self.at}{nth}{times}" + (f"={self.value}" if self.value else "")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `kind@at[#nth][*times][=value]`, the form of the command line."""
        match = re.fullmatch(r"(\w+)@([\w./]+)(?:#(\d+))?(?:\*(\d+))?(?:=(.*))?", text)
        if match is None or match[1] not in get_args(Kind):
            raise ValueError(f"not a fault: {text} (kinds: {', '.join(get_args(Kind))})")
        return cls(match[1], match[2], int(match[3] or 1), int(match[4] or 1), match[5] or "")  # type: ignore[arg-type]  # checked against the literals above


class StruckError(Exception):
    """An answer fault has struck where an event was to be sent."""

    def __init__(self, fault: Fault) -> None:
        """Carry the fault to whoever can end the answer."""
        super().__init__(fault.kind)
        self.fault = fault


class Faults:
    """Counts the moments since each fault was placed, and holds those that are stalled."""

    def __init__(self, placed: Callable[[], tuple[Fault, ...]]) -> None:
        """`placed` gives the faults of the switches in force."""
        self._placed = placed
        self._counts: dict[Fault, int] = {}
        self._released = asyncio.Event()

    def due(self, moment: str) -> list[Fault]:
        """Count this moment, and give the faults that strike now."""
        return [fault for fault in self._placed() if fault.kind != "refuse" and self._strikes(fault, moment)]

    def refusals(self, moment: str) -> list[Fault]:
        """Count this moment of a request or an upgrade, and give the refusals that strike now."""
        return [fault for fault in self._placed() if fault.kind == "refuse" and self._strikes(fault, moment)]

    def _strikes(self, fault: Fault, moment: str) -> bool:
        if fault.at != moment:
            return False
        self._counts = {known: count for known, count in self._counts.items() if known in self._placed()}
        count = self._counts[fault] = self._counts.get(fault, 0) + 1
        return fault.nth <= count < fault.nth + fault.times

    async def stall(self) -> None:
        """Stay here until the stalled are released."""
        await self._released.wait()

    def release(self) -> None:
        """Let everything go on that is stalled."""
        self._released.set()
        self._released = asyncio.Event()
