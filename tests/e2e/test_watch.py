"""scripts/watch as a program, at a simulator that runs."""

import asyncio
import os
import pty
import signal
import termios
from contextlib import asynccontextmanager

import orjson
import pytest

from simulator import Recording, Say, ScriptedBrain, Simulator
from tests.simulator.client import KEY, configured

from .shell import PYTHON, REPOSITORY, environment, processes_of

pytestmark = pytest.mark.e2e


@pytest.fixture
async def simulator(socket_enabled):
    """Give a simulated service at which one question was asked and answered."""
    async with (
        Simulator(key=KEY, brain=ScriptedBrain(Say("It is ten past ten."))) as service,
        configured(service) as one,
    ):
        await one.ask("What time is it now?")
        yield service


@asynccontextmanager
async def watching(*arguments, terminal=None):
    """Run the program; afterwards nothing of it is left."""
    mark = f"watch-{os.getpid()}-{id(arguments)}"
    shown = asyncio.subprocess.PIPE if terminal is None else terminal
    process = await asyncio.create_subprocess_exec(
        *(str(PYTHON), "-W", "error", "-m", "house.watch", *map(str, arguments)),
        cwd=REPOSITORY,
        env=environment(mark, TERM="xterm", COLUMNS="120", LINES="40"),
        stdin=asyncio.subprocess.DEVNULL if terminal is None else terminal,
        stdout=shown,
        stderr=shown,
        process_group=0,
    )
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert processes_of(mark) == []


async def until(text, read):
    """Read until a text has come, and return all that has come."""
    came = ""
    while text not in came:
        came += await read()
    return came


async def test_watch_once_prints_a_frame_and_records(simulator, tmp_path):
    async with watching("--url", simulator.url, "--once", "--record", tmp_path / "log") as process:
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    shown = out.decode()
    assert "What time is it now?" in shown
    assert "first audio" in shown
    assert "\x1b" not in shown
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert [orjson.loads(line)["direction"] for line in lines[:2]] == ["open", "out"]
    assert Recording(lines).take("/v1/realtime").status == 101


async def test_watch_without_a_terminal_prints_lines_as_they_come_until_interrupted(simulator):
    async with watching("--url", simulator.url) as process:

        async def read():
            return (await process.stdout.readline()).decode()

        shown = await until("  end ", read)
        assert "→ input_audio_buffer.append  ×" not in shown
        assert "spoken, answered  “What time is it now?” → “It is ten past ten.”" in shown
        async with configured(simulator):
            await until("session.updated", read)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err


async def test_watch_where_nothing_answers_says_so(socket_enabled):
    async with watching("--url", "http://127.0.0.1:9", "--once") as process:
        out, err = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert err.startswith(b"Watching failed: no simulator answers at http://127.0.0.1:9")
    assert b"Traceback" not in err


@pytest.mark.parametrize("end", ["q", "SIGINT"])
async def test_watch_in_a_terminal_throws_faults_by_key_and_leaves_it_as_it_was(simulator, end):
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    loop, came = asyncio.get_running_loop(), asyncio.Queue()
    loop.add_reader(ours, lambda: came.put_nowait(os.read(ours, 65536).decode(errors="replace")))
    try:
        async with watching("--url", simulator.url, terminal=theirs) as process:
            await until("It is ten past ten.", came.get)
            for key, mark, faults in (
                ("s", "stall ●", ["stall@answering*9999"]),
                ("a", "abort speaking ●", ["stall@answering*9999", "abort@speaking*9999"]),
                ("s", "stall  ", ["abort@speaking*9999"]),
                ("m", "abort speaking  ", []),
            ):
                os.write(ours, key.encode())
                await until(mark, came.get)
                assert [str(fault) for fault in simulator.switches.faults] == faults
            if end == "q":
                os.write(ours, b"q")
            else:
                process.send_signal(signal.SIGINT)
            assert await process.wait() == (0 if end == "q" else 130)
        assert termios.tcgetattr(theirs) == before
        assert "\x1b[?1049l" in "".join([await came.get() for _ in range(came.qsize())])
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
