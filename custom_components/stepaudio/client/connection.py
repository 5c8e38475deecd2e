"""One websocket, one life: a reader and a writer in one TaskGroup. Never reused; whoever needs another opens one."""

from __future__ import annotations

import asyncio
import logging
import ssl as ssl_module
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets import State
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from .errors import (
    CannotConnectError,
    ConnectionLostError,
    NotUnderstoodError,
    ServiceTimeoutError,
    StepAudioError,
    classify,
)
from .messages import read_body, read_error

# Ten seconds of speech at 24 kHz in base64, far more than a live stream ever has waiting: beyond that the line is
# dead, and its audio belongs to the next connection.
_QUEUE_LIMIT_BYTES = 4 * 1024 * 1024
# Replies of 8 KiB of audio are usual, a whole TTS reply in one message is possible (sheet 2.2).
_MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
# At debug level the library writes headers and messages, key and words among them, whoever turned it on and where.
_QUIET_LOGGER = logging.getLogger(f"{__name__}.quiet")
_QUIET_LOGGER.setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long anything may take, in seconds."""

    connect_s: float = 10.0
    """Name look-up, TCP, TLS and upgrade."""
    configure_s: float = 15.0
    """From the upgrade to `session.updated`; the official sample waits as long (sheet 1.5)."""
    prepare_s: float = 1.0
    """How long a finished question waits for the agent to prepare its answer; a template renders in milliseconds."""
    transcript_s: float = 15.0
    """From the end of speech to the user's words; they may come after the answer (sheet 1.10)."""
    late_transcript_s: float = 3.0
    """From the end of the answer to the user's words, before they are taken to be missing."""
    speech_ahead_s: float = 30.0
    """How long a connection waits for something to say; the service ends such a one after a minute (sheet 2.2)."""
    second_hearing_s: float = 3.0
    """How long recognition may take for words that the model has heard and does not tell."""
    attempts: int = 4
    """How many connections one turn may lose before it is given up; not seconds, but of the same kind."""
    patience_s: float = 20.0
    """How long after its first loss a turn is tried on other connections; nobody listens much longer."""
    recycle_s: float = 28 * 60.0
    """The age at which a connection is replaced; the service ends it at 30 minutes (sheet 1.13)."""
    busy_s: float = 5.0
    """How long a turn waits for one of the account's sessions to become free."""
    silence_s: float = 10.0
    """The longest silence of the service while an answer is due; first audio took 8.8 s at worst (sheet 6)."""
    close_s: float = 2.0
    """The closing handshake; nobody waits for it to learn anything."""
    ping_interval_s: float = 20.0
    """As the official sample does (sheet 1.13)."""
    ping_timeout_s: float = 10.0
    """As the official sample does (sheet 1.13)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the service is and who asks: `base_url` is http(s), without a path but the plan's."""

    base_url: str
    api_key: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request says of who asks."""
        return {"Authorization": f"Bearer {self.api_key}"}

    def url(self, path: str) -> str:
        """Return the address of `path`."""
        return f"{self.base_url.rstrip('/')}{path}"

    def websocket_url(self, path: str, **query: str) -> str:
        """Return the websocket address of `path`."""
        parts = urlsplit(self.base_url)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + path, urlencode(query), ""))

    def __repr__(self) -> str:
        """Leave the key out: this may end in a log."""
        return f"Endpoint({self.base_url!r})"


async def open_connection(
    endpoint: Endpoint, url: str, *, ssl: ssl_module.SSLContext | None, timeouts: Timeouts
) -> Connection:
    """Open a websocket to the service.

    Cancelling is safe: nothing stays open. Raises `CannotConnectError`, `ServiceTimeoutError`, or what the service
    says when it refuses the upgrade: `AuthenticationError`, `QuotaError`, `ModelError`, `RateLimitError`, ...
    """
    try:
        socket = await connect(
            url,
            additional_headers=endpoint.headers,
            ssl=ssl if url.startswith("wss:") else None,
            compression=None,  # base64 of PCM does not shrink
            proxy=None,
            open_timeout=timeouts.connect_s,
            close_timeout=timeouts.close_s,
            ping_interval=timeouts.ping_interval_s,
            ping_timeout=timeouts.ping_timeout_s,
            max_size=_MESSAGE_LIMIT_BYTES,
            logger=_QUIET_LOGGER,
        )
    except InvalidStatus as error:
        raise refusal(error.response.status_code, error.response.body) from None
    except TimeoutError:
        raise ServiceTimeoutError from None
    except OSError, InvalidHandshake, InvalidURI, ConnectionClosed, EOFError:
        raise CannotConnectError from None
    return Connection(socket)


def refusal(status: int, body: bytes | bytearray | None) -> StepAudioError:
    """Return the error for a refused upgrade or request, whose answer is JSON at best (sheet 1.2)."""
    try:
        return read_error(read_body(bytes(body or b"{}")), status=status)
    except NotUnderstoodError:
        return classify(status=status)


class Connection:
    """An open websocket. `send` may be called at any time; `serve` moves the data until the connection ends."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take over an open websocket."""
        self._socket = socket
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._failure: StepAudioError | None = None

    @property
    def is_open(self) -> bool:
        """Whether neither side has ended it."""
        return self._socket.state is State.OPEN

    def send(self, messages: Iterable[bytes]) -> None:
        """Queue messages, JSON in UTF-8. A queue that grows too long ends the connection: the line is dead."""
        for message in messages:
            self._queue.append(message)
            self._queued_bytes += len(message)
        if self._queued_bytes > _QUEUE_LIMIT_BYTES:
            self.fail(ConnectionLostError())
        self._wake.set()

    def fail(self, error: StepAudioError) -> None:
        """End the connection from within: `serve` raises `error`. The first one wins."""
        self._failure = self._failure or error
        self._wake.set()

    async def serve(self, receive: Callable[[str | bytes], None]) -> None:
        """Move data until the connection ends, then raise why: a `StepAudioError`, or what `receive` raised.

        `receive` gets every message in order and must not wait. Cancelling closes the connection.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(receive))
                tasks.create_task(self._write())
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the websocket; safe to repeat."""
        await self._socket.close()

    async def receive_one(self) -> bytes:
        """Return the next message, for those who talk in turns and do not `serve`."""
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed:
            raise ConnectionLostError from None

    async def send_one(self, message: bytes) -> None:
        """Send a message and wait until it has left, for those who talk in turns and do not `serve`."""
        try:
            await self._socket.send(message, text=True)
        except ConnectionClosed:
            raise ConnectionLostError from None

    async def _read(self, receive: Callable[[str | bytes], None]) -> None:
        try:
            while True:
                receive(await self._socket.recv(decode=False))
        except ConnectionClosed as closed:
            reason = closed.rcvd.reason if closed.rcvd is not None else ""
            error = classify(message=reason) if reason else None
            # A close reason tells of the key or the quota at best; whatever else it says, the connection is lost.
            known = error is not None and not isinstance(error, NotUnderstoodError) and not error.retryable
            raise (error if known and error is not None and error.key != "request" else ConnectionLostError()) from None

    async def _write(self) -> None:
        try:
            while self._failure is None:
                while self._queue and self._failure is None:
                    message = self._queue.popleft()
                    self._queued_bytes -= len(message)
                    await self._socket.send(message, text=True)
                self._wake.clear()
                if not self._queue and self._failure is None:
                    await self._wake.wait()
            raise self._failure
        except ConnectionClosed:
            raise ConnectionLostError from None


type Connect = Callable[[], Awaitable[Connection]]
"""Opens a connection to one address, at the pace of the account; raises the errors of `open_connection`."""


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error to report: one that is not ours is a bug and comes first, then what was decided first."""
    errors = list(group.exceptions)
    return next((error for error in errors if not isinstance(error, StepAudioError)), errors[0])
