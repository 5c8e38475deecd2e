"""The history and its rules (sheet 1.9)."""

import base64

import pytest

from simulator import PROFILES, HouseBrain, Say, ScriptedBrain
from tests.simulator.client import configured, opened, voice_of


def message(role, *parts, **fields):
    return {"type": "message", "role": role, "content": list(parts)} | fields


@pytest.mark.parametrize(
    ("profile", "status", "content"),
    [
        ("s3", "in_progress", {"type": "audio", "transcript": "Hello."}),
        ("doc", "completed", {"type": "input_text", "transcript": "Hello."}),
    ],
)
async def test_item_user_text_is_echoed_as_the_profile_does(start, profile, status, content):
    async with configured(await start(profile=profile)) as client:
        item = (await client.type("Hello."))["item"]
    assert item["content"] == [content]
    assert item["role"] == "user"
    assert item["object"] == "realtime.item"
    assert item["status"] == status


async def test_item_id_of_the_client_is_ignored(start):
    async with configured(await start()) as client:
        item = message("user", {"type": "input_text", "text": "Hello."}, id="mine")
        await client.send("conversation.item.create", item=item)
        assert (await client.until("conversation.item.created"))["item"]["id"] != "mine"


@pytest.mark.parametrize("form", ["empty", "null", "absent"])
async def test_item_first_has_the_switched_previous(start, form):
    simulator = await start(switches=PROFILES["s3"].replace(first_previous_item_id=form))
    async with configured(simulator) as client:
        first = await client.type("Hello.")
        second = await client.type("Again.")
    assert first.get("previous_item_id", "absent") == {"empty": "", "null": None, "absent": "absent"}[form]
    assert second["previous_item_id"] == first["item"]["id"]


async def test_item_is_put_after_the_one_named(start):
    simulator = await start()
    async with configured(simulator) as client:
        first = await client.type("One.")
        await client.type("Three.")
        item = message("user", {"type": "input_text", "text": "Two."})
        await client.send("conversation.item.create", item=item, previous_item_id=first["item"]["id"])
        await client.until("conversation.item.created")
        assert [item.text for item in simulator.connections[0].items] == ["One.", "Two.", "Three."]


@pytest.mark.parametrize("previous", ["root", "unknown"])
async def test_item_after_unknown_is_an_error_and_not_added(start, previous):
    simulator = await start()
    async with configured(simulator) as client:
        item = message("user", {"type": "input_text", "text": "Two."})
        await client.send("conversation.item.create", item=item, previous_item_id=previous, event_id="c2")
        assert (await client.until("error"))["error"]["event_id"] == "c2"
        assert not simulator.connections[0].items


@pytest.mark.parametrize(
    "item",
    [
        message("system", {"type": "input_text", "text": "Be nice."}),
        message("user", {"type": "text", "text": "wrong part"}),
        message("user"),
        message("assistant", {"type": "input_audio", "audio": ""}),
        {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "unknown", "output": "{}"},
        {"type": "novelty"},
        None,
    ],
)
async def test_item_that_is_not_accepted_is_an_error_and_the_session_goes_on(start, item):
    async with configured(await start()) as client:
        await client.send("conversation.item.create", item=item)
        await client.until("error")
        assert (await client.type("Hello."))["type"] == "conversation.item.created"


async def test_item_of_system_names_the_roles(start):
    async with configured(await start()) as client:
        error = (await client.type("Be nice.", role="system"))["error"]
    assert (error["code"], error["message"]) == ("400", "item.role must be user or assistant")


async def test_item_of_system_disconnects_where_switched(start):
    simulator = await start(switches=PROFILES["s3"].replace(system_item="disconnect"))
    async with configured(simulator) as client:
        await client.type("Be nice.", role="system")
        simulator.clock.advance(1)
        await client.socket.wait_closed()
    assert client.socket.close_code == 1000


