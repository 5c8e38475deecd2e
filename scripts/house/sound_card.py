"""The microphone and the loudspeaker of this computer, through whatever program is installed for them."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

from wyoming.audio import AudioStart

from .processes import WITH_US
from .report import HouseError, complain
from .sound import RATE_HZ
from .wyoming_satellite import Speaker

_CHUNK_BYTES = RATE_HZ * 2 // 100  # 10 ms


@asynccontextmanager
async def microphone() -> AsyncGenerator[AsyncGenerator[bytes]]:
    """Listen for as long as the block lasts: 16 kHz mono, 10 ms at a time."""
    if shutil.which("arecord"):
        command = ["arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(RATE_HZ), "-c", "1"]
    elif shutil.which("rec"):
        command = ["rec", "-q", "-t", "raw", "-b", "16", "-e", "signed", "-r", str(RATE_HZ), "-c", "1", "-"]
    else:
        raise HouseError("No microphone: install arecord (alsa-utils) or rec (sox), or use --say or --wav.")
    async with _program(command) as program:
        yield _chunks(program, command[0])


async def _chunks(program: Process, name: str) -> AsyncGenerator[bytes]:
    assert program.stdout is not None  # noqa: S101  # it was started with a pipe
    try:
        while True:
            yield await program.stdout.readexactly(_CHUNK_BYTES)
    except asyncio.IncompleteReadError:
        raise HouseError(f"{name} could not record.") from None


def loudspeaker() -> Speaker | None:
    """Return what plays aloud, or None where no program can."""
    if shutil.which("aplay"):
        return _aplay
    return _play if shutil.which("play") else None


async def _aplay(shape: AudioStart, pieces: AsyncIterator[bytes]) -> None:
    form = ["-f", "S16_LE", "-r", str(shape.rate), "-c", str(shape.channels)]
    await _play_with(["aplay", "-q", "-t", "raw", *form], pieces)


async def _play(shape: AudioStart, pieces: AsyncIterator[bytes]) -> None:
    form = ["-b", "16", "-e", "signed", "-r", str(shape.rate), "-c", str(shape.channels)]
    await _play_with(["play", "-q", "-t", "raw", *form, "-"], pieces)


async def _play_with(command: list[str], pieces: AsyncIterator[bytes]) -> None:
    async with _program(command) as program:
        assert program.stdin is not None  # noqa: S101  # it was started with a pipe
        async for piece in pieces:
            # Where it ended early, the rest is still taken.
            with suppress(ConnectionError):
                program.stdin.write(piece)
                await program.stdin.drain()
        program.stdin.close()
        if await program.wait():
            complain(f"{command[0]} could not play")


@asynccontextmanager
async def _program(command: list[str]) -> AsyncGenerator[Process]:
    program = await asyncio.create_subprocess_exec(*WITH_US, *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        yield program
    finally:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()
