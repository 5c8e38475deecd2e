"""Configuration and its echo (sheet 1.5, 1.6, 1.7)."""

import aiohttp
import pytest

from simulator import PROFILES
from tests.simulator.client import KEY, MODEL, opened, voice_of

FUNCTION = {"type": "function", "function": {"name": "light_on", "description": "", "parameters": {"type": "object"}}}
DETECTION = {
    "type": "server_vad",
    "prefix_padding_ms": 300,
    "silence_duration_ms": 400,
    "energy_awakeness_threshold": 4500,
}


@pytest.fixture
async def client(start):
    simulator = await start()
    async with opened(simulator) as client:
        await client.until("session.created")
        yield client


async def test_session_created_comes_first_with_defaults(start):
    async with opened(await start()) as client:
        session = (await client.receive())["session"]
    assert client.events[0]["type"] == "session.created"
    assert session["object"] == "realtime.session"
    assert session["voice"] == "jingdiannvsheng"
    assert session["modalities"] == ["text", "audio"]
    assert session["input_audio_format"] == session["output_audio_format"] == "pcm16"


@pytest.mark.parametrize(("profile", "tokens"), [("s3", "4096"), ("s25plan", 4096)])
async def test_session_created_tokens_are_string_or_number(start, profile, tokens):
    async with opened(await start(profile=profile)) as client:
        assert (await client.receive())["session"]["max_response_output_tokens"] == tokens


async def test_session_update_merges_and_echoes_known_fields(client):
    await client.configure(instructions="Be short.", voice="wenrounansheng", tools=[FUNCTION], volume_ratio=1.5)
    await client.send("session.update", session={"instructions": "Be long."})
    session = (await client.until("session.updated"))["session"]
    assert session["instructions"] == "Be long."
    assert session["voice"] == "wenrounansheng"
    assert session["tools"] == [FUNCTION]
    assert session["volume_ratio"] == 1.5


@pytest.mark.parametrize(
    "field",
    [
        "speed", "speech_rate", "rate", "audio", "temperature", "max_response_output_tokens", "tool_choice",
        "input_audio_transcription", "reasoning", "built_in_tools", "max_response_output_length", "model", "metadata",
    ],
)  # fmt: skip
async def test_session_update_unknown_field_is_not_echoed(client, field):
    updated = await client.configure(**{field: "auto"})
    assert updated["type"] == "session.updated"
    assert updated["session"].get(field) != "auto"


async def test_session_update_tool_choice_object_is_invalid_format(client):
    error = await client.configure(tool_choice={"type": "function"})
    assert error["error"]["message"] == "invalid event format"


async def test_session_update_flat_function_is_invalid_format(client):
    error = await client.configure(tools=[{"type": "function", "name": "light_on", "parameters": {}}])
    assert error["error"]["message"] == "invalid event format"


@pytest.mark.parametrize("form", ["null", "missing", "empty"])
async def test_session_update_detection_off_is_echoed_as_switched(start, form):
    simulator = await start(switches=PROFILES["s3"].replace(vad_off_echo=form))
    async with opened(simulator) as client:
        await client.until("session.created")
        session = (await client.configure())["session"]
    assert session.get("turn_detection", "missing") == {"null": None, "missing": "missing", "empty": {"type": ""}}[form]


async def test_session_update_detection_is_echoed_whole(client):
    assert (await client.configure(turn_detection=DETECTION))["session"]["turn_detection"] == DETECTION
    assert (await client.configure(turn_detection={"type": "server_vad"}))["session"]["turn_detection"] == {
        "type": "server_vad",
        "prefix_padding_ms": 500,
        "silence_duration_ms": 100,
        "energy_awakeness_threshold": 2500,
    }


@pytest.mark.parametrize("wrong", [{"type": "semantic_vad"}, {**DETECTION, "energy_awakeness_threshold": 5001}])
async def test_session_update_wrong_detection_is_an_error(client, wrong):
    assert (await client.configure(turn_detection=wrong))["type"] == "error"


@pytest.mark.parametrize(("profile", "on"), [("s3", True), ("s25plan", True), ("doc", False)])
async def test_session_detection_default_is_the_profiles(start, profile, on):
    async with opened(await start(profile=profile)) as client:
        await client.until("session.created")
        await client.send("session.update", session={"modalities": ["text", "audio"]})
        session = (await client.until("session.updated"))["session"]
    assert bool((session["turn_detection"] or {}).get("type")) is on


async def test_session_update_bad_voice_is_error_400_and_changes_nothing(client):
    error = (await client.configure(voice="tianmeinvsheng", instructions="lost"))["error"]
    assert error["message"] == "voice tianmeinvsheng is not valid"
    assert (error["code"], error["type"], error["event_id"]) == ("400", "invalid_request_error", "configure")
    session = (await client.configure())["session"]
    assert (session["voice"], session["instructions"]) == ("jingdiannvsheng", "")


