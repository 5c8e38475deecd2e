"""Watches a running simulator: its connections, the events as they pass, what each turn took; faults by key."""

import argparse
import asyncio
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import aiohttp
from rich.console import Console
from rich.live import Live

from .doorplate import newest
from .report import HouseError, complain, run
from .watch_feed import Feed
from .watch_keys import keys_of_terminal
from .watch_turns import Line, Turn, Watched
from .watch_view import THROWS, event_line, frame, waterfall

_URL = "http://127.0.0.1:8700"
_EACH_S = 0.2
_PIPE_COLUMNS = 120
_HELP = """\
What is shown is what the simulator sees. A connection to which nothing was said yet is a warm spare of the client's;
which conversation a session belongs to, only the client knows. The integration's side is in Home Assistant: its
diagnostics and its sensors. Without a terminal it prints lines: what passes, and each turn when it is over.

keys, each switching a fault on and off:
{keys}
  m  mend all         every fault off, and what has stalled goes on
  q  quit
"""


def main() -> int:
    """Read the command line and watch."""
    keys = "\n".join(f"  {throw.key}  {throw.name:<16} {throw.fault}" for throw in THROWS)
    parser = argparse.ArgumentParser(
        prog="scripts/watch",
        description=__doc__,
        epilog=_HELP.format(keys=keys),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", help=f"where the simulator runs (that of scripts/develop, else {_URL})")
    parser.add_argument("--record", type=Path, metavar="FILE", help="append what passes, as python -m simulator does")
    parser.add_argument("--once", action="store_true", help="print what is to be seen now, and end")
    return run(_watch(parser.parse_args()))


async def _watch(options: argparse.Namespace) -> int:
    console = Console() if sys.stdout.isatty() else Console(width=_PIPE_COLUMNS)
    try:
        with _record(options.record) as record:
            async with aiohttp.ClientSession() as session:
                feed = Feed(session, options.url or _url_of_house() or _URL)
                await feed.look()
                if options.once:
                    watched = Watched()
                    watched.take(_recorded(await feed.lines(), record))
                    console.print(frame(watched, feed.url, feed.faults, console.width, console.height))
                elif sys.stdin.isatty() and sys.stdout.isatty():
                    await _live(feed, console, record)
                else:
                    await _lines(feed, console, record)
    except HouseError as error:
        complain(f"Watching failed: {error}")
        return 1
    return 0


def _url_of_house() -> str | None:
    house = newest()
    return None if house is None else house.service_url


async def _live(feed: Feed, console: Console, record: IO[str] | None) -> None:
    """Show a picture that moves, and do what keys ask for, until q."""
    watched, faults = Watched(), {throw.key: throw.fault for throw in THROWS}
    with keys_of_terminal() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            watched.take(_recorded(await feed.lines(), record))
            live.update(frame(watched, feed.url, feed.faults, console.width, console.height), refresh=True)
            match await keys.next(_EACH_S):
                case "q":
                    return
                case "m":
                    await feed.mend()
                case key if key in faults:
                    await feed.switch(faults[key])


async def _lines(feed: Feed, console: Console, record: IO[str] | None) -> None:
    """Print what passes, and each turn when it is over, until the simulator or somebody ends it."""
    watched, told, began = Watched(), set[Turn](), 0.0
    while True:
        for line in _recorded(await feed.lines(), record):
            watched.take([line])
            began = began or watched.now
            if watched.events[-1].count == 1:
                console.print(event_line(watched.events[-1], watched, began))
            for turn in watched.turns:
                if turn.outcome and turn not in told:
                    console.print(*waterfall(turn), sep="\n")
                    told.add(turn)
        await asyncio.sleep(_EACH_S)


@contextmanager
def _record(path: Path | None) -> Generator[IO[str] | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("a")
    except OSError as error:
        raise HouseError(f"{path} cannot be written: {error.strerror}.") from None
    with file:
        yield file


def _recorded(lines: list[Line], record: IO[str] | None) -> list[Line]:
    if record is not None:
        record.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        record.flush()
    return lines


if __name__ == "__main__":
    sys.exit(main())
