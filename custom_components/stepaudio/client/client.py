"""The client of one account: sessions by key, the account's own end."""

from __future__ import annotations

import asyncio
import ssl as ssl_module
from collections.abc import AsyncGenerator, AsyncIterable

from .connection import Endpoint, Timeouts
from .errors import ClosedError
from .events import SessionConfig
from .session import Session
from .speech import SpeechOptions, synthesize

REALTIME_PATH = "/v1/realtime"


class StepAudioClient:
    """All that one account does with the service. Close it with `aclose`.

    `ssl` is made by the caller, since making one blocks; it is needed for https only.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        *,
        ssl: ssl_module.SSLContext | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Talk to `model` at `endpoint`; nothing is opened before it is needed."""
        self.endpoint = endpoint
        self.model = model
        self.timeouts = timeouts or Timeouts()
        self._ssl = ssl
        self._sessions: dict[str, tuple[Session, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    def has_session(self, key: str) -> bool:
        """Return whether a conversation has a session."""
        return key in self._sessions

    def session(self, key: str) -> Session:
        """Return the session of a conversation; a new one connects when there is something to do.

        Raises `ClosedError` after `aclose`.
        """
        if self._closed:
            raise ClosedError
        known = self._sessions.get(key)
        if known is not None:
            return known[0]
        url = self.endpoint.websocket_url(REALTIME_PATH, model=self.model)
        session = Session(self.endpoint, url, ssl=self._ssl, timeouts=self.timeouts)
        self._sessions[key] = session, asyncio.create_task(session.run(), name="stepaudio session")
        return session

    def end_session(self, key: str) -> None:
        """Close the session of a conversation in the background; nothing happens if there is none."""
        known = self._sessions.pop(key, None)
        if known is not None:
            task = known[1]
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    async def check(self, config: SessionConfig) -> None:
        """Prove key, plan, model and voice by opening a real session, and close it again.

        Raises what the service says against it; see `errors`.
        """
        key = "check"
        try:
            await self.session(key).connect(config)
        finally:
            self.end_session(key)

    def synthesize(self, text: AsyncIterable[str], options: SpeechOptions) -> AsyncGenerator[bytes]:
        """Speak text as it comes: yields PCM at `options.rate_hz`; see `speech.synthesize`."""
        return synthesize(self.endpoint, text, options, ssl=self._ssl, timeouts=self.timeouts)

    async def aclose(self) -> None:
        """Close all sessions and wait until their sockets are closed."""
        self._closed = True
        for key in list(self._sessions):
            self.end_session(key)
        if self._ending:
            await asyncio.wait(self._ending)
