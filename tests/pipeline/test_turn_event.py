"""The event that fires when a turn is over, and the triggers of the account's device."""

import pytest
from homeassistant.components import automation
from homeassistant.components.device_automation import DeviceAutomationType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_get_device_automations, async_mock_service

from custom_components.stepaudio.const import DOMAIN
from simulator import Fault, Say, ScriptedBrain

from .test_health import MODELS, away, come_back, pass_time


@pytest.fixture
def event_id(hass, entry):
    """Return the id of the account's event."""
    return er.async_get(hass).async_get_entity_id("event", DOMAIN, f"{entry.entry_id}_turn")


@pytest.fixture
async def account(hass, entry):
    """Return the account's device."""
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)


async def test_event_tells_how_a_turn_went_and_none_of_its_words(hass, entry, event_id, voice, simulator):
    assert hass.states.get(event_id).state == "unknown"
    simulator.brain = ScriptedBrain(Say("It is a lovely evening."))
    await voice.ask(await voice.pipeline(), "How is the weather?")
    attributes = hass.states.get(event_id).attributes
    (report,) = entry.runtime_data.client.reports
    assert attributes["event_type"] == "answered"
    assert attributes["kind"] == "spoken"
    assert attributes["own_voice"] is True
    assert attributes["first_audio_ms"] == report.first_audio_ms
    assert attributes["voice_ms"] == report.voice_ms > 0
    assert (attributes["tools"], attributes["rounds"], attributes["error"]) == (0, 1, None)
    assert not {"transcript", "reply"} & set(attributes)
    assert "lovely" not in str(attributes)
    assert "weather" not in str(attributes)


async def test_event_tells_the_words_if_the_user_allows_it(hass, entry, event_id, voice, simulator):
    hass.config_entries.async_update_entry(entry, options={**entry.options, "report_words": True})
    await hass.async_block_till_done()
    simulator.brain = ScriptedBrain(Say("It is a lovely evening."))
    await voice.ask(await voice.pipeline(), "How is the weather?")
    attributes = hass.states.get(event_id).attributes
    assert attributes["transcript"] == "How is the weather?"
    assert attributes["reply"] == "It is a lovely evening."


async def test_event_of_a_turn_that_failed_names_the_error(hass, event_id, voice, simulator):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    await voice.ask(await voice.pipeline(), "Something that is not allowed.")
    attributes = hass.states.get(event_id).attributes
    assert (attributes["event_type"], attributes["error"]) == ("refused", "moderation")


async def test_turn_with_a_tool_is_counted_with_it(hass, event_id, voice, house):
    await voice.ask(await voice.pipeline(), "Turn on the kitchen light, please.")
    attributes = hass.states.get(event_id).attributes
    assert (attributes["tools"], attributes["rounds"]) == (1, 2)


async def test_local_answer_is_a_turn_that_no_agent_claimed(hass, event_id, voice, simulator):
    assert await async_setup_component(
        hass,
        "automation",
        {"automation": {"trigger": {"platform": "conversation", "command": "party time"}, "action": []}},
    )
    await voice.ask(await voice.pipeline(), "Party time")
    await simulator.seen("response.done")
    await hass.async_block_till_done()
    assert hass.states.get(event_id).attributes["event_type"] == "not_claimed"


async def listen(hass, account, event_id):
    """Have an automation for each outcome, and return what they do."""
    entity = er.async_get(hass).async_get(event_id)
    done = async_mock_service(hass, "test", "automation")
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: [
                {
                    "trigger": {
                        "platform": "device",
                        "domain": DOMAIN,
                        "device_id": account.id,
                        "entity_id": entity.id,
                        "type": outcome,
                    },
                    "action": {"service": "test.automation", "data": {"outcome": "{{ trigger.type }}"}},
                }
                for outcome in ("answered", "refused", "interrupted", "not_claimed")
            ]
        },
    )
    return done


async def test_device_has_a_trigger_for_each_outcome(hass, account, event_id):
    triggers = await async_get_device_automations(hass, DeviceAutomationType.TRIGGER, account.id)
    entity = er.async_get(hass).async_get(event_id)
    ours = [trigger for trigger in triggers if trigger["domain"] == DOMAIN]
    assert {trigger["type"] for trigger in ours} == {"answered", "refused", "interrupted", "not_claimed"}
    assert {trigger["entity_id"] for trigger in ours} == {entity.id}


async def test_triggers_run_for_their_outcome(hass, account, event_id, voice, simulator):
    done = await listen(hass, account, event_id)
    pipeline = await voice.pipeline()
    await voice.ask(pipeline, "How is the evening?")
    await hass.async_block_till_done()
    assert [call.data["outcome"] for call in done] == ["answered"]
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    await voice.ask(pipeline, "Something that is not allowed.")
    await hass.async_block_till_done()
    assert [call.data["outcome"] for call in done] == ["answered", "refused"]


async def test_event_that_comes_back_with_the_service_triggers_nothing(
    hass, account, event_id, voice, simulator, freezer
):
    await voice.ask(await voice.pipeline(), "How is the evening?")
    done = await listen(hass, account, event_id)
    simulator.throw(*away(MODELS))
    await pass_time(hass, freezer, minutes=31)
    assert hass.states.get(event_id).state == "unavailable"
    come_back(simulator)
    await pass_time(hass, freezer, minutes=2)
    assert hass.states.get(event_id).attributes["event_type"] == "answered"
    assert not done


async def test_connectivity_tells_that_the_service_is_away_and_back(hass, entry, simulator, freezer):
    sensor = er.async_get(hass).async_get_entity_id("binary_sensor", DOMAIN, f"{entry.entry_id}_connectivity")
    assert hass.states.get(sensor).state == "on"
    simulator.throw(*away(MODELS))
    await pass_time(hass, freezer, minutes=31)
    assert hass.states.get(sensor).state == "off"
    come_back(simulator)
    await pass_time(hass, freezer, minutes=2)
    assert hass.states.get(sensor).state == "on"
