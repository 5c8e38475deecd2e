"""What goes wrong, and where (sheet 8, "Errors")."""

import asyncio
import base64
from typing import get_args

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from simulator import PROFILES, Call, Fault, Say, ScriptedBrain, read_tones
from simulator.faults import PHASES, Kind
from tests.simulator.client import configured, opened, voice_of

COMPLETED = "conversation.item.input_audio_transcription.completed"
LONG = "This is a sentence of some length. And here is one more of them. The third ends it all."
TOOL = {"type": "function", "function": {"name": "light_on", "parameters": {"type": "object"}}}


async def turn(client):
    """Have a turn with a call in it, as far as the service lets us."""
    await client.until("session.created")
    await client.configure(tools=[TOOL])
    await client.say("Turn on the kitchen light.")
    await client.send("response.create")
    call = await client.until("response.function_call_arguments.done")
    await client.until("response.done")
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": "{}"}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")
    return await client.until("response.done")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", get_args(Kind))
async def test_fault_at_any_phase_leaves_a_service_that_works(start, caplog, kind, phase):
    simulator = await start(brain=ScriptedBrain(Call("light_on"), Say(LONG), Call("light_on"), Say(LONG)))
    simulator.throw(Fault(kind, phase))
    try:
        async with asyncio.timeout(0.3), opened(simulator, close_timeout=0.1) as client:
            await turn(client)
    except TimeoutError, ConnectionClosed, InvalidStatus, KeyError, ValueError:
        # Not answered, cut, refused, or malformed: what the client makes of it is not this test's matter.
        pass
    simulator.mend()
    simulator.brain = ScriptedBrain(Call("light_on"), Say(LONG))
    async with opened(simulator) as client:
        assert (await turn(client))["response"]["status"] == "completed"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def struck(start, *faults, profile="s3", text=LONG, **arguments):
    simulator = await start(profile=profile, brain=ScriptedBrain(Say(text)), **arguments)
    simulator.throw(*faults)
    return simulator


async def asked(simulator, until="response.done"):
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create", event_id="create")
        client.last = await client.until(until)
    return client


@pytest.mark.parametrize(("kind", "value", "code"), [("close", "", 1000), ("close", "1011", 1011), ("abort", "", 1006)])
@pytest.mark.parametrize("at", ["listening", "response.created", "response.audio.delta"])
async def test_fault_close_ends_with_its_code(start, kind, value, code, at):
    simulator = await struck(start, Fault(kind, at, value=value))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        with pytest.raises(ConnectionClosed):
            await client.until("response.done")
    assert client.socket.close_code == code
    assert not simulator.connections


async def test_fault_half_open_answers_nothing_any_more(start):
    simulator = await struck(start, Fault("half_open", "response.audio.delta", nth=2))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta")
        pong = await client.socket.ping()
        await simulator.seen("response.done")
        assert not pong.done()
        pong.cancel()
        client.socket.transport.abort()
    assert not client.all("response.done")


async def test_fault_stall_answers_pings_until_released(start):
    simulator = await struck(start, Fault("stall", "response.audio.delta", nth=2))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta")
        await (await client.socket.ping())
        simulator.release()
        await client.until("response.done")
    assert client.audio() == voice_of(LONG)


async def test_fault_delay_lets_the_event_come_later(start):
    simulator = await struck(start, Fault("delay", "session.updated", value="0.5"))
    async with configured(simulator) as client:
        assert client.all("session.updated")


async def test_fault_drop_leaves_an_event_out(start):
    simulator = await struck(start, Fault("drop", "session.updated"))
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.send("session.update", session={"turn_detection": None})
        await client.type("Hello.")
    assert not client.all("session.updated")


async def test_fault_drop_of_a_client_event_ignores_it(start):
    simulator = await struck(start, Fault("drop", "response.cancel"))
    async with configured(simulator) as client:
        await client.send("response.cancel")
        await client.type("Hello.")
    assert not client.all("error")


async def test_fault_duplicate_sends_an_event_twice(start):
    client = await asked(await struck(start, Fault("duplicate", "response.audio_transcript.delta", nth=2)))
    ids = [event["event_id"] for event in client.all("response.audio_transcript.delta")]
    assert len(ids) == len(set(ids)) + 1


async def test_fault_reorder_sends_an_event_after_the_next(start):
    client = await asked(await struck(start, Fault("reorder", "response.created")))
    types = client.types()
    assert types.index("response.output_item.added") + 1 == types.index("response.created")


async def test_fault_unknown_event_comes_ahead(start):
    client = await asked(await struck(start, Fault("unknown", "response.audio.delta")))
    assert client.all("response.novelty.delta")
    assert client.audio() == voice_of(LONG)


@pytest.mark.parametrize("how", ["json", "binary"])
async def test_fault_malformed_frame_is_no_json(start, how):
    simulator = await struck(start, Fault("malformed", "response.created", value=how))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        while not isinstance(frame := await client.socket.recv(), bytes) and frame.endswith("}"):
            pass
    assert isinstance(frame, bytes) is (how == "binary")


