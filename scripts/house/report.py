"""What the scripts tell whoever runs them: progress, plain failures, an orderly end."""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine

_STARTED = time.monotonic()


class HouseError(Exception):
    """Something failed; its text is a plain sentence for the user."""


def say(text: str) -> None:
    """Print one line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:5.1f} s] {text}", flush=True)


def complain(text: str) -> None:
    """Print to standard error, where the results do not go."""
    print(text, file=sys.stderr, flush=True)


def failed(what: str, errors: BaseExceptionGroup[HouseError]) -> str:
    """Tell what made a script fail, and return it as one line."""
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    complain(f"{what} failed: {first}")
    return str(first).partition("\n")[0]


def run(main: Coroutine[None, None, int]) -> int:
    """Run a script to its exit status; Ctrl-C, a terminate or a closed terminal end it in order, once."""
    return asyncio.run(_until_signalled(main))


async def _until_signalled(main: Coroutine[None, None, int]) -> int:
    task = asyncio.create_task(main)
    received: list[int] = []

    def end(number: int) -> None:
        # Only the first one cancels: a second would tear the tidying up.
        if not received:
            complain(f"{signal.Signals(number).name}: ending what was started")
            task.cancel()
        received.append(number)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if received:
            return 128 + received[0]
        raise
