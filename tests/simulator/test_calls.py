"""Function calls (sheet 1.7, 1.10)."""

import orjson
import pytest

from simulator import PROFILES, Call, HouseBrain, Say, ScriptedBrain
from tests.simulator.client import configured


def function(name, **properties):
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


LIGHT_ON = function("light_on", room={"type": "string"})


async def called(start, *plan, **changes):
    profile = changes.pop("profile", "s3")
    simulator = await start(switches=PROFILES[profile].replace(**changes), brain=ScriptedBrain(*plan))
    async with configured(simulator, tools=[LIGHT_ON]) as client:
        await client.ask("Turn on the kitchen light.")
    return simulator, client


async def test_call_announced_by_output_item(start):
    _, client = await called(start, Call("light_on", {"room": "kitchen"}), profile="s25plan")
    added = client.all("response.output_item.added")[0]["item"]
    assert (added["type"], added["name"], added["arguments"]) == ("function_call", "light_on", "")
    assert added["call_id"] == "call_0_0"
    types = client.types()
    assert types[types.index("response.function_call_arguments.delta") :] == [
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.audio.done",
        "response.content_part.added",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.done",
    ]


async def test_call_announced_by_item_created(start):
    _, client = await called(start, Call("light_on", {"room": "kitchen"}), profile="doc")
    assert not client.all("response.output_item.added")
    item = client.all("conversation.item.created")[-1]["item"]
    assert (item["type"], item["status"], item["name"]) == ("function_call", "incomplete", "light_on")
    assert item["call_id"].startswith("call_")
    assert item["call_id"].endswith("_light_on")


@pytest.mark.parametrize(
    ("field", "shown"), [("arguments", {"arguments"}), ("delta", {"delta"}), ("both", {"arguments", "delta"})]
)
async def test_call_arguments_come_in_the_switched_field(start, field, shown):
    _, client = await called(start, Call("light_on", {"room": "厨房"}), arguments_delta_field=field)
    deltas = client.all("response.function_call_arguments.delta")
    for name in shown:
        assert orjson.loads("".join(event[name] for event in deltas)) == {"room": "厨房"}
    assert all(not {"arguments", "delta"} - shown & set(event) for event in deltas)


async def test_call_is_told_three_times_with_one_id(start):
    _, client = await called(start, Call("light_on", {"room": "kitchen"}))
    told = [
        client.all("response.function_call_arguments.done")[0],
        client.all("response.output_item.done")[0]["item"],
        client.all("response.done")[0]["response"]["output"][0],
    ]
    assert len({(call["call_id"], call["name"], call["arguments"]) for call in told}) == 1
    assert orjson.loads(told[0]["arguments"]) == {"room": "kitchen"}


async def test_call_result_is_answered_after_create(start):
    simulator = await start(brain=ScriptedBrain(Call("light_on", {"room": "kitchen"})))
    async with configured(simulator, tools=[LIGHT_ON]) as client:
        await client.ask("Turn on the kitchen light.")
        call_id = client.all("response.function_call_arguments.done")[0]["call_id"]
        item = {"type": "function_call_output", "call_id": call_id, "output": '{"ok": true}'}
        await client.send("conversation.item.create", item=item)
        created = await client.until("conversation.item.created")
        assert simulator.connections[0].phase == "in_tool"
        await client.send("response.create")
        await client.until("response.done")
    assert created["item"]["call_id"] == call_id
    assert simulator.responses[0].calls == [(call_id, "light_on", '{"room": "kitchen"}')]
    assert simulator.responses[1].text


async def test_call_several_in_one_response_have_their_own_ids(start):
    simulator, client = await called(
        start,
        [Call("light_on", {"room": "kitchen"}), Call("light_on", {"room": "hall"}), Call("light_on", {"room": "bath"})],
    )
    calls = client.all("response.function_call_arguments.done")
    assert len({call["call_id"] for call in calls}) == 3
    assert [call["output_index"] for call in calls] == [0, 1, 2]
    assert len(client.events[-1]["response"]["output"]) == 3
    assert len(simulator.responses[0].calls) == 3


async def test_call_after_spoken_words_in_the_same_response(start):
    simulator, client = await called(start, [Say("One moment, please."), Call("light_on", {"room": "kitchen"})])
    types = client.types()
    assert types.index("response.audio.done") < types.index("response.function_call_arguments.done")
    assert [item["type"] for item in client.events[-1]["response"]["output"]] == ["message", "function_call"]
    assert client.audio() == simulator.responses[0].audio != b""


async def test_call_ids_begin_again_on_another_connection(start):
    simulator = await start(brain=ScriptedBrain(Call("light_on"), Call("light_on")))
    for _ in range(2):
        async with configured(simulator, tools=[LIGHT_ON]) as client:
            await client.ask("Turn on the kitchen light.")
    assert [call[0] for response in simulator.responses for call in response.calls] == ["call_0_0", "call_0_0"]


@pytest.mark.parametrize(("profile", "calls"), [("s3", 1), ("s25plan", 0)])
@pytest.mark.parametrize(
    ("instructions", "english"), [("Answer in Chinese. 客厅灯", True), ("你是一个语音助手。", False)]
)
async def test_call_with_chinese_instructions_is_the_profiles(start, profile, calls, instructions, english):
    simulator = await start(profile=profile, brain=HouseBrain())
    tool = function("HassTurnOn")
    async with configured(simulator, instructions=instructions, tools=[tool]) as client:
        await client.ask("打开客厅灯，谢谢你。")
    assert len(simulator.responses[0].calls) == (1 if english else calls)


async def test_call_of_the_services_own_search_is_accepted(start):
    async with configured(await start(), tools=[{"type": "web_search"}]) as client:
        done = await client.ask("What is new in the world?")
    assert done["response"]["status"] == "completed"