@pytest.mark.parametrize("how", ["fields", "types"])
async def test_fault_malformed_event_has_wrong_fields(start, how):
    client = await asked(await struck(start, Fault("malformed", "response.created", value=how)))
    created = client.all("response.created")[0]
    assert set(created) == {"type"} if how == "fields" else isinstance(created["response"], list)


async def test_fault_odd_audio_cuts_between_samples_and_loses_little(start):
    client = await asked(await struck(start, Fault("odd_audio", "response.audio.delta")))
    sizes = [len(base64.b64decode(event["delta"])) for event in client.all("response.audio.delta")]
    assert any(size % 2 for size in sizes)
    assert voice_of(LONG).startswith(client.audio())
    assert len(voice_of(LONG)) - len(client.audio()) <= 1


async def test_fault_empty_transcript_has_no_words(start):
    client = await asked(await struck(start, Fault("empty", COMPLETED)))
    assert [event["transcript"] for event in client.all(COMPLETED)] == [""]


async def test_fault_error_comes_instead_of_the_response(start):
    simulator = await struck(start, Fault("error", "response.create", value="no speech found"))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create", event_id="create")
        error = (await client.until("error"))["error"]
        await client.send("response.create")
        await client.until("response.done")
    assert (error["message"], error["event_id"]) == ("no speech found", "create")
    assert len(client.all("response.created")) == 1


async def test_fault_error_has_the_code_it_was_given(start):
    switches = PROFILES["s3"].replace(error_code="number")
    simulator = await start(switches=switches)
    simulator.throw(Fault("error", "response.create", value="429 too many requests"))
    async with configured(simulator) as client:
        await client.send("response.create")
        error = (await client.until("error"))["error"]
    assert (error["code"], error["message"]) == (429, "too many requests")


async def test_fault_error_in_the_middle_has_no_response_done(start):
    simulator = await struck(start, Fault("error", "response.audio.delta", nth=3, value="strange"))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create", event_id="create")
        error = (await client.until("error"))["error"]
        assert not client.all("response.done")
        await client.send("response.create")
        await client.until("response.done")
    assert (error["message"], error["event_id"]) == ("strange", "create")
    assert simulator.responses[0].status == "failed"


async def test_fault_internal_error_fails_the_response(start):
    client = await asked(await struck(start, Fault("internal_error", "response.audio.delta", nth=3)))
    assert client.all("error")[0]["error"]["type"] == "server_error"
    assert client.last["response"]["status"] == "failed"
    assert client.last["response"]["status_details"]["type"] == "failed"


async def test_fault_busy_refuses_a_create(start):
    client = await asked(await struck(start, Fault("busy", "response.create")), until="error")
    assert client.last["error"]["message"] == "ongoing response already exists"


@pytest.mark.parametrize(("how", "error", "done"), [("error", 1, 0), ("failed", 0, 1), ("silent", 0, 0)])
async def test_fault_moderation_shows_in_one_of_three_ways(start, how, error, done):
    simulator = await struck(start, Fault("moderation", "response.audio.delta", nth=2, value=how))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta")
        while simulator.connections[0].response is not None:
            await client.configure()
        await client.configure()
    assert (len(client.all("error")), len(client.all("response.done"))) == (error, done)
    assert simulator.responses[0].status == "failed"


async def test_fault_nth_and_times_count_from_when_it_was_placed(start):
    simulator = await struck(start)
    async with configured(simulator) as client:
        await client.configure()
        simulator.throw(Fault("drop", "session.updated", nth=2, times=2))
        for voice in ("cixingnansheng", "wenrounansheng", "ruyananshi", "youyanvsheng"):
            await client.send("session.update", session={"voice": voice})
        await client.type("Hello.")
    assert [event["session"]["voice"] for event in client.all("session.updated")[-2:]] == [
        "cixingnansheng",
        "youyanvsheng",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("abort@speaking", Fault("abort", "speaking")),
        ("refuse@connecting#2=402", Fault("refuse", "connecting", 2, 1, "402")),
        ("drop@response.audio.delta#3*2", Fault("drop", "response.audio.delta", 3, 2)),
        ("refuse@/v1/realtime", Fault("refuse", "/v1/realtime")),
    ],
)
def test_fault_parse_reads_the_form_of_the_command_line(text, fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("text", ["", "abort", "explode@speaking", "abort@speaking#x"])
def test_fault_parse_refuses_what_is_none(text):
    with pytest.raises(ValueError, match="not a fault"):
        Fault.parse(text)


async def test_fault_error_shapes_hold_for_faults_too(start):
    switches = PROFILES["s3"].replace(error_shape="flat", error_code="number")
    simulator = await start(switches=switches, brain=ScriptedBrain(Say(LONG)))
    simulator.throw(Fault("internal_error", "response.audio.delta"))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        error = await client.until("server_error")
    assert error["code"] == 503


async def test_fault_30_minutes_end_in_the_middle_of_an_answer(start):
    simulator = await struck(start, Fault("stall", "response.audio.delta", nth=3))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta", count=2)
        simulator.clock.advance(1801)
        with pytest.raises(ConnectionClosed):
            await client.until("response.done")
    assert client.socket.close_code == 1000
    assert read_tones(client.audio(), 24000) != LONG
