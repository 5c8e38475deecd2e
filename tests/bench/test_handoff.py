"""One round of the hand-off, as a developer takes it; how fast it is depends on the machine and is not held."""

import json
import math
import subprocess

import pytest

from ..e2e.shell import PYTHON, REPOSITORY, environment, processes_of

SHAPES = ("wav16k", "flac48k", "mp3")


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_handoff_gives_all_its_figures_and_leaves_nothing_behind(tmp_path):
    mark = "bench handoff"
    run = subprocess.run(
        [PYTHON, "-m", "house.bench", "handoff", "--turns", "2", "--json", "--plot", tmp_path],
        cwd=REPOSITORY,
        env=environment(mark),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])["figures"]
    names = ["handoff.up_ms", *(f"handoff.{shape}.down_ms" for shape in SHAPES)]
    assert set(figures) == {f"{name}_p{percent}" for name in names for percent in (50, 99)}
    assert all(math.isfinite(figure) and figure > 0 for figure in figures.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["handoff.svg", "turn-waterfall.svg"]
    assert not processes_of(mark)
