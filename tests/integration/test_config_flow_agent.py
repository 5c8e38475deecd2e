"""Adding and changing an agent, through the same flow as the UI."""

import pytest
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er, llm

from custom_components.stepaudio.const import DEFAULT_PROMPT

from .setup import add, answer, change, suggested, titled

NEW = {"name": "Pirate", "prompt": "Arr.", "llm_hass_api": ["assist"], "recommended": True}
CHARACTER = {"scene": "On deck.", "tone": "rough", "answer_language": "english"}
CONVERSATION = {"follow_up": "never", "web_search": True, "early_answer": False, "turns_kept": 3}


async def test_agent_is_added_as_recommended(hass, entry):
    form = await add(hass, entry, "conversation")
    assert suggested(form) == {"prompt": DEFAULT_PROMPT, "llm_hass_api": ["assist"]}
    result = await answer(hass, form, NEW)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Pirate").data == {"prompt": "Arr.", "llm_hass_api": ["assist"]}
    agents = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert sum(entity.domain == "conversation" for entity in agents) == 2


async def test_agent_is_added_with_a_character_of_its_own(hass, entry):
    form = await answer(hass, await add(hass, entry, "conversation"), NEW | {"recommended": False})
    assert form["step_id"] == "advanced"
    assert suggested(form) == {
        "character": {"scene": "", "tone": "", "answer_language": "as_spoken"},
        "conversation": {"follow_up": "automatic", "web_search": False, "early_answer": True, "turns_kept": 20},
    }
    result = await answer(hass, form, {"character": CHARACTER, "conversation": CONVERSATION | {"turns_kept": 3.0}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Pirate").data == {
        "prompt": "Arr.",
        "llm_hass_api": ["assist"],
        **CHARACTER,
        **CONVERSATION,
    }


async def test_agent_is_changed_and_goes_back_to_what_is_recommended(hass, entry):
    (agent,) = entry.get_subentries_of_type("conversation")
    form = await change(hass, entry, agent)
    assert form["data_schema"]({})["recommended"] is True
    form = await answer(hass, form, {"prompt": "Be kind.", "voice": "ruyananshi", "recommended": False})
    result = await answer(hass, form, {"character": CHARACTER, "conversation": CONVERSATION})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    kept = {"prompt": "Be kind.", "voice": "ruyananshi"}
    assert entry.subentries[agent.subentry_id].data == {**kept, **CHARACTER, **CONVERSATION}

    form = await change(hass, entry, entry.subentries[agent.subentry_id])
    assert form["data_schema"]({})["recommended"] is False
    assert suggested(form) == {**kept, "llm_hass_api": []}
    form = await answer(hass, form, {**kept, "recommended": False})
    assert suggested(form) == {"character": CHARACTER, "conversation": CONVERSATION}
    form = await change(hass, entry, entry.subentries[agent.subentry_id])
    await answer(hass, form, {"prompt": "Be kind.", "recommended": True})
    assert entry.subentries[agent.subentry_id].data == {"prompt": "Be kind."}


async def test_instructions_that_are_no_template_are_refused(hass, entry):
    form = await add(hass, entry, "conversation")
    with pytest.raises(InvalidData) as raised:
        await answer(hass, form, NEW | {"prompt": "{{ never closed"})
    assert list(raised.value.schema_errors) == ["prompt"]
    assert (await answer(hass, form, NEW))["type"] is FlowResultType.CREATE_ENTRY


async def test_instructions_that_cannot_be_rendered_are_told_in_the_form(hass, entry):
    typed = NEW | {"prompt": "{{ 1 / 0 }}"}
    form = await answer(hass, await add(hass, entry, "conversation"), typed)
    assert form["errors"] == {"prompt": "template"}
    assert "division by zero" in form["description_placeholders"]["detail"]
    assert suggested(form) == typed
    assert (await answer(hass, form, NEW))["type"] is FlowResultType.CREATE_ENTRY


async def test_instructions_may_ask_what_is_known_in_a_conversation(hass, entry):
    prompt = "{{ ha_name }} {{ user_name }} {{ llm_context.language }} {{ llm_context.device_id }}"
    form = await add(hass, entry, "conversation")
    assert (await answer(hass, form, NEW | {"prompt": prompt}))["type"] is FlowResultType.CREATE_ENTRY


async def test_voice_that_the_service_refuses_is_told_in_the_form(hass, simulator, entry):
    simulator.switches = simulator.switches.replace(voice_refusal="error")
    form = await answer(hass, await add(hass, entry, "conversation"), NEW | {"voice": "no-such-voice"})
    assert form["errors"] == {"voice": "voice"}
    assert form["description_placeholders"]["detail"]
    assert suggested(form)["voice"] == "no-such-voice"
    form = await answer(hass, form, NEW | {"voice": "ruyananshi"})
    assert form["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("voice", ["ruyananshi", "tianmeinvsheng"])
async def test_voice_that_is_on_a_list_is_not_tried(hass, simulator, entry, voice):
    await simulator.seen("session.updated", 2)
    sessions = len(simulator.upgrades)
    hass.config_entries.async_update_entry(entry, options={"warm_sessions": 0})
    await hass.async_block_till_done()
    result = await answer(hass, await add(hass, entry, "conversation"), NEW | {"voice": voice})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(simulator.upgrades) == sessions


async def test_voice_that_cannot_be_tried_now_is_taken(hass, simulator, entry):
    simulator.key = "another"
    result = await answer(hass, await add(hass, entry, "conversation"), NEW | {"voice": "voice-tone-1234"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Pirate").data["voice"] == "voice-tone-1234"


async def test_tools_that_are_gone_are_not_offered_as_chosen(hass, entry):
    class Tools(llm.API):
        async def async_get_api_instance(self, llm_context):
            return llm.APIInstance(self, "", llm_context, [])

    forget = llm.async_register_api(hass, Tools(hass=hass, id="tools", name="Tools"))
    form = await add(hass, entry, "conversation")
    await answer(hass, form, NEW | {"llm_hass_api": ["assist", "tools"]})
    assert suggested(await change(hass, entry, titled(entry, "Pirate")))["llm_hass_api"] == ["assist", "tools"]
    forget()
    form = await change(hass, entry, titled(entry, "Pirate"))
    assert suggested(form)["llm_hass_api"] == ["assist"]


@pytest.mark.parametrize("kind", ["conversation", "stt", "tts", "ai_task_data"])
async def test_settings_of_an_account_that_does_not_run_cannot_be_changed(hass, entry, kind):
    await hass.config_entries.async_unload(entry.entry_id)
    (subentry,) = entry.get_subentries_of_type(kind)
    result = await change(hass, entry, subentry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (await change(hass, entry, entry.subentries[subentry.subentry_id]))["type"] is FlowResultType.FORM
