"""The log, its file, and the endpoints that watch and steer."""

import aiohttp
import orjson
import pytest

from simulator import Fault, Simulator
from simulator.record import Recorder
from tests.simulator.client import KEY, configured, opened


async def test_log_holds_every_event_with_the_size_of_its_audio(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.ask("A question of some length.")
        assert [entry.event["type"] for entry in simulator.log if entry.direction == "out"] == [
            event["type"] for event in client.events
        ]
    appended = [entry.event["audio"] for entry in simulator.log if entry.type == "input_audio_buffer.append"]
    sent = [entry.event["delta"] for entry in simulator.log if entry.type == "response.audio.delta"]
    assert sum(sent) == len(client.audio())
    assert set(appended[:-1]) == {2880}
    assert [entry.at_s for entry in simulator.log] == sorted(entry.at_s for entry in simulator.log)


async def test_seen_waits_for_what_passes(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.send("input_audio_buffer.clear")
        seen = await simulator.seen("input_audio_buffer.cleared")
    assert seen.direction == "out"
    assert await simulator.seen("session.created", connection=seen.connection)


async def test_log_keeps_what_it_is_told_to(socket_enabled):
    async with Simulator(key=KEY, keep=20) as simulator, configured(simulator) as client:
        for _ in range(100):
            await client.configure()
        assert 20 <= len(simulator.log) <= 40


async def test_recorder_writes_every_line_as_it_passes(start, tmp_path):
    simulator = await start()
    with Recorder(simulator, tmp_path / "events.jsonl"):
        async with configured(simulator):
            pass
    lines = [orjson.loads(line) for line in (tmp_path / "events.jsonl").read_bytes().splitlines()]
    assert lines[0] | {"at": 0} == {"at": 0, "direction": "open", "path": "/v1/realtime", "status": 101}
    assert [line["event"]["type"] for line in lines[1:]] == ["session.created", "session.update", "session.updated"]
    assert not simulator.wire.listeners


@pytest.fixture
async def web(socket_enabled):
    async with aiohttp.ClientSession() as session:
        yield session


async def test_control_tells_the_state(start, web):
    simulator = await start()
    async with configured(simulator), web.get(f"{simulator.url}/simulator/state") as response:
        state = await response.json()
    assert state["switches"]["first_audio_s"] == simulator.switches.first_audio_s
    assert [connection["phase"] for connection in state["connections"]] == ["idle"]


async def test_control_steers_switches_faults_ears_and_time(start, web):
    simulator = await start()
    body = {"set": {"first_audio_s": 0.5}, "faults": ["refuse@connecting=503"], "hear": ["hello"], "advance_s": 9}
    async with web.post(f"{simulator.url}/simulator/steer", json=body) as response:
        assert response.status == 200
    assert simulator.switches.first_audio_s == 0.5
    assert simulator.switches.faults == (Fault("refuse", "connecting", value="503"),)
    assert list(simulator.ears.queue) == ["hello"]
    assert simulator.clock.now() > 9


@pytest.mark.parametrize("body", [{"set": {"novelty": 1}}, {"faults": ["explode@speaking"]}, {"set": [1]}])
async def test_control_wrong_steering_is_400_and_changes_nothing(start, web, body):
    simulator = await start()
    before = simulator.switches
    async with web.post(f"{simulator.url}/simulator/steer", json=body) as response:
        assert response.status == 400
    assert simulator.switches == before


async def test_control_gives_the_log_since_a_time(start, web):
    simulator = await start()
    async with opened(simulator) as client:
        await client.until("session.created")
        at_s = simulator.log[-1].at_s
        await client.configure()
    async with web.get(f"{simulator.url}/simulator/log?since={at_s}") as response:
        assert [entry["event"]["type"] for entry in await response.json()] == ["session.update", "session.updated"]


async def test_simulator_ends_while_clients_are_connected(socket_enabled):
    async with Simulator(key=KEY) as simulator:
        connection = opened(simulator)
        client = await connection.__aenter__()
        await client.until("session.created")
    await client.socket.wait_closed()
    await connection.__aexit__(None, None, None)
    assert not simulator.connections
