"""Keys of a terminal, one at a time, and the terminal as it was afterwards."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Generator
from contextlib import contextmanager, suppress


class Keys:
    """What was pressed."""

    def __init__(self) -> None:
        self._pressed: asyncio.Queue[str] = asyncio.Queue()

    def press(self, keys: str) -> None:
        """Note what was pressed."""
        for key in keys:
            self._pressed.put_nowait(key)

    async def next(self, within_s: float) -> str:
        """Return the next key, or nothing when none was pressed in time."""
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._pressed.get(), within_s)
        return ""


@contextmanager
def keys_of_terminal() -> Generator[Keys]:
    """Read the terminal key by key for as long as the block lasts; Ctrl-C stays what it is."""
    terminal, keys, loop = sys.stdin.fileno(), Keys(), asyncio.get_running_loop()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    loop.add_reader(terminal, lambda: keys.press(os.read(terminal, 64).decode(errors="replace")))
    try:
        yield keys
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
