"""What every test of a script needs: a shell's environment, and the processes that carry its mark."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-ha/bin/python"


def environment(mark, **more):
    """Return an environment without a key, with a mark by which every process of a run is known."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEPFUN_")}
    return {**kept, "PYTHONPATH": str(REPOSITORY / "scripts"), "HOUSE_RUN": mark, **more}


def processes_of(mark: str) -> list[str]:
    """Return the command lines of all processes that carry the mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"HOUSE_RUN={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def wait_until(condition):
    """Wait for what another process does, which tells nobody."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "that did not come about"
        time.sleep(0.05)


@contextlib.contextmanager
def opened_by(module, *arguments, **more):
    """Run a module in Home Assistant's environment for as long as the block lasts; give what its line of JSON tells."""
    with subprocess.Popen(
        [PYTHON, "-m", module, *arguments],
        cwd=REPOSITORY,
        env=environment(module, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as keeper:
        try:
            told = next((line for line in keeper.stdout if line.startswith("{")), None)
            assert told is not None, "the house did not open; standard error says why"
            yield json.loads(told)
        finally:
            keeper.communicate()  # which ends its standard input, and with it the house
    assert keeper.returncode == 0
