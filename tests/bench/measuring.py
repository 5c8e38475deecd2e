"""Runs a scenario as `scripts/bench` does, only shortly."""

import json
import math
import subprocess

from ..e2e.shell import PYTHON, REPOSITORY, environment, processes_of


def figures_of(scenario, turns=2):
    """Return the figures of a run, all of them finite; it leaves no process behind."""
    mark = f"bench {scenario}"
    run = subprocess.run(
        [PYTHON, "-m", "house.bench", scenario, "--turns", str(turns), "--json"],
        cwd=REPOSITORY,
        env=environment(mark),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])["figures"]
    assert all(math.isfinite(figure) for figure in figures.values())
    assert not processes_of(mark)
    return figures
