"""The log, its file, and the endpoints that watch and steer."""

import asyncio
import base64

import aiohttp
import orjson
import pytest
from websockets.exceptions import InvalidStatus

from simulator import PROFILES, Fault, Simulator
from simulator.record import Recorder
from tests.simulator.client import KEY, MODEL, TIMEOUT_S, configured, opened


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
    of_all = {"at": 0, "connection": 1}
    opened_line = {"direction": "open", "path": "/v1/realtime", "model": MODEL, "status": 101}
    assert lines[0] | {"at": 0} == of_all | opened_line
    kinds = [line["event"]["type"] for line in lines[1:-1]]
    assert kinds == ["session.created", "session.update", "session.updated"]
    assert lines[-1] | {"at": 0} == of_all | {"direction": "close", "code": 1000, "by": "client"}
    assert not simulator.wire.listeners


@pytest.mark.parametrize("with_audio", [False, True])
async def test_recorder_writes_the_audio_where_asked(start, tmp_path, with_audio):
    simulator = await start()
    with Recorder(simulator, tmp_path / "events.jsonl", with_audio):
        async with configured(simulator) as client:
            await client.ask("A question of some length.")
    events = [orjson.loads(line).get("event", {}) for line in (tmp_path / "events.jsonl").read_bytes().splitlines()]
    written = [event["delta"] for event in events if event.get("type") == "response.audio.delta"]
    spoken = [base64.b64decode(event["delta"]) for event in client.all("response.audio.delta")]
    assert written == ([base64.b64encode(audio).decode() for audio in spoken] if with_audio else list(map(len, spoken)))


async def test_log_tells_who_refused_and_who_closed(start):
    simulator = await start(switches=PROFILES["s3"].replace(faults=(Fault("refuse", "connecting", value="503"),)))
    with pytest.raises(InvalidStatus):
        async with opened(simulator):
            pass
    simulator.mend()
    for fault in (Fault("close", "idle", value="1011"), Fault("abort", "idle")):
        simulator.switches = simulator.switches.replace(faults=(fault,))
        async with opened(simulator) as client:
            await client.send("session.update", session={})
            await client.socket.wait_closed()
    async with opened(simulator) as client:
        await client.until("session.created")
        noted = asyncio.Event()
        simulator.wire.listeners.append(lambda _entry: noted.set())
        client.socket.transport.abort()
        async with asyncio.timeout(TIMEOUT_S):
            await noted.wait()
    assert [(upgrade.status, upgrade.connection) for upgrade in simulator.upgrades] == [
        (503, 0),
        (101, 1),
        (101, 2),
        (101, 3),
    ]
    told = [(closed.connection, closed.code, closed.by) for closed in simulator.wire.closed]
    assert told == [(1, 1011, "service"), (2, 1006, "service"), (3, 1006, "client")]


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


@pytest.mark.parametrize("fault", ["stall@answering", "error@response.create#2*3=503 away", "abort@speaking*2"])
async def test_control_tells_faults_as_they_are_thrown(start, web, fault):
    simulator = await start(switches=PROFILES["s3"].replace(faults=(Fault.parse(fault),)))
    async with web.get(f"{simulator.url}/simulator/state") as response:
        assert (await response.json())["switches"]["faults"] == [fault]


async def test_control_steers_switches_faults_ears_and_time(start, web):
    simulator = await start()
    body = {
        "set": {"first_audio_s": 0.5, "withdrawn": MODEL},
        "faults": ["refuse@connecting=503"],
        "hear": ["hello"],
        "advance_s": 9,
    }
    async with web.post(f"{simulator.url}/simulator/steer", json=body) as response:
        assert response.status == 200
    assert simulator.switches.first_audio_s == 0.5
    assert simulator.switches.withdrawn == MODEL
    assert simulator.switches.faults == (Fault("refuse", "connecting", value="503"),)
    assert list(simulator.ears.queue) == ["hello"]
    assert simulator.clock.now() > 9


async def test_control_revokes_the_key_for_another(start, web):
    simulator = await start()
    async with opened(simulator) as client:
        await client.until("session.created")
    async with web.post(f"{simulator.url}/simulator/steer", json={"key": "another"}) as response:
        assert response.status == 200
    with pytest.raises(InvalidStatus):
        async with opened(simulator):
            pass


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
        async with web.get(f"{simulator.url}/simulator/log") as response:
            lines = await response.json()
        assert [line["direction"] for line in lines] == ["open", "out"]
        await client.configure()
        async with web.get(f"{simulator.url}/simulator/log?since={lines[-1]['at']!r}") as response:
            assert [line["event"]["type"] for line in await response.json()] == ["session.update", "session.updated"]


async def test_control_wrong_time_of_the_log_is_400(start, web):
    simulator = await start()
    async with web.get(f"{simulator.url}/simulator/log?since=yesterday") as response:
        assert response.status == 400


async def test_simulator_ends_while_clients_are_connected(socket_enabled):
    async with Simulator(key=KEY) as simulator:
        connection = opened(simulator)
        client = await connection.__aenter__()
        await client.until("session.created")
    await client.socket.wait_closed()
    await connection.__aexit__(None, None, None)
    assert not simulator.connections
