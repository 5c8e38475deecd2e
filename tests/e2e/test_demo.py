"""The demo as a user runs it: real processes, a real voice, real ears."""

import contextlib
import json
import re
import signal
import subprocess
import uuid
from difflib import SequenceMatcher

import pytest

from .shell import PYTHON, REPOSITORY, environment, processes_of, wait_until

DEMO = REPOSITORY / "scripts" / "demo"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def mark():
    return uuid.uuid4().hex


@pytest.fixture(scope="module")
def demo(mark, tmp_path_factory):
    """Run the demo once, for every test that looks at it."""
    folder = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [DEMO, "--json", "--replies", folder / "replies"],
        cwd=folder,
        env=environment(mark),
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
    assert "the kitchen light is on" in demo.stdout
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


def test_the_replies_are_spoken_as_they_are_written(result, mark):
    recordings = [turn["reply_wav"] for turn in result["turns"]]
    heard = subprocess.run(
        [PYTHON, "-m", "house.recognise", *recordings],
        env=environment(mark),
        capture_output=True,
        text=True,
        check=True,
    )
    for turn, spoken in zip(result["turns"], heard.stdout.splitlines(), strict=True):
        alike = SequenceMatcher(None, words(turn["reply"]), words(spoken)).ratio()
        assert alike >= 0.8, f"written: {turn['reply']}\nspoken: {spoken}"


def test_nothing_is_left_behind(demo, mark):
    assert processes_of(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_turn_leaves_nothing_behind(number, tmp_path):
    mark = uuid.uuid4().hex
    with demo_in_its_first_turn(mark, tmp_path) as run:
        run.send_signal(number)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert processes_of(mark) == []
    assert list(tmp_path.glob("stepaudio-*")) == []


def test_a_killed_demo_leaves_no_process_behind(tmp_path):
    mark = uuid.uuid4().hex
    with demo_in_its_first_turn(mark, tmp_path) as run:
        run.kill()
        run.communicate(timeout=60)
    wait_until(lambda: processes_of(mark) == [])


def test_a_failure_is_told_in_a_plain_sentence(tmp_path):
    mark = uuid.uuid4().hex
    run = subprocess.run(
        [DEMO, "--json", "--wav", tmp_path / "missing.wav", "--replies", tmp_path / "replies"],
        env=environment(mark),
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
def demo_in_its_first_turn(mark, folder):
    """Start a demo, and hand it over while a question is being spoken."""
    with subprocess.Popen(
        [DEMO, "--replies", folder / "replies"],
        env=environment(mark, TMPDIR=str(folder)),
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


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())
