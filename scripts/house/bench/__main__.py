"""Measures what stands between the model and the listener, against the simulated service, one scenario at a time."""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from house.processes import WITH_US
from house.report import complain, run, say

from .figures import Measured
from .goals import goal_of
from .plot import draw_chart, draw_turn
from .scenario import NAMES, scenario

_TURNS = 30  # the fewest that tell a tail from an accident


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"all, or some of: {', '.join(NAMES)}")
    parser.add_argument("--turns", type=int, default=_TURNS, help=f"how many to take after the warm-up ({_TURNS})")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON, last")
    parser.add_argument(
        "--plot", type=Path, metavar="DIR", help="draw a median turn and a chart of each scenario there"
    )
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(NAMES):
        parser.error(f"there is no scenario “{unknown.pop()}”; there are: {', '.join(NAMES)}")
    if options.turns < 1:
        parser.error("at least one turn has to be taken")
    return run(_bench(options))


async def _bench(options: argparse.Namespace) -> int:
    figures: dict[str, float] = {}
    failed = []
    for name in options.scenarios or NAMES:
        say(f"{name}: begins")
        measured = await _measured(name, options.turns)
        if measured is None:
            failed.append(name)
            continue
        rounded = {figure: round(value, 3) for figure, value in measured.figures.items()}
        figures |= rounded
        for figure, value in rounded.items():
            print(f"  {figure:<36} {value:>10g}  {_verdict(figure, value)}".rstrip(), flush=True)
        if options.plot:
            _draw(options.plot, name, Measured(rounded, measured.turn))
    missed = [name for name, value in figures.items() if (goal := goal_of(name)) and not goal.is_met(value)]
    say(f"done: {len(figures)} figures, goals missed: {', '.join(missed) or 'none'}")
    if failed:
        complain(f"The bench failed in: {', '.join(failed)}")
    if options.json:
        print(json.dumps({"figures": figures}), flush=True)
    return 1 if failed else 0


async def _measured(name: str, turns: int) -> Measured | None:
    """Have one scenario measured in a process of its own; None if it failed."""
    with TemporaryDirectory(prefix="stepaudio-bench-") as directory:
        result = Path(directory) / "result.json"
        command = [sys.executable, "-m", "house.bench.scenario", name, str(turns), str(result)]
        # Ctrl-C in the terminal is for this process alone, which then has the other end in order.
        child = await asyncio.create_subprocess_exec(*WITH_US, *command, start_new_session=True)
        try:
            status = await child.wait()
        finally:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
            await child.wait()
        return Measured.from_json(json.loads(result.read_text())) if status == 0 else None


def _verdict(name: str, value: float) -> str:
    goal = goal_of(name)
    return "" if goal is None else f"{goal}  {'met' if goal.is_met(value) else 'MISSED'}"


def _draw(directory: Path, name: str, measured: Measured) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.svg"
    path.write_text(draw_chart(scenario(name).chart, measured.figures))
    say(f"{name}: drawn in {path}")
    if measured.turn:
        path = directory / "turn-waterfall.svg"
        path.write_text(draw_turn(measured.turn))
        say(f"a median turn is drawn in {path}")


if __name__ == "__main__":
    sys.exit(main())
