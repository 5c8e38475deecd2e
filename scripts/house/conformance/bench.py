"""What a probe works with: the service's address, connections to it, speech, and the place for what was seen."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from custom_components.stepaudio.client.client import REALTIME_PATH
from custom_components.stepaudio.client.connection import Endpoint
from custom_components.stepaudio.const import STEP_PLAN_PATH

from .answers import Answer
from .cost import Cost
from .findings import Findings, ProbeError
from .journal import Journal
from .sound import Speech
from .wire import ERROR, Patience, Wire, opened

MOST_AT_ONCE = 4
"""The lowest tier of an account allows five at once (sheet 5)."""
BRIEF = "You are an assistant in a home. Answer in one short sentence."


@dataclass(slots=True)
class Bench:
    """One run."""

    endpoint: Endpoint
    """With the plan's path."""
    model: str
    speech: Speech
    findings: Findings
    journal: Journal
    web: aiohttp.ClientSession
    patience: Patience = field(default_factory=Patience)
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Lets seconds pass while nothing is measured."""
    now: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)
    """The time in which these seconds pass."""
    long: bool = False
    """Whether half an hour may be waited."""
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    @property
    def root(self) -> Endpoint:
        """The address without the plan."""
        return replace(self.endpoint, base_url=self.endpoint.base_url.rstrip("/").removesuffix(STEP_PLAN_PATH))

    def allow(self, at_once: int) -> None:
        """Open no more connections at once than this."""
        self._places = asyncio.Semaphore(max(1, min(MOST_AT_ONCE, at_once)))

    @asynccontextmanager
    async def open(
        self, path: str = REALTIME_PATH, *, endpoint: Endpoint | None = None, model: str | None = None
    ) -> AsyncGenerator[Wire]:
        """Open a websocket when there is a place for it."""
        async with self._places, self.crowd(path, endpoint=endpoint, model=model) as wire:
            yield wire

    @asynccontextmanager
    async def crowd(
        self, path: str = REALTIME_PATH, *, endpoint: Endpoint | None = None, model: str | None = None
    ) -> AsyncGenerator[Wire]:
        """Open a websocket, however many there are; an empty model is not named."""
        endpoint, model = endpoint or self.endpoint, self.model if model is None else model
        url = endpoint.websocket_url(path, **({"model": model} if model else {}))
        findings = self.findings if path == REALTIME_PATH else None
        async with opened(
            url,
            endpoint.headers,
            path=path,
            model=model,
            patience=self.patience,
            journal=self.journal,
            findings=findings,
        ) as wire:
            yield wire

    @asynccontextmanager
    async def session(self, **settings: Any) -> AsyncGenerator[Wire]:
        """Open a realtime session without voice detection, configured."""
        async with self.open() as wire:
            await wire.until("session.created")
            await configure(wire, {"modalities": ["text", "audio"], "turn_detection": None} | settings)
            yield wire


async def configure(wire: Wire, settings: dict[str, Any]) -> dict[str, Any]:
    """Set what a probe needs, and give the echo."""
    answer = await wire.ask("session.update", "session.updated", session=settings)
    if answer.error is not None:
        raise ProbeError(f"the service refused a configuration: {answer.message}")
    return answer.part("session")


async def type_text(wire: Wire, text: str, role: str = "user") -> dict[str, Any]:
    """Add a message of the user or the assistant, and give the event that acknowledges it."""
    content = [{"type": "input_text" if role == "user" else "text", "text": text}]
    item = {"type": "message", "role": role, "content": content}
    answer = await wire.ask("conversation.item.create", "conversation.item.created", item=item)
    if answer.error is not None:
        raise ProbeError(f"the service refused a message: {answer.message}")
    return answer.body


async def respond(wire: Wire, **create: Any) -> Answer:
    """Ask for an answer and give it when it is whole; an error instead of it is a part of it."""
    answer = await begin(wire, **create)
    return answer if answer.error is not None else await finish(wire, answer)


async def begin(wire: Wire, **create: Any) -> Answer:
    """Ask for an answer, and give what there is of it when it begins."""
    asked_s = wire.now_s
    first = await wire.ask("response.create", "response.created", **create)
    return Answer(wire, first, asked_s)


async def finish(wire: Wire, answer: Answer, after: int | None = None) -> Answer:
    """Wait for the end of an answer, from a place on; an error that ends it is a part of it."""
    after = answer.first.index + 1 if after is None else after
    limit_s = wire.patience.response_s
    end = await wire.until("response.done", "response.cancelled", ERROR, after=after, within_s=limit_s)
    answer.end = end
    return answer


async def cancel(wire: Wire, answer: Answer) -> Answer:
    """End an answer that nobody needs any more."""
    await wire.send("response.cancel")
    await finish(wire, answer)
    if answer.of("response.cancelled"):
        # Some say so twice, and take no other request before the second.
        await wire.look("response.done", after=wire.mark, within_s=min(0.2, wire.patience.moment_s))
    return answer


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to try."""

    name: str
    about: str
    """What is being tried, for whoever waits."""
    run: Callable[[Bench], Awaitable[None]]
    switches: tuple[str, ...]
    """Switches of the simulator that it can tell."""
    connects: int
    cost: Cost = field(default_factory=Cost)
    alone: bool = False
    """Whether nothing else may be connected meanwhile."""
