"""scripts/conformance as whoever runs it meets it."""

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from house.conformance.__main__ import conform, main, parse
from house.conformance.client_checks import run_checks
from house.conformance.cost import PRICES, Cost, estimate
from house.conformance.course import CONNECTS, rounds
from house.conformance.plan import PROBES
from house.conformance.probes import account, cancel
from house.service import Account
from simulator import PROFILES
from simulator.record import Recorder
from simulator.replay import Recording

from .trying import KEY, bench_for, simulated, undisturbed

SCRIPT = Path(__file__).parents[2] / "scripts" / "conformance"
WRONG = "sk-a-wrong-key-that-must-not-be-shown"


@pytest.fixture
def keyless(monkeypatch):
    """Take what a developer's shell may hold out of the environment."""
    for name in ("STEPFUN_API_KEY", "STEPFUN_REGION", "STEPFUN_PLAN"):
        monkeypatch.delenv(name, raising=False)


def test_missing_key_is_told_in_a_plain_sentence(keyless, capsys):
    assert main(["--yes"]) == 2
    assert capsys.readouterr().err.startswith("There is no key: set STEPFUN_API_KEY")


def test_wrong_region_is_told_in_a_plain_sentence(keyless, capsys, monkeypatch):
    monkeypatch.setenv("STEPFUN_API_KEY", KEY)
    monkeypatch.setenv("STEPFUN_REGION", "moon")
    assert main(["--yes"]) == 2
    assert "STEPFUN_REGION is “moon”" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_answer_no_sends_nothing(keyless, capsys, monkeypatch, tmp_path, socket_enabled, answer):
    monkeypatch.setenv("STEPFUN_API_KEY", KEY)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        assert main(["--url", url, "--report", str(tmp_path / "report.md")]) == 0
        with pytest.raises(BlockingIOError):
            door.accept()
    output = capsys.readouterr().out
    assert "costs about $" in output
    assert "Go on? [y/N]" in output
    assert "nothing was sent, nothing was spent" in output
    assert KEY not in output
    assert not list(tmp_path.iterdir())


async def test_wrong_key_is_told_at_once_and_not_shown(capsys, tmp_path, socket_enabled):
    async with simulated(PROFILES["s3"]) as simulator:
        options = parse(["--url", simulator.url, "--report", str(tmp_path / "report.md")])
        assert await conform(options, Account("china", "pay_as_you_go", WRONG)) == 1
        assert not simulator.upgrades
    shown = capsys.readouterr()
    assert "the service does not know this key" in shown.err
    assert WRONG not in shown.out + shown.err
    assert not list(tmp_path.iterdir())


async def test_address_where_nobody_is_is_told_in_a_plain_sentence(capsys, tmp_path, socket_enabled):
    options = parse(["--url", "http://127.0.0.1:9", "--report", str(tmp_path / "report.md")])
    assert await conform(options, Account("china", "pay_as_you_go", KEY)) == 1
    assert "The run failed: /v1/models was not reached" in capsys.readouterr().err


@pytest.mark.e2e
def test_script_without_a_key_ends_with_a_sentence_and_no_traceback():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEPFUN_")}
    ended = subprocess.run([SCRIPT], capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 2
    assert "There is no key" in ended.stderr
    assert "Traceback" not in ended.stderr


async def recorded(tmp_path, work):
    """Give the lines that we and the simulator write while something is done."""
    undisturbed()
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    async with simulated(PROFILES["s25plan"], pace=0.3) as simulator:
        with Recorder(simulator, theirs):
            async with bench_for(simulator, record=ours) as bench:
                await work(bench)
    assert KEY not in ours.read_text()
    Recording(ours.read_bytes().splitlines())  # which refuses a line that it cannot play back
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in (ours, theirs)]


@pytest.mark.parametrize("work", [cancel.break_off, run_checks])
async def test_record_has_what_the_simulator_writes_down(socket_enabled, tmp_path, work):
    written, wanted = await recorded(tmp_path, work)
    for direction in ("open", "in", "out"):
        of_ours, of_theirs = (
            sorted(
                ({**line, "at": 0, "connection": 0} for line in lines if line["direction"] == direction),
                key=lambda line: json.dumps(line.get("event", 0), sort_keys=True),
            )
            for lines in (written, wanted)
        )
        assert all(there.items() <= here.items() for here, there in zip(of_ours, of_theirs, strict=True))
    assert {line["connection"] for line in written if line["direction"] != "open"} == {
        line["connection"] for line in written if line["direction"] == "close"
    }


async def test_record_tells_who_ended_a_connection(socket_enabled, tmp_path):
    async def work(bench):
        async with bench.open() as wire:
            await wire.until("session.created")
        async with bench.open() as wire:
            await wire.until("session.created")
            await bench.pause(11)
            assert await wire.end(2)

    written, _ = await recorded(tmp_path, work)
    ends = [(line["connection"], line["code"], line["by"]) for line in written if line["direction"] == "close"]
    assert ends == [(1, 1000, "client"), (2, 1000, "service")]


async def test_client_that_knows_no_key_learns_no_models(socket_enabled):
    async with simulated(PROFILES["s3"]) as simulator, bench_for(simulator) as bench:
        await account.models(bench)
        await account.balance(bench)
    assert "is one of them" in bench.findings.facts["models"]
    # How much money there is, is nobody's business but the user's.
    assert bench.findings.facts["balance"] == "The balance can be read; the account is prepaid."


@pytest.mark.parametrize(("region", "currency"), [("china", "¥"), ("international", "$")])
def test_cost_is_that_of_the_price_list(region, currency):
    prices = PRICES[region]
    price_in, price_out = prices.models["stepaudio-2.5-realtime"]
    hour = Cost(heard_s=3600, read=10_000, spoken_s=3600, written=10_000, characters=10_000, recognised_s=3600)
    wanted = 0.1 * (price_in + price_out) + prices.speech + prices.recognition
    assert prices.estimate("stepaudio-2.5-realtime", hour) == pytest.approx(wanted)
    assert f"{currency}{wanted:.2f}" in estimate(region, "stepaudio-2.5-realtime", hour)
    assert "not known" not in estimate(region, "stepaudio-2.5-realtime", hour)


def test_cost_of_an_unknown_model_is_the_dearest():
    cost = Cost(spoken_s=3600)
    assert PRICES["china"].estimate("stepaudio-9", cost) == PRICES["china"].estimate("stepaudio-2.5-realtime", cost)
    assert "is not known" in estimate("china", "stepaudio-9", cost)


def test_free_preview_costs_what_speech_and_recognition_cost():
    cost = Cost(spoken_s=3600, characters=10_000)
    assert PRICES["china"].estimate("stepaudio-3-realtime-preview", cost) == pytest.approx(5.8)


def test_rounds_hold_all_probes_and_fit_into_the_window():
    together = rounds(PROBES)
    assert [probe for group in together for probe in group] == list(PROBES)
    assert all(sum(probe.connects for probe in group) <= CONNECTS or len(group) == 1 for group in together)
    assert all(len(group) == 1 for group in together if any(probe.alone for probe in group))
