"""The least that a session costs: bare `websockets`, `base64`, `json`, and no resampling."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from .duplex import INSTRUCTIONS, VOICE, Half, Listener, speech

# What the client appends at once.
_APPEND_BYTES = 60 * 48


class Floor:
    """Sessions that have nothing in common."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.replace('http', 'ws', 1)}/v1/realtime"
        self._speech = speech(24_000)
        self._halves: list[_Half] = []

    def half(self, number: int, listener: Listener) -> Half:
        """Return another one."""
        del number
        half = _Half(self._url, self._speech, listener)
        self._halves.append(half)
        return half

    async def aclose(self) -> None:
        """Close their connections."""
        await asyncio.gather(*(half.aclose() for half in self._halves))


class _Half:
    """A session that sends what it is fed, in appends of 60 ms like the client's, and takes the answer's events."""

    def __init__(self, url: str, chunks: list[bytes], listener: Listener) -> None:
        self.listening = False
        self._url = url
        self._chunks = chunks
        self._listener = listener
        self._audio = bytearray()
        self._words: list[str] = []
        self._voice: list[bytes] = []
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def connect(self) -> None:
        """Open and configure its connection."""
        self._socket = await connect(self._url, compression=None, proxy=None)
        await self._send("session.update", session={"instructions": INSTRUCTIONS, "voice": VOICE})
        while json.loads(await self._socket.recv())["type"] != "session.updated":
            pass
        self._reader = asyncio.create_task(self._read())

    def begin(self) -> None:
        """Forget the turn before."""
        self._words, self._voice = [], []

    def feed(self, number: int) -> Awaitable[None] | None:
        """Gather chunks, and send what is worth it."""
        self._audio += self._chunks[number]
        return self._append() if len(self._audio) >= _APPEND_BYTES else None

    def end(self) -> Awaitable[None]:
        """Commit, and ask for an answer."""
        self._listener.begin()
        self.listening = True
        return self._commit()

    async def aclose(self) -> None:
        """Close the connection."""
        self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._socket.close()

    async def _append(self) -> None:
        await self._send("input_audio_buffer.append", audio=b64encode(self._audio).decode())
        self._audio.clear()

    async def _commit(self) -> None:
        if self._audio:
            await self._append()
        await self._send("input_audio_buffer.commit")
        await self._send("response.create", response={"modalities": ["text", "audio"]})

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def _read(self) -> None:
        while True:
            event = json.loads(await self._socket.recv())
            match event["type"]:
                case "response.audio.delta":
                    pcm = b64decode(event["delta"])
                    self._voice.append(pcm)
                    self._listener.hear(pcm)
                case "response.audio_transcript.delta":
                    self._words.append(event["delta"])
                case "response.done":
                    self.listening = False
