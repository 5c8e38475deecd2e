"""The client of one account: sessions by key, their limits, warm spares."""

from __future__ import annotations

import asyncio
import logging
import ssl as ssl_module
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any

import aiohttp

from .connection import Connection, Endpoint, Timeouts, open_connection
from .errors import AuthenticationError, BusyError, ClosedError, ModelError, QuotaError, StepAudioError
from .events import SessionConfig
from .pacing import Spacing
from .recognition import LIVE_PATH, RecognitionOptions, Transcript, hear_live, hear_upload, recognize
from .report import TurnReport, report
from .session import Session
from .speech import SPEECH_PATH, SpeechOptions, synthesize
from .stream import Stream
from .turn import Turn

_LOGGER = logging.getLogger(__name__)

REALTIME_PATH = "/v1/realtime"
STEP_PLAN_PATH = "/step_plan"
# Enough to see a pattern in what went wrong today, and little to keep.
_REPORTS_KEPT = 50

type TurnListener = Callable[[TurnReport, Turn], None]
type ContactListener = Callable[[StepAudioError | None], None]


class StepAudioClient:
    """All that one account does with the service. Close it with `aclose`.

    At most `max_sessions` sessions are connected at once; the lowest tier allows 5 requests (sheet 5). `spares` of them
    are kept configured for conversations yet to come. Synthesis and recognition do not count: whether they share the
    limit is not known, they hold it for one sentence where a session holds it for half an hour, and a conversation
    that needs its voice or its words could wait for itself. What the service refuses of them is tried again.
    The connects of all of them are spaced together.

    `ssl` is made by the caller, since making one blocks; it is needed for https only.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        *,
        ssl: ssl_module.SSLContext | None = None,
        timeouts: Timeouts | None = None,
        max_sessions: int = 4,
        spares: int = 0,
    ) -> None:
        """Talk to `model` at `endpoint`; nothing is opened before it is needed."""
        self.endpoint = endpoint
        self.model = model
        self.timeouts = timeouts or Timeouts()
        self.max_sessions = max_sessions
        self.reports: deque[TurnReport] = deque(maxlen=_REPORTS_KEPT)
        """The last finished turns, oldest first."""
        self.unknown_events: Counter[str] = Counter()
        """Types of events that nobody has described yet, and how often they came, over all connections."""
        self._turn_listeners: list[TurnListener] = []
        self._contact_listeners: list[ContactListener] = []
        self._refused = False
        self._spares = spares
        self._ssl = ssl
        self._spacing = Spacing()
        self._sessions: dict[str, Session] = {}
        self._warm: list[Session] = []
        self._tasks: dict[Session, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._works: dict[asyncio.Task[None], Stream[Any]] = {}
        self._ahead: dict[str, tuple[asyncio.Task[Connection], asyncio.TimerHandle]] = {}
        self._open: set[Session] = set()
        self._room = asyncio.Event()
        self._closed = False

    # --- sessions ---

    @property
    def open_connections(self) -> int:
        """How many connections are open, or being opened or closed."""
        return len(self._open)

    @property
    def warm_sessions(self) -> int:
        """How many spares are connected and wait for a conversation."""
        return sum(session.connected for session in self._warm)

    def find_session(self, key: str) -> Session | None:
        """Return the session of a conversation, if it has one."""
        return self._sessions.get(key)

    def session(self, key: str, *, warm: bool = True) -> Session:
        """Return the session of a conversation: its own, a warm spare, or a new one.

        Nobody waits for what is asked for with `warm` False: it leaves the spares to the others.
        Raises `ClosedError` after `aclose`.
        """
        session = self._sessions.get(key)
        if session is None:
            session = self._warm.pop(0) if self._warm and warm else self._new()
            session.keep_warm = False
            self._sessions[key] = session
        return session

    def end_session(self, key: str) -> None:
        """Close the session of a conversation in the background; nothing happens if there is none."""
        session = self._sessions.pop(key, None)
        if session is not None:
            self._end(session)

    def keep_spares(self, config: SessionConfig) -> None:
        """Keep the spares configured like this, and open those that are missing.

        While the service refuses the key, or the account has nothing left, none is opened: a user's turn finds out
        when that is over.
        """
        if self._refused:
            return
        for spare in self._warm:
            spare.prepare(config, early=False)
        while not self._closed and len(self._warm) < self._spares:
            spare = self._new()
            spare.keep_warm = True
            spare.prepare(config, early=False)
            self._warm.append(spare)

    def _new(self) -> Session:
        if self._closed:
            raise ClosedError
        session = Session(self, self.timeouts)
        self._tasks[session] = asyncio.create_task(session.run(), name="stepaudio session")
        return session

    def _end(self, session: Session) -> None:
        task = self._tasks.pop(session)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.cancel()

    async def check(self, config: SessionConfig) -> str:
        """Prove key, plan, model and voice by opening a real session, and close it again.

        Returns the voice that the service would speak in: another one is its silent way to refuse a voice (sheet 1.6).
        Raises what the service says against it; see `errors`.
        """
        key = "check"
        try:
            return await self.session(key).connect(config)
        finally:
            self.end_session(key)

    # --- connections, as `session.Dial` ---

    async def open(self, session: Session) -> Connection:
        """Open a connection for a session: within the limit, idle ones give way, and connects are spaced.

        Raises `BusyError` when no session becomes free in time, and the errors of `open_connection`.
        """
        await self._take_room(session)
        try:
            return await self._connect(REALTIME_PATH, model=self.model)
        except BaseException:
            self.hang_up(session)
            raise

    def hang_up(self, session: Session) -> None:
        """Take back the room of a connection that is closed."""
        self._open.discard(session)
        self._room.set()

    def tell(self, turn: Turn) -> None:
        """Keep the report of a turn that is over, and tell those who listen."""
        told = report(turn, self.model)
        self.reports.append(told)
        _LOGGER.debug("Turn over: %s", told)
        _tell_all(self._turn_listeners, told, turn)

    async def _take_room(self, session: Session) -> None:
        if session.keep_warm and len(self._open) >= self.max_sessions:
            raise BusyError  # a spare displaces nobody
        try:
            async with asyncio.timeout(self.timeouts.busy_s):
                while len(self._open) >= self.max_sessions:
                    self._make_room(session)
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise BusyError from None
        self._open.add(session)

    def _make_room(self, session: Session) -> None:
        """Have the session that is missed least give its connection up: a spare, else the one idle for longest."""
        idle = [other for other in self._open if other is not session and other.is_idle and other.connected]
        if idle:
            idle.sort(key=lambda other: (not other.keep_warm, other.used_at))
            idle[0].drop()

    async def _connect(self, path: str, **query: str) -> Connection:
        """Open a connection of any kind: the service counts the connects of an account (sheet 1.2)."""
        await asyncio.sleep(self._spacing.wait_s(asyncio.get_running_loop().time()))
        url = self.endpoint.websocket_url(path, **query)
        try:
            connection = await open_connection(self.endpoint, url, ssl=self._ssl, timeouts=self.timeouts)
        except StepAudioError as error:
            if isinstance(error, ModelError):
                error.model = query.get("model", "")
            self._note(error)
            raise
        self._note(None)
        return connection

    def _note(self, error: StepAudioError | None) -> None:
        """Take note of how a connect went. A refusal holds until a connect succeeds."""
        if error is None or isinstance(error, AuthenticationError | QuotaError):
            self._refused = error is not None
        _tell_all(self._contact_listeners, error)

    # --- for those who watch ---

    def on_turn(self, listener: TurnListener) -> Callable[[], None]:
        """Have `listener(report, turn)` called once for each turn, when it is over; return what ends that.

        The report may be kept. The turn, which holds the words, may not: it is for the moment of the call.
        """
        self._turn_listeners.append(listener)
        return partial(self._turn_listeners.remove, listener)

    def on_contact(self, listener: ContactListener) -> Callable[[], None]:
        """Have `listener(error)` called after each connect: None if it succeeded; return what ends that."""
        self._contact_listeners.append(listener)
        return partial(self._contact_listeners.remove, listener)

    # --- speech ---

    def synthesize(self, text: AsyncIterable[str], options: SpeechOptions) -> AsyncGenerator[bytes]:
        """Speak text as it comes: yields PCM at `options.rate_hz`; see `speech.synthesize`."""
        connect = partial(self._connect_for_speech, options.model)
        return self._carry_out(synthesize(connect, text, options, self.timeouts))

    def prepare_speech(self, model: str) -> None:
        """Open a connection for what will soon be spoken with `model`, which need not wait for it then.

        Nothing is raised: who speaks tries again. What nobody speaks on is closed after `timeouts.speech_ahead_s`.
        """
        if model in self._ahead or self._refused or self._closed:
            return
        opening = asyncio.create_task(self._connect(SPEECH_PATH, model=model), name="stepaudio speech ahead")
        due = asyncio.get_running_loop().call_later(self.timeouts.speech_ahead_s, self._drop_speech, model)
        self._ahead[model] = opening, due

    async def _connect_for_speech(self, model: str) -> Connection:
        """Give the connection that was opened ahead, or another one."""
        if model in self._ahead:
            opening, due = self._ahead.pop(model)
            due.cancel()
            try:
                await asyncio.wait((opening,))
            except asyncio.CancelledError:
                self._end_later(_close_opened(opening))
                raise
            if opening.exception() is None and opening.result().is_open:
                return opening.result()
        return await self._connect(SPEECH_PATH, model=model)

    def _drop_speech(self, model: str) -> None:
        opening, due = self._ahead.pop(model)
        due.cancel()
        self._end_later(_close_opened(opening))

    def recognize(
        self, audio: AsyncIterable[bytes], options: RecognitionOptions, web_session: aiohttp.ClientSession
    ) -> AsyncGenerator[Transcript]:
        """Recognise PCM at `options.rate_hz` as it comes: yields words so far and, last, the final ones.

        Step Plan has no websocket for it (sheet 3.4): there the audio goes in one upload, through `web_session`.
        See `recognition.recognize`.
        """

        async def hear(kept: Stream[bytes], partials: Stream[str]) -> str:
            if self.endpoint.base_url.rstrip("/").endswith(STEP_PLAN_PATH):
                return await hear_upload(web_session, self.endpoint, options, kept, partials, timeouts=self.timeouts)
            return await hear_live(
                partial(self._connect, LIVE_PATH),
                options,
                kept,
                partials,
                timeouts=self.timeouts,
                hang_up=self._close_later,
            )

        return self._carry_out(recognize(audio, hear, self.timeouts))

    async def _carry_out[T](self, work: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """Yield what `work` does, in a task that `aclose` can end; then `ClosedError` is raised."""
        if self._closed:
            raise ClosedError
        given = Stream[T]()
        task = asyncio.create_task(_pour(work, given), name="stepaudio speech or recognition")
        self._works[task] = given
        task.add_done_callback(self._works.pop)
        try:
            async for item in given:
                yield item
        finally:
            _cancel_once(task)
            if not self._closed:  # else it is `aclose` that waits
                await asyncio.wait([task])

    def _close_later(self, connection: Connection) -> None:
        """Close a connection in the background; `aclose` waits for it."""
        self._end_later(connection.aclose())

    def _end_later(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ending, name="stepaudio hang up")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        """End all sessions, syntheses and recognitions, and wait until their sockets are closed.

        Whoever waits for one of them gets `ClosedError`. Cancelling is safe, and so is repeating.
        """
        self._closed = True
        for model in list(self._ahead):
            self._drop_speech(model)
        for task, given in self._works.items():
            given.end(ClosedError())  # without waiting for the closing of a socket
            _cancel_once(task)
        for session in list(self._tasks):
            self._end(session)
        self._sessions.clear()
        self._warm.clear()
        while pending := [*self._works, *self._ending]:  # a recognition that ends has its connection closed
            await asyncio.wait(pending)


def _tell_all[*Arguments](listeners: list[Callable[[*Arguments], None]], *arguments: *Arguments) -> None:
    for listener in list(listeners):
        try:
            listener(*arguments)
        except Exception:  # who watches does not disturb the conversation
            _LOGGER.exception("A listener failed")


async def _close_opened(opening: asyncio.Task[Connection]) -> None:
    """Close a connection that nobody wants any more, as soon as it is open, or open it no further."""
    opening.cancel()
    await asyncio.wait((opening,))
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().aclose()


def _cancel_once(task: asyncio.Task[None]) -> None:
    """Cancel a task, unless it is: a second time would break off the closing of its socket."""
    if not task.cancelling():
        task.cancel()


async def _pour[T](work: AsyncGenerator[T], given: Stream[T]) -> None:
    try:
        async with aclosing(work):
            async for item in work:
                given.push(item)
        given.end()
    except Exception as error:  # noqa: BLE001 - raised where it is waited for
        given.end(error)
    finally:
        given.end(ClosedError())  # only if it was cancelled: the first end wins
