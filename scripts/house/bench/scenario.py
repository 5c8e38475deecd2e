"""One scenario, in a process of its own: `python -m house.bench.scenario NAME TURNS FILE` leaves the result in FILE."""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from house.report import HouseError, failed, run

from .figures import Measured, Scenario

NAMES = ("handoff", "turn", "house", "client", "memory", "start", "warm")


def scenario(name: str) -> Scenario:
    """Return a scenario; only those that are asked for are imported, so that none weighs on another."""
    found: Scenario = import_module(f".{name}", __package__).SCENARIO
    return found


async def _measure(name: str, turns: int, result: Path) -> int:
    failure = None
    try:
        _keep(await scenario(name).measure(turns), result)
    except* HouseError as errors:
        failure = failed(f"The scenario {name}", errors)
    return 1 if failure else 0


def _keep(measured: Measured, result: Path) -> None:
    result.write_text(json.dumps(measured.as_json()))


if __name__ == "__main__":
    # The bench is the simulator's: the real service tells nobody when it sends what.
    os.environ.pop("STEPFUN_API_KEY", None)
    sys.exit(run(_measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
