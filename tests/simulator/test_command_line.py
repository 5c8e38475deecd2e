"""The simulator as a program."""

import asyncio
import re
import signal
import sys
from dataclasses import fields
from pathlib import Path

import aiohttp
import pytest

from simulator import PROFILES, Fault, Switches
from simulator.__main__ import parse

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_command_line_serves_until_told_to_end(socket_enabled, number):
    arguments = ("-W", "error", "-m", "simulator", "--port", "0", "--key", "k", "--pace", "0")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    line = (await process.stdout.readline()).decode()
    url = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)[1]
    headers = {"Authorization": "Bearer k"}
    async with aiohttp.ClientSession(headers=headers) as web:
        async with web.get(f"{url}/v1/models") as response:
            assert response.status == 200
        async with web.ws_connect(f"{url}/v1/realtime?model=stepaudio-2.5-realtime") as socket:
            assert (await socket.receive_json())["type"] == "session.created"
            process.send_signal(number)
            out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")


def test_command_line_sets_switches_over_the_profile():
    switches = "first_audio_s=0.5 quota=off words_ahead_s=inf bad_key_status=400 vad_off_echo=empty min_speech_ms=0"
    faults = "abort@speaking#2 refuse@connecting=402"
    settings = [part for setting in switches.split() for part in ("--set", setting)]
    options = parse(["--port", "1", "--profile", "doc", *settings, *(f"--fault={fault}" for fault in faults.split())])
    assert options.switches == PROFILES["doc"].replace(
        first_audio_s=0.5,
        quota=False,
        words_ahead_s=float("inf"),
        bad_key_status=400,
        vad_off_echo="empty",
        min_speech_ms=0,
        faults=(Fault("abort", "speaking", 2), Fault("refuse", "connecting", value="402")),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ["--set", "novelty=1"],
        ["--set", "quota=maybe"],
        ["--set", "min_speech_ms=1.5"],
        ["--set", "vad_off_echo=other"],
        ["--set", "first_audio_s=soon"],
        ["--set", "faults=x"],
        ["--fault", "explode@speaking"],
        ["--profile", "other"],
        ["--record-audio"],
        ["--replay", "nowhere.jsonl"],
        ["--replay", __file__],
    ],
)
def test_command_line_wrong_value_is_said_plainly(capsys, wrong):
    with pytest.raises(SystemExit):
        parse(["--port", "1", *wrong])
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("switch", fields(Switches), ids=lambda switch: switch.name)
def test_switch_names_its_source_and_meaning(switch):
    assert switch.metadata["source"]
    assert switch.metadata["meaning"]


def test_simulator_imports_nothing_of_the_integration():
    sources = [path.read_text() for path in (ROOT / "simulator").glob("*.py")]
    assert not [
        source
        for source in sources
        if re.search(r"(?m)^\s*(?:from|import) (?:custom_components|homeassistant)", source)
    ]
