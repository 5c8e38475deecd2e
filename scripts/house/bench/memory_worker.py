"""Holds sessions, or has turns, and tells what that keeps in memory.

`python -m house.bench.memory_worker idle|active|turns URL NUMBER`; a line of JSON is the result.
"""

import asyncio
import ctypes
import gc
import json
import resource
import sys
from itertools import batched, count, islice
from pathlib import Path
from statistics import linear_regression

from custom_components.stepaudio.client.client import StepAudioClient

from .duplex import Driver, speech
from .duplex_ours import CONFIG, RATE_HZ, Ours, unlimited

_CONNECTS_AT_ONCE = 20
_SPEAK_S = 5.0  # all of them have begun
_A_CONVERSATION = 10
_WARM_UP = 500
_LOOK_EVERY = 100
_TRANSCRIPT_S = 15.0
_POLL_S = 0.01


class _Allocated(ctypes.Structure):
    """`struct mallinfo2` of the C library."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


_C = ctypes.CDLL("libc.so.6")
_C.mallinfo2.restype = _Allocated


def _resident_bytes() -> int:
    """Return the anonymous memory of this process, after what is free has been given back."""
    gc.collect()
    _C.malloc_trim(0)
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))


def _allocated_bytes() -> int:
    """Return what the C library has given out, to the byte."""
    gc.collect()
    told = _C.mallinfo2()
    allocated: int = told.uordblks + told.hblkhd
    return allocated


async def _idle(url: str, sessions: int) -> float:
    """Return what a session keeps that has nothing to do, in KiB."""
    await _connect(unlimited(url), _CONNECTS_AT_ONCE)  # what the first ones bring is no part of the others
    before = _resident_bytes()
    client = unlimited(url)
    await _connect(client, sessions)
    kept_kib = (_resident_bytes() - before) / sessions / 1024
    await client.aclose()
    return kept_kib


async def _connect(client: StepAudioClient, sessions: int) -> None:
    for some in batched(range(sessions), _CONNECTS_AT_ONCE, strict=False):
        await asyncio.gather(*(client.session(str(number)).connect(CONFIG) for number in some))


async def _active(url: str, sessions: int) -> float:
    """Return what a session keeps that is spoken to or answered, in KiB."""
    first, ours = Ours(url), Ours(url)
    await Driver(first).drive(1, 0.0, _SPEAK_S)
    before = _resident_bytes()
    await Driver(ours).drive(sessions // 2, 0.0, _SPEAK_S)
    kept_kib = (_resident_bytes() - before) / sessions / 1024
    await first.aclose()
    await ours.aclose()
    return kept_kib


async def _slope(url: str, turns: int) -> float:
    """Return what stays of a turn, in bytes."""
    client = unlimited(url)
    numbers = count()
    chunks = speech(RATE_HZ)
    looks: list[tuple[int, int]] = []
    warm_up = min(_WARM_UP, turns)
    for taken in range(_LOOK_EVERY, warm_up + turns + 1, _LOOK_EVERY):
        conversations = _LOOK_EVERY // _A_CONVERSATION
        async with asyncio.TaskGroup() as tasks:
            for number in islice(numbers, conversations):
                tasks.create_task(_converse(client, str(number), chunks))
        while client.open_connections:
            await asyncio.sleep(_POLL_S)
        if taken >= warm_up:
            looks.append((taken, _allocated_bytes()))
    await client.aclose()
    return linear_regression(*zip(*looks, strict=True)).slope


async def _converse(client: StepAudioClient, key: str, chunks: list[bytes]) -> None:
    session = client.session(key)
    for _ in range(_A_CONVERSATION):
        session.prepare(CONFIG, session.history)
        turn = session.listen(RATE_HZ, CONFIG)
        for chunk in chunks:
            turn.feed(chunk)
        turn.end_input()
        await turn.wait_for_transcript(_TRANSCRIPT_S)
        turn.claimed = True
        answer = turn.ask(CONFIG)
        async for _ in answer.parts:
            pass
        turn.close()
        async for _ in turn.speak():
            pass
    client.end_session(key)


_FIGURES = {
    "idle": ("idle_session_kib", _idle),
    "active": ("active_session_kib", _active),
    "turns": ("slope_bytes_per_turn", _slope),
}


async def _main(kind: str, url: str, number: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    name, measure = _FIGURES[kind]
    print(json.dumps({name: await measure(url, number)}), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
