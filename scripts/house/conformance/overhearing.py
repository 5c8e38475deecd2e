"""Our client with its connections written into the journal."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, Literal

import orjson

from custom_components.stepaudio.client.client import StepAudioClient
from custom_components.stepaudio.client.connection import Connection
from custom_components.stepaudio.client.errors import ConnectionLostError, StepAudioError

from .journal import Journal


class _Overheard(Connection):
    """A connection that is listened to."""

    def __init__(self, inner: Connection, number: int, journal: Journal) -> None:
        """Stand before another connection."""
        self._inner = inner
        self._number = number
        self._journal = journal
        self._closed = False

    def send(self, messages: Iterable[bytes]) -> None:
        """Pass on."""
        kept = list(messages)
        for message in kept:
            self._journal.passed("in", self._number, _event(message))
        self._inner.send(kept)

    def fail(self, error: StepAudioError) -> None:
        """Pass on."""
        self._inner.fail(error)

    async def serve(self, receive: Callable[[str | bytes], None]) -> None:
        """Pass on."""

        def overhear(raw: str | bytes) -> None:
            self._journal.passed("out", self._number, _event(raw))
            receive(raw)

        try:
            with self._losses():
                await self._inner.serve(overhear)
        finally:
            self._note_close(1000, "client")

    async def aclose(self) -> None:
        """Pass on."""
        self._note_close(1000, "client")
        await self._inner.aclose()

    async def receive_one(self) -> bytes:
        """Pass on."""
        with self._losses():
            raw = await self._inner.receive_one()
        self._journal.passed("out", self._number, _event(raw))
        return raw

    async def send_one(self, message: bytes) -> None:
        """Pass on."""
        self._journal.passed("in", self._number, _event(message))
        with self._losses():
            await self._inner.send_one(message)

    @contextmanager
    def _losses(self) -> Generator[None]:
        """Note the end of a connection that the service ended, without a code as far as is known here."""
        try:
            yield
        except ConnectionLostError:
            self._note_close(1006, "service")
            raise

    def _note_close(self, code: int, by: Literal["client", "service"]) -> None:
        if not self._closed:
            self._closed = True
            self._journal.closed(self._number, code, by)


class OverheardClient(StepAudioClient):
    """Our client as it is; `journal` gets what passes, and `connects` counts the websockets."""

    journal: Journal
    connects = 0

    async def _connect(self, path: str, **query: str) -> Connection:
        connection = await super()._connect(path, **query)
        self.connects += 1
        number = self.journal.opened(path, query.get("model", ""), 101)
        return _Overheard(connection, number, self.journal)


def _event(raw: str | bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}