@pytest.mark.parametrize(
    ("region", "fine", "wrong"), [("com", "cixingnansheng", "zixinnansheng"), ("ai", "zixinnansheng", "cixingnansheng")]
)
async def test_session_voices_are_the_regions(start, region, fine, wrong):
    async with opened(await start(switches=PROFILES["s3"].replace(region=region))) as client:
        await client.until("session.created")
        assert (await client.configure(voice=fine))["type"] == "session.updated"
        assert (await client.configure(voice=wrong))["type"] == "error"
        assert (await client.configure(voice="voice-tone-abc"))["session"]["voice"] == "voice-tone-abc"


async def test_session_update_bad_voice_downgraded_shows_in_the_echo(start):
    async with opened(await start(switches=PROFILES["s3"].replace(voice_refusal="downgrade"))) as client:
        await client.until("session.created")
        assert (await client.configure(voice="nobody"))["session"]["voice"] == "jingdiannvsheng"


@pytest.mark.parametrize(("form", "answer"), [("error", "error"), ("ignore", "session.updated")])
async def test_session_voice_is_fixed_after_the_first_audio(start, form, answer):
    async with opened(await start(switches=PROFILES["s3"].replace(voice_change=form))) as client:
        await client.until("session.created")
        await client.configure(voice="wenrounansheng")
        await client.configure(voice="cixingnansheng")
        await client.ask("Hello there, you.")
        assert (await client.configure(voice="wenrounansheng"))["type"] == answer
        assert (await client.configure())["session"]["voice"] == "cixingnansheng"


async def test_session_unknown_event_is_invalid_value(client):
    await client.send("conversation.item.retrieve", event_id="c7")
    error = (await client.until("error"))["error"]
    assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "type", "c7")


@pytest.mark.parametrize("frame", ["{", "[]", '{"type": 7}', b"binary"])
async def test_session_broken_frame_is_an_error_and_it_goes_on(client, frame):
    await client.socket.send(frame)
    assert (await client.until("error"))["error"]["message"] == "invalid event format"
    assert (await client.configure())["type"] == "session.updated"


@pytest.mark.parametrize("code", ["string", "number"])
async def test_session_error_flat_shape_is_bare(start, code):
    switches = PROFILES["s3"].replace(error_shape="flat", error_code=code)
    async with opened(await start(switches=switches)) as client:
        await client.until("session.created")
        await client.send("session.update", session={"voice": "nobody"})
        error = await client.until("invalid_request_error")
    assert "error" not in error
    assert error["code"] == {"string": "400", "number": 400}[code]


async def test_session_without_update_is_closed(start):
    simulator = await start()
    async with opened(simulator) as client:
        await client.until("session.created")
        simulator.clock.advance(11)
        await client.socket.wait_closed()
    assert client.socket.close_code == 1000


@pytest.mark.parametrize("profile", PROFILES)
async def test_session_is_closed_after_30_minutes(start, profile):
    simulator = await start(switches=PROFILES[profile].replace(idle_limit_s=0))
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.configure()
        simulator.clock.advance(1790)
        await client.configure()
        simulator.clock.advance(11)
        await client.socket.wait_closed()
    assert client.socket.close_code == 1000


async def test_session_limit_cuts_the_connection_where_switched(start):
    simulator = await start(switches=PROFILES["s3"].replace(close_code=1006))
    async with opened(simulator) as client:
        await client.until("session.created")
        simulator.clock.advance(1801)
        await client.socket.wait_closed()
    assert client.socket.close_code == 1006


async def test_session_idle_is_closed_unless_pinged(start):
    simulator = await start()
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.configure()
        for _ in range(2):
            simulator.clock.advance(400)
            await (await client.socket.ping())
        simulator.clock.advance(601)
        await client.socket.wait_closed()
    assert client.socket.close_code == 1000


async def test_session_heard_keeps_every_byte(start):
    simulator = await start()
    pcm = voice_of("One two three.")
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.configure()
        await client.append(pcm)
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        assert bytes(simulator.connections[0].heard) == pcm
        assert simulator.connections[0].session.voice == "jingdiannvsheng"


async def test_session_created_has_the_fields_of_the_sheet_and_updated_those_set(client):
    created = client.events[0]["session"]
    assert set(created) == {
        "id", "object", "model", "modalities", "instructions", "voice", "input_audio_format", "output_audio_format",
        "max_response_output_tokens",
    }  # fmt: skip
    assert created["id"].startswith("sess_")
    assert {"tools", "turn_detection"} <= set((await client.configure())["session"])


@pytest.mark.parametrize(("profile", "shown"), [("s3", True), ("s25plan", False), ("doc", True)])
async def test_session_updated_carries_its_id_where_switched(start, profile, shown):
    async with opened(await start(profile=profile)) as client:
        await client.until("session.created")
        session = (await client.configure())["session"]
    assert ({"id", "object", "model"} <= set(session)) is shown


@pytest.mark.parametrize("field", ["input_audio_format", "output_audio_format"])
async def test_session_update_other_format_than_pcm16_is_an_error(client, field):
    assert (await client.configure(**{field: "pcm16"}))["type"] == "session.updated"
    assert (await client.configure(**{field: "g711_ulaw"}))["type"] == "error"


