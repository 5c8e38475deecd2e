"""The demo as a user runs it: real processes, a real voice, real ears."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
import uuid
from difflib import SequenceMatcher
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / "scripts" / "demo"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def environment():
    """Give an environment without a key, and a mark by which every process of a run is known."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEPFUN_")}
    return {**kept, "DEMO_RUN": uuid.uuid4().hex}


@pytest.fixture(scope="module")
def demo(environment, tmp_path_factory):
    """Run the demo once, for every test that looks at it."""
    folder = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [DEMO, "--json", "--replies", folder / "replies"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run


@pytest.fixture(scope="module")
def result(demo):
    return json.loads(demo.stdout.splitlines()[-1])


def test_the_light_is_on_after_the_question(demo, result):
    assert "the Kitchen Light is on" in demo.stdout
    assert [re.sub(r".*__", "", tool) for tool in result["turns"][0]["tools"]] == ["HassTurnOn"]
    assert result["turns"][1]["tools"] == []


def test_the_service_heard_the_questions(result):
    first, second = (words(turn["transcript"]) for turn in result["turns"])
    assert first == words("Turn on the kitchen light, please.")
    assert second == words("How are you doing today?")


def test_the_turns_were_fused(result):
    assert result["ok"] is True
    assert result["mode"] == "fused"
    for turn in result["turns"]:
        assert 0 < turn["model_first_audio_ms"] <= turn["first_audio_ms"]


def test_the_replies_are_spoken_as_they_are_written(result, environment):
    recordings = [turn["reply_wav"] for turn in result["turns"]]
    heard = subprocess.run(
        [REPOSITORY / ".venv-ha/bin/python", "-m", "house.recognise", *recordings],
        env={**environment, "PYTHONPATH": str(REPOSITORY / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    for turn, spoken in zip(result["turns"], heard.stdout.splitlines(), strict=True):
        alike = SequenceMatcher(None, words(turn["reply"]), words(spoken)).ratio()
        assert alike >= 0.8, f"written: {turn['reply']}\nspoken: {spoken}"


def test_nothing_is_left_behind(demo, environment):
    assert processes_of(environment["DEMO_RUN"]) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_turn_leaves_nothing_behind(number, environment, tmp_path):
    mark = uuid.uuid4().hex
    with demo_in_its_first_turn(environment, mark, tmp_path) as run:
        run.send_signal(number)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert processes_of(mark) == []
    assert list(tmp_path.glob("stepaudio-*")) == []


def test_a_killed_demo_leaves_no_process_behind(environment, tmp_path):
    mark = uuid.uuid4().hex
    with demo_in_its_first_turn(environment, mark, tmp_path) as run:
        run.kill()
        run.communicate(timeout=60)
    wait_until(lambda: processes_of(mark) == [])


def test_a_failure_is_told_in_a_plain_sentence(environment, tmp_path):
    mark = uuid.uuid4().hex
    run = subprocess.run(
        [DEMO, "--json", "--wav", tmp_path / "missing.wav", "--replies", tmp_path / "replies"],
        env={**environment, "DEMO_RUN": mark},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "The demo failed: " in run.stderr
    assert "missing.wav" in run.stderr
    assert "Traceback" not in run.stderr
    assert json.loads(run.stdout.splitlines()[-1])["ok"] is False
    assert processes_of(mark) == []


@contextlib.contextmanager
def demo_in_its_first_turn(environment, mark, folder):
    """Start a demo, and hand it over while a question is being spoken."""
    with subprocess.Popen(
        [DEMO, "--replies", folder / "replies"],
        env={**environment, "DEMO_RUN": mark, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        for line in run.stdout:
            if "turn 1 of" in line:
                break
        else:
            pytest.fail(f"the demo ended before its first turn: {run.stderr.read()}")
        assert len(processes_of(mark)) >= 3
        (heard,) = folder.glob("stepaudio-*/service.jsonl")
        wait_until(lambda: "input_audio_buffer.append" in heard.read_text())
        yield run


def wait_until(condition):
    """Wait for what another process does, which tells nobody."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "that did not come about"
        time.sleep(0.05)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def processes_of(mark: str) -> list[str]:
    """Return the command lines of all processes that carry the mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"DEMO_RUN={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
