"""The soak as a user runs it, for a short while."""

import json
import subprocess
from pathlib import Path

import pytest

SOAK = Path(__file__).resolve().parents[2] / "scripts" / "soak"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_no_turn_is_lost_no_tool_runs_twice_and_nothing_is_left():
    run = subprocess.run(
        [SOAK, "--turns", "60", "--satellites", "4", "--seed", "1", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert list(result) == [
        "turns",
        "answered",
        "refused",
        "lost",
        "tools_expected",
        "tools_executed",
        "rss_start_kib",
        "rss_end_kib",
        "sockets_open",
        "tasks_left",
    ]
    assert result["turns"] == 60 == result["answered"] + sum(result["refused"].values())
    assert result["answered"] > 30
    assert result["tools_executed"] == result["tools_expected"] > 0
    assert result["lost"] == result["sockets_open"] == result["tasks_left"] == 0
    assert 0 < result["rss_end_kib"] < result["rss_start_kib"] * 1.5


def test_a_wrong_number_of_turns_is_told_in_a_plain_sentence():
    run = subprocess.run([SOAK, "--turns", "0"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "0 is not a positive number" in run.stderr
    assert "Traceback" not in run.stderr
