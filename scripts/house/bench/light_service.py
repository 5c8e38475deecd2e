"""A service that costs next to nothing: `python -m house.bench.light_service`; a line on standard output says where.

It speaks just enough of the wire to be spoken to by many sessions at once, so that they are measured and not it: what a
turn brings is encoded beforehand but for its ids, and of what it is sent only the type is read. Its voice is as long as
the turns of `duplex`, in deltas of 8 KiB, at the pace of speech, the first one at once; with `--fast` it comes whole.
Every second it tells in a line of JSON how much of a core it took and how late it was.
"""

import argparse
import asyncio
import contextlib
import json
import random
import resource
import sys
import time
from base64 import b64encode
from hashlib import sha1
from itertools import count

DELTA_BYTES = 8192
DELTA_S = DELTA_BYTES / 48_000
DELTAS = 12
"""The voice of an answer: 2.048 s."""
WORDS = ("The kitchen ", "light is ", "on now, ", "and the ", "window is ", "still open.")
_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_APPEND = b'{"type":"input_audio_buffer.append"'
_HEAD = len(_APPEND)
_VOICE = b64encode(random.Random(1).randbytes(DELTA_BYTES))


def _frame(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    return bytes((0x80 | opcode, 126)) + size.to_bytes(2) + payload


def _event(number: int, **fields: object) -> bytes:
    return _frame(json.dumps({"event_id": f"event_{number:012}", **fields}).encode())


class _Late:
    """The latest it was in this second."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    def note(self, due_s: float, now_s: float) -> None:
        self.worst_s = max(self.worst_s, now_s - due_s)


class _Socket(asyncio.Protocol):
    """One client: whole masked text frames of less than 64 KiB, pings, a close."""

    def __init__(self, late: _Late, *, fast: bool) -> None:
        self._late = late
        self._fast = fast
        self._numbers = count(1)
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._open = False
        self._due: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a server gets
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the rest of an answer."""
        del exc
        if self._due is not None:
            self._due.cancel()

    def data_received(self, data: bytes) -> None:
        """Take the upgrade, then frames."""
        self._buffer += data
        if not self._open:
            head, ended, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not ended:
                return
            self._buffer[:] = rest
            self._upgrade(head)
        while self._take_frame():
            pass

    def _upgrade(self, head: bytes) -> None:
        key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
        accept = b64encode(sha1(key.split(b":")[1].strip() + _KEY, usedforsecurity=False).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._open = True
        self._say(self._told("session.created", session={"id": "sess_1"}))

    def _take_frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 6:
            return False
        size, start = buffer[1] & 0x7F, 6
        if size == 126:
            size, start = int.from_bytes(buffer[2:4]), 8
        if len(buffer) < start + size:
            return False
        mask = bytes(buffer[start - 4 : start])
        opcode = buffer[0] & 0x0F
        # Of an append only its type is read.
        head = _unmasked(bytes(buffer[start : start + min(size, _HEAD)]), mask)
        if opcode != 1 or head != _APPEND:
            payload = _unmasked(bytes(buffer[start : start + size]), mask)
            self._take(opcode, payload)
        del buffer[: start + size]
        return True

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 8:
            self._say(_frame(payload, 8))
            self._transport.close()
        elif opcode == 9:
            self._say(_frame(payload, 10))
        elif opcode == 1:
            event = json.loads(payload)
            match event["type"]:
                case "session.update":
                    self._say(self._told("session.updated", session=event["session"]))
                case "input_audio_buffer.commit":
                    self._hear()
                case "response.create":
                    self._answer()

    def _hear(self) -> None:
        item = f"item_{next(self._numbers):08}"
        heard = {"item_id": item, "content_index": 0, "transcript": "Turn on the light in the kitchen, please."}
        self._say(
            self._told("input_audio_buffer.committed", item_id=item, previous_item_id=None),
            self._told(
                "conversation.item.created",
                item={"id": item, "type": "message", "status": "completed", "role": "user", "content": []},
            ),
            self._told("conversation.item.input_audio_transcription.completed", **heard),
        )

    def _answer(self) -> None:
        number = next(self._numbers)
        ids = {"response_id": f"resp_{number:08}", "item_id": f"item_{number:08}"}
        part = {**ids, "output_index": 0, "content_index": 0}
        item = {"id": ids["item_id"], "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        self._say(
            self._told("response.created", response={"id": ids["response_id"], "status": "in_progress", "output": []}),
            self._told("response.output_item.added", response_id=ids["response_id"], output_index=0, item=item),
            self._told("response.content_part.added", **part, part={"type": "audio"}),
            *(self._told("response.audio_transcript.delta", **part, delta=words) for words in WORDS),
            self._told("response.audio_transcript.done", **part, transcript="".join(WORDS)),
        )
        if self._fast:
            for _ in range(DELTAS):
                self._voice(number)
            self._end(number)
        else:
            self._speak(number, 0, self._loop.time())

    def _speak(self, number: int, spoken: int, due_s: float) -> None:
        self._late.note(due_s, self._loop.time())
        self._voice(number)
        if spoken + 1 == DELTAS:
            self._end(number)
        else:
            due_s += DELTA_S
            self._due = self._loop.call_at(due_s, self._speak, number, spoken + 1, due_s)

    def _voice(self, number: int) -> None:
        head = (
            b'{"event_id":"event_%012d","type":"response.audio.delta","response_id":"resp_%08d","item_id":"item_%08d",'
            % (
                next(self._numbers),
                number,
                number,
            )
        )
        self._say(_frame(head + b'"output_index":0,"content_index":0,"delta":"' + _VOICE + b'"}'))

    def _end(self, number: int) -> None:
        ids = {"response_id": f"resp_{number:08}", "item_id": f"item_{number:08}"}
        item = {"id": ids["item_id"], "type": "message", "status": "completed", "role": "assistant", "content": []}
        usage = {"total_tokens": 90, "input_tokens": 60, "output_tokens": 30}
        response = {"id": ids["response_id"], "status": "completed", "output": [item], "usage": usage}
        part = {**ids, "output_index": 0, "content_index": 0}
        self._say(
            self._told("response.audio.done", **part),
            self._told("response.content_part.done", **part, part={"type": "audio", "transcript": "".join(WORDS)}),
            self._told("response.output_item.done", response_id=ids["response_id"], output_index=0, item=item),
            self._told("response.done", response=response),
        )

    def _told(self, kind: str, **fields: object) -> bytes:
        return _event(next(self._numbers), type=kind, **fields)

    def _say(self, *frames: bytes) -> None:
        self._transport.write(b"".join(frames))


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)


async def _serve(*, fast: bool) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    late = _Late()
    server = await asyncio.get_running_loop().create_server(lambda: _Socket(late, fast=fast), "127.0.0.1", backlog=4096)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    due_s, busy_s = time.monotonic(), time.process_time()
    while True:
        due_s += 1
        await asyncio.sleep(due_s - time.monotonic())
        late.note(due_s, time.monotonic())
        busy_s, before_s = time.process_time(), busy_s
        print(json.dumps({"core": round(busy_s - before_s, 3), "late_ms": round(late.worst_s * 1000, 1)}), flush=True)
        late.worst_s = 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="house.bench.light_service", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="give an answer's voice whole, at once")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(fast=parser.parse_args().fast))
    sys.exit(0)
