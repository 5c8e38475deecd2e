"""scripts/satellite as it is run from a shell: four at once, through a real Home Assistant, for real ears and voice."""

import json
import re
import signal
import subprocess
import uuid
from difflib import SequenceMatcher
from types import SimpleNamespace

import aiohttp
import pytest

from house.api import Api
from house.sound import wav

from .shell import PYTHON, REPOSITORY, environment, processes_of

SATELLITE = REPOSITORY / "scripts" / "satellite"
RATE_HZ = 22_050
"""What Home Assistant's Wyoming integration plays at."""

LIGHT_ON = "Turn on the light, please."
LIGHT_ON_HERE = "Please turn on the light in here."
FEELING = "How are you doing today?"
MOUNTAINS = "Tell me something about the mountains."
ANSWERS = {
    "Kitchen": "I turned on Kitchen Light.",
    "Study": "I turned on Study Light.",
    "Bedroom": f"You said: {FEELING} That is a nice thing to talk about.",
    "Garden": f"You said: {MOUNTAINS} That is a nice thing to talk about.",
}

SPEAK = """
import sys
from pathlib import Path
from house.questions import synthesise
from house.sound import RATE_HZ, write_wav
for number, question in enumerate(synthesise(sys.argv[2:])):
    write_wav(Path(sys.argv[1], f"{number}.wav"), question.speech)
"""
# A microphone in front of which one sentence is said, and then nothing more.
ARECORD = """#!{python}
import itertools, sys, time, wave
with wave.open("{sound}") as file:
    chunks = iter(lambda: file.readframes(160), b"")
    for chunk in itertools.chain(chunks, itertools.repeat(bytes(320))):
        sys.stdout.buffer.write(chunk.ljust(320, b"\\0"))
        sys.stdout.buffer.flush()
        time.sleep(0.01)
"""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Open the house of scripts/develop, and speak three questions, while it starts."""
    folder, mark = tmp_path_factory.mktemp("house"), uuid.uuid4().hex
    with subprocess.Popen(
        [REPOSITORY / "scripts/develop", "--port", "0"],
        env=environment(mark, TMPDIR=str(folder)),
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            sentences = [LIGHT_ON, FEELING, MOUNTAINS]
            subprocess.run([PYTHON, "-c", SPEAK, folder, *sentences], env=environment(mark), check=True)
            assert any("open http" in line for line in run.stdout), "the house did not open; standard error says why"
            plate = json.loads((REPOSITORY / ".houses" / f"{run.pid}.json").read_text())
            yield SimpleNamespace(**plate, folder=folder)
        finally:
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=60)
    assert processes_of(mark) == []


@pytest.fixture
async def socket(opened):
    async with aiohttp.ClientSession() as session, Api(session, opened.url, opened.token).socket() as socket:
        yield socket


@pytest.fixture
def desk(opened, tmp_path):
    """Put a microphone and a loudspeaker on the path; what is played is kept."""
    sound, played = opened.folder / "2.wav", tmp_path / "played"
    programs = {
        "arecord": ARECORD.format(python=PYTHON, sound=sound),
        "aplay": f'#!/bin/sh\necho "$*" > "{played}.form"\ncat > "{played}"\n',
    }
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        program = tmp_path / "bin" / name
        program.write_text(text)
        program.chmod(0o700)
    path = f"{tmp_path / 'bin'}:{environment('')['PATH']}"
    return SimpleNamespace(path=path, played=played, form=tmp_path / "played.form")


def satellite(mark, *arguments, **more):
    """Start one."""
    return subprocess.Popen(
        [SATELLITE, *map(str, arguments)],
        env=environment(mark, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_four_satellites_at_once_get_each_its_own_answer_in_its_own_room(opened, socket, desk, tmp_path):
    mark = uuid.uuid4().hex
    there = ["--home-assistant", opened.url, "--token", opened.token]
    replies = ["--replies", tmp_path]
    recordings = ["--wav", opened.folder / "0.wav", "--wav", opened.folder / "1.wav"]
    rooms = ["--area", "Kitchen", "--area", "Bedroom"]
    runs = [
        # Two that find the house by themselves, and one that speaks through a microphone and a loudspeaker.
        satellite(mark, "--count", 2, *recordings, *rooms, *replies),
        satellite(mark, "--name", "Desk", "--say", LIGHT_ON_HERE, "--area", "Study", *there, *replies),
        satellite(mark, "--name", "Bench", "--area", "Garden", *there, PATH=desk.path),
    ]
    told = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], told
    said = "".join(out for out, _ in told)
    (tmp_path / "bench-1.wav").write_bytes(wav(desk.played.read_bytes(), RATE_HZ))
    assert "-r 22050 -c 1" in desk.form.read_text()
    names = {"Satellite 1": "Kitchen", "Satellite 2": "Bedroom", "Desk": "Study", "Bench": "Garden"}
    spoken = recognised([tmp_path / f"{name.lower().replace(' ', '-')}-1.wav" for name in names])
    for (name, room), words in zip(names.items(), spoken, strict=True):
        assert f"{name}: ready in the {room}" in said
        assert alike(re.search(f"{name}: answered “(.*)”", said)[1], ANSWERS[room]), said
        assert re.search(rf"{name}: first audio \d+ ms after the question, \d+\.\d s of voice", said)
        assert alike(words, ANSWERS[room]), f"{name}: {words}"
    states = {each["entity_id"]: each["state"] for each in await socket.call("get_states")}
    lit = {thing for thing, state in states.items() if thing.startswith("light.") and state == "on"}
    assert lit == {"light.kitchen_light", "light.study_light"}
    assert processes_of(mark) == []
    assert await added(socket) == []


async def test_satellite_that_is_interrupted_leaves_nothing_behind(opened, socket, desk):
    mark = uuid.uuid4().hex
    run = satellite(mark, "--home-assistant", opened.url, "--token", opened.token, PATH=desk.path)
    with run:
        assert any("listens" in line for line in run.stdout), run.stderr.read()
        assert await added(socket) == ["Satellite"]
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 128 + signal.SIGINT, errors
    assert "Traceback" not in errors
    assert processes_of(mark) == []
    assert await added(socket) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--wav", "missing.wav"], "The satellite failed: missing.wav is no audio"),
        (["--home-assistant", "http://127.0.0.1:9", "--token", "x", "--wav", "0.wav"], "cannot be reached"),
        (["--count", "2"], "there is one microphone"),
    ],
)
def test_satellite_that_cannot_speak_says_why(opened, arguments, reason):
    run = subprocess.run(
        [PYTHON, "-m", "house.satellites", *arguments],
        cwd=opened.folder,
        env=environment(uuid.uuid4().hex),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in {1, 2}
    assert reason in run.stderr
    assert "Traceback" not in run.stderr


async def added(socket):
    """Return the satellites that Home Assistant knows."""
    return [each["title"] for each in await socket.call("config_entries/get", domain="wyoming")]


def recognised(recordings):
    """Return the words in recordings, as somebody hears them who knows nothing of what should be said."""
    heard = subprocess.run(
        [PYTHON, "-m", "house.recognise", *recordings],
        env=environment(uuid.uuid4().hex),
        capture_output=True,
        text=True,
        check=True,
    )
    return heard.stdout.splitlines()


def alike(one, other):
    one, other = (re.findall(r"[a-z0-9']+", text.lower()) for text in (one, other))
    return SequenceMatcher(None, one, other).ratio() >= 0.8