async def test_item_replayed_history_is_what_the_model_sees(start):
    brain = ScriptedBrain(Say("Yes."))
    async with configured(await start(brain=brain)) as client:
        await client.type("My name is Ada.")
        await client.type("Hello Ada.", role="assistant")
        await client.ask("What is my name?")
    seen = [(item.role, item.text) for item in brain.prompts[0].items]
    assert seen == [("user", "My name is Ada."), ("assistant", "Hello Ada."), ("user", "What is my name?")]


async def test_item_replayed_words_are_recalled_on_another_connection(start):
    simulator = await start(brain=HouseBrain())
    async with configured(simulator) as client:
        await client.ask("The cat is on the roof.")
    async with configured(simulator) as client:
        await client.type("The cat is on the roof.")
        await client.type("Is it?", role="assistant")
        await client.ask("What did I say?")
    assert simulator.responses[-1].text == "You said: The cat is on the roof."


async def test_item_of_user_audio_is_heard(start):
    simulator = await start()
    async with configured(simulator) as client:
        audio = base64.b64encode(voice_of("A spoken item.")).decode()
        await client.send("conversation.item.create", item=message("user", {"type": "input_audio", "audio": audio}))
        await client.send("response.create")
        await client.until("response.done")
    assert "A spoken item." in simulator.responses[0].text


async def test_item_deleted_is_forgotten(start):
    brain = ScriptedBrain(Say("Yes."))
    async with configured(await start(brain=brain)) as client:
        item_id = (await client.type("Forget this."))["item"]["id"]
        await client.send("conversation.item.delete", item_id=item_id)
        assert (await client.until("conversation.item.deleted"))["item_id"] == item_id
        await client.ask("What do you know?")
    assert [item.text for item in brain.prompts[0].items] == ["What do you know?"]


@pytest.mark.parametrize("event", ["conversation.item.delete", "conversation.item.truncate"])
async def test_item_unknown_cannot_be_changed(start, event):
    async with configured(await start()) as client:
        await client.send(event, item_id="nobody", content_index=0, audio_end_ms=10, event_id="c5")
        assert (await client.until("error"))["error"]["event_id"] == "c5"


async def test_item_truncated_keeps_what_was_heard(start):
    simulator = await start(brain=ScriptedBrain(Say("One two three four five six seven.")))
    async with configured(simulator) as client:
        done = await client.ask("Count for me, please.")
        item_id = done["response"]["output"][0]["id"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=800)
        truncated = await client.until("conversation.item.truncated")
        item = simulator.connections[0].items[-1]
    assert (truncated["item_id"], truncated["content_index"], truncated["audio_end_ms"]) == (item_id, 0, 800)
    assert item.heard_ms == 800
    assert "One two three four five six seven.".startswith(item.text)
    assert 0 < len(item.text) < 20


async def test_item_of_user_cannot_be_truncated(start):
    async with configured(await start()) as client:
        item_id = (await client.type("Hello."))["item"]["id"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=800)
        await client.until("error")


async def test_item_history_of_a_connection_ends_with_it(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.type("Hello.")
    async with opened(simulator) as client:
        await client.until("session.created")
        assert not simulator.connections[-1].items


async def test_item_of_system_is_taken_where_documented(start):
    brain = ScriptedBrain(Say("Yes."))
    async with configured(await start(profile="doc", brain=brain)) as client:
        item = message("system", {"type": "input_text", "text": "Be nice."})
        await client.send("conversation.item.create", item=item)
        item = (await client.until("conversation.item.created"))["item"]
        await client.ask("What do you know?")
    assert item["role"] == "system"
    assert [item.role for item in brain.prompts[0].items] == ["system", "user"]


@pytest.mark.parametrize("part", ["text", "input_text"])
async def test_item_of_assistant_takes_either_kind_of_text(start, part):
    async with configured(await start()) as client:
        item = message("assistant", {"type": part, "text": "I said so."})
        await client.send("conversation.item.create", item=item)
        assert (await client.until("conversation.item.created"))["item"]["status"] == "completed"
