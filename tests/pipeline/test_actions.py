"""The actions, called as automations do."""

import asyncio

import pytest
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, llm

from custom_components.stepaudio.const import DOMAIN
from simulator import Call, Say, ScriptedBrain

from ..seen import sent
from .library import Library
from .phone import configure
from .test_diagnostics import SETTINGS, assert_tells_no_secret, conversation  # noqa: F401 - a fixture
from .test_interruptions import LONG, SlowTool


async def call(hass, action, **data):
    """Call an action and return its response."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=hass.services.supports_response(DOMAIN, action) != "none"
    )


@pytest.mark.parametrize("settings", [SETTINGS])
async def test_export_trace_tells_the_last_turns_and_no_secret(hass, entry, look_up, conversation, simulator):  # noqa: F811
    told = await call(hass, "export_trace", config_entry_id=entry.entry_id)
    assert_tells_no_secret(str(told), simulator, *conversation)
    assert [turn["outcome"] for turn in told["turns"]] == ["answered", "refused"]
    assert told["turns"][0]["tools"][:2] == ["library__look_up"] * 2
    assert told["last_error"] == "moderation"
    assert told == await call(hass, "export_trace")


async def test_export_trace_without_a_loaded_account_says_so(hass, entry):
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "export_trace")
    assert refused.value.translation_key == "service_config_entry_not_loaded"


@pytest.fixture
async def answering(hass, entry, engines, voice, simulator, satellite):
    """Have an answer under way, asked for from a satellite: return the run, and its stream; a tool holds it up."""
    entity = er.async_get(hass).async_get_or_create("assist_satellite", "sat", "1", device_id=satellite.id)
    tool = SlowTool()
    unregister = llm.async_register_api(hass, Library(hass, tool))
    await configure(hass, entry, llm_hass_api=["library"])
    simulator.brain = ScriptedBrain([Say("One moment."), Call("look_up")], Say(LONG))
    pipeline = await voice.pipeline()
    run = {"device_id": satellite.id, "satellite_id": entity.entity_id, "context": Context()}
    asking = asyncio.ensure_future(voice.ask(pipeline, "Look it up for me, please.", **run))
    await simulator.seen("response.done")
    yield asking, tool, entity
    tool.release.set()
    await asking
    unregister()


@pytest.mark.parametrize("by", ["satellite", "device", "agent", "everything"])
async def test_cancel_breaks_off_the_answer_of_its_target(hass, entry, engines, answering, simulator, by):
    asking, tool, entity = answering
    target = {
        "satellite": {ATTR_ENTITY_ID: entity.entity_id},
        "device": {ATTR_DEVICE_ID: entity.device_id},
        "agent": {ATTR_ENTITY_ID: engines["conversation"]},
        "everything": {},
    }[by]
    await call(hass, "cancel", **target)
    tool.release.set()
    answered = await asking
    assert LONG.strip() not in answered.reply
    assert len(simulator.responses) == 1
    assert [report.outcome for report in entry.runtime_data.client.reports] == ["interrupted"]


async def test_cancel_of_another_satellite_lets_the_answer_go_on(hass, answering):
    asking, tool, _ = answering
    await call(hass, "cancel", entity_id="assist_satellite.another")
    tool.release.set()
    assert LONG.strip() in (await asking).reply


async def test_cancel_ends_a_voice_that_is_still_heard(hass, engines, voice, simulator):
    simulator.brain = ScriptedBrain(Say(LONG), Say("Yes?"))
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Tell me a long story, please.")
    await call(hass, "cancel", entity_id=engines["conversation"])
    await simulator.seen("conversation.item.truncate")
    (truncate,) = sent(simulator, "conversation.item.truncate")
    assert 0 < truncate["audio_end_ms"] < len(simulator.responses[0].audio) / 48
    second = await voice.ask(pipeline, "And how are you now?", conversation_id=first.conversation_id)
    assert second.reply == "Yes?"


async def test_cancel_with_nothing_under_way_does_nothing(hass, entry, simulator):
    await call(hass, "cancel")
    assert not simulator.upgrades