async def test_session_update_unknown_detection_fields_are_dropped(client):
    others = {"threshold": 0.5, "create_response": False, "interrupt_response": False}
    assert (await client.configure(turn_detection=DETECTION | others))["session"]["turn_detection"] == DETECTION


async def test_session_update_can_come_at_any_time_and_in_part(client):
    await client.configure(instructions="Be short.")
    await client.ask("A question of some length.")
    await client.send("session.update", session={"tools": [FUNCTION]})
    session = (await client.until("session.updated"))["session"]
    assert (session["instructions"], session["tools"]) == ("Be short.", [FUNCTION])


@pytest.mark.parametrize("echoed", [True, False])
async def test_session_sampling_is_echoed_where_switched(start, echoed):
    simulator = await start(switches=PROFILES["s3"].replace(sampling_echoed=echoed))
    async with opened(simulator) as client:
        await client.until("session.created")
        session = (await client.configure(temperature=0.5, max_response_output_tokens=100))["session"]
    assert session.get("temperature") == (0.5 if echoed else None)
    assert session.get("max_response_output_tokens") == (100 if echoed else None)


@pytest.mark.parametrize(("after", "kind"), [("audio", "session.updated"), ("update", "error")])
async def test_session_voice_is_fixed_by_the_first_update_where_switched(start, after, kind):
    simulator = await start(switches=PROFILES["s3"].replace(voice_fixed_after=after))
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.configure()
        assert (await client.configure(voice="wenrounansheng"))["type"] == "session.updated"
        assert (await client.configure(voice="cixingnansheng"))["type"] == kind
        assert (await client.configure(voice=simulator.connections[0].session.voice))["type"] == "session.updated"


async def test_session_voice_after_audio_is_ignored_where_switched(start):
    simulator = await start(switches=PROFILES["s3"].replace(voice_change="ignore"))
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.configure()
        await client.ask("A question of some length.")
        assert (await client.configure(voice="wenrounansheng"))["session"]["voice"] == "jingdiannvsheng"


@pytest.mark.parametrize(
    ("model", "default", "voice", "clone"),
    [
        ("step-audio-2", "qingchunshaonv", "elegantgentle-female", "session.updated"),
        ("step-audio-2-mini", "qingchunshaonv", "wenrounansheng", "error"),
    ],
)
async def test_session_voices_are_the_models(start, model, default, voice, clone):
    async with opened(await start(), model=model) as client:
        assert (await client.until("session.created"))["session"]["voice"] == default
        assert (await client.configure(voice=voice))["session"]["voice"] == voice
        assert (await client.configure(voice="cixingnansheng"))["error"]["code"] == "400"
        assert (await client.configure(voice="voice-tone-mine"))["type"] == clone


RETRIEVAL = {"vector_store_id": "vs", "prompt_template": "{{knowledge}} {{query}}"}


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ({"type": "web_search"}, "session.updated"),
        ({"type": "web_search", "function": {"description": "d", "options": {"top_k": 5}}}, "session.updated"),
        ({"type": "web_search", "function": {"options": {"timeout_seconds": "long"}}}, "error"),
        ({"type": "retrieval", "function": {"description": "d", "options": RETRIEVAL}}, "session.updated"),
        ({"type": "retrieval", "function": {"description": "d", "options": {}}}, "error"),
        ({"type": "retrieval"}, "error"),
        ({"type": "function", "function": {"name": "no spaces please"}}, "error"),
        ({"type": "function", "function": {"name": "f" * 65}}, "session.updated"),
        ({"type": "function", "function": {"name": "f", "parameters": "none"}}, "error"),
        ({"type": "code_interpreter"}, "error"),
    ],
)
async def test_session_update_tools_have_the_documented_forms(client, tool, kind):
    updated = await client.configure(tools=[tool])
    assert updated["type"] == kind
    if kind == "session.updated":
        assert updated["session"]["tools"] == [tool]


async def test_session_error_repeats_the_clients_event_id(client):
    await client.send("novelty", event_id="mine")
    assert (await client.until("error"))["error"]["event_id"] == "mine"


@pytest.mark.parametrize("event", ["conversation.item.retrieve", "conversation.create", "session.restore"])
async def test_session_event_that_is_not_documented_is_unknown(client, event):
    await client.send(event, item_id="any")
    error = (await client.until("error"))["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "type")


async def test_session_pings_of_the_service_end_it_unless_answered(start):
    simulator = await start(switches=PROFILES["s3"].replace(server_ping_s=20, update_limit_s=0))
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{simulator.url}/v1/realtime?model={MODEL}"
    async with aiohttp.ClientSession(headers=headers) as web, web.ws_connect(url, autoping=False) as socket:
        await socket.receive()
        simulator.clock.advance(21)
        ping = await socket.receive()
        assert ping.type == aiohttp.WSMsgType.PING
        await socket.pong(ping.data)
        await socket.ping()
        assert (await socket.receive()).type == aiohttp.WSMsgType.PONG
        simulator.clock.advance(21)
        assert (await socket.receive()).type == aiohttp.WSMsgType.PING
        simulator.clock.advance(21)
        assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE
