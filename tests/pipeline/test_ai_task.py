"""AI tasks, through Home Assistant's own action."""

import asyncio
from types import MappingProxyType

import probatio
import pytest
from homeassistant.components import ai_task
from homeassistant.config_entries import ConfigSubentry
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, llm
from homeassistant.setup import async_setup_component

from simulator import Call, Fault, Say, ScriptedBrain

from .phone import set_up_alone

CAT = {
    "name": {"selector": {"text": {}}, "required": True, "description": "What it is called"},
    "lives": {"selector": {"number": {"min": 0, "max": 9}}},
}


@pytest.fixture(params=["among others", "alone"])
async def account(hass, entry, request):
    """Return an account with all our entities, or with nothing but AI tasks."""
    assert await async_setup_component(hass, "ai_task", {})
    if request.param == "among others":
        subentry = ConfigSubentry(
            data=MappingProxyType({"prompt": "Cats only."}),
            subentry_type="ai_task_data",
            title="StepAudio task",
            unique_id=None,
        )
        hass.config_entries.async_add_subentry(entry, subentry)
        await hass.async_block_till_done()
        yield entry
        return
    await hass.config_entries.async_unload(entry.entry_id)
    alone = await set_up_alone(hass, entry.data, "ai_task_data", {"prompt": "Cats only."})
    yield alone
    await hass.config_entries.async_unload(alone.entry_id)


@pytest.fixture
def task(hass, account):
    """Return the entity's id."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), account.entry_id)
    return next(entity.entity_id for entity in entities if entity.domain == "ai_task")


@pytest.fixture
def generate(hass, task):
    """Return the action, for our entity."""

    async def generate(**data):
        result = await hass.services.async_call(
            "ai_task",
            "generate_data",
            {"entity_id": task, "task_name": "Test", "instructions": "Make a cat.", **data},
            blocking=True,
            return_response=True,
        )
        return result["data"]

    return generate


async def test_task_without_structure_gives_the_words(generate, simulator):
    simulator.brain = ScriptedBrain(Say("A cat named Tom."))
    assert await generate() == "A cat named Tom."
    (prompt,) = simulator.brain.prompts
    assert prompt.user_words() == ["Make a cat."]
    assert "Cats only." in prompt.instructions
    assert [response.kind for response in simulator.responses] == ["words"]


@pytest.mark.parametrize("words_as", ["text", "audio_transcript"])
async def test_task_with_structure_gives_data(generate, simulator, words_as):
    simulator.switches = simulator.switches.replace(text_only_events=words_as)
    simulator.brain = ScriptedBrain(Say('Here: ```json\n{"name": "Tom", "lives": 7}\n```'))
    assert await generate(structure=CAT) == {"name": "Tom", "lives": 7}
    assert "What it is called" in simulator.brain.prompts[0].instructions


async def test_task_whose_answer_does_not_fit_is_tried_once_more(generate, simulator):
    simulator.brain = ScriptedBrain(Say('{"lives": 7}'), Say('{"name": "Tom"}'))
    assert await generate(structure=CAT) == {"name": "Tom"}
    second = simulator.brain.prompts[1].user_words()
    assert second[0] == "Make a cat."
    assert "name" in second[1]
    assert len(simulator.upgrades) == 1


async def test_task_whose_answer_never_fits_says_so_and_nothing_of_the_answer(generate, simulator):
    simulator.brain = ScriptedBrain(*[Say("Meow, secretly.")] * 3)
    with pytest.raises(HomeAssistantError) as raised:
        await generate(structure=CAT)
    assert raised.value.translation_key == "does_not_fit"
    assert "did not have the structure" in str(raised.value)
    assert len(simulator.responses) == 2
    assert raised.value.__cause__ is None


async def test_task_that_the_service_refuses_raises_a_translated_error(generate, simulator):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    with pytest.raises(HomeAssistantError) as raised:
        await generate()
    assert raised.value.translation_key == "moderation"


async def test_task_that_has_ended_leaves_no_session(account, generate, simulator):
    simulator.brain = ScriptedBrain(Say("One."), Say("Two."))
    assert [await generate(), await generate()] == ["One.", "Two."]
    assert not account.runtime_data._sessions
    assert simulator.brain.prompts[1].user_words() == ["Make a cat."]


class Shelter(llm.API):
    """An API with one tool, which knows a cat."""

    async def async_get_api_instance(self, llm_context):
        return llm.APIInstance(self, "There is a shelter.", llm_context, [Fetch()])


class Fetch(llm.Tool):
    """Fetches a cat."""

    name = "fetch"
    description = "Fetches a cat."
    parameters = probatio.Schema({probatio.Required("colour"): str})
    integration = "test"

    async def async_call(self, hass, tool_input, llm_context):
        return llm.ToolResult(data={"cat": f"a {tool_input.tool_args['colour']} one"})


async def test_task_with_tools_uses_them(hass, task, simulator):
    simulator.brain = ScriptedBrain(Call("fetch", {"colour": "red"}), Say('{"name": "Tom"}'))
    result = await ai_task.async_generate_data(
        hass,
        task_name="Test",
        entity_id=task,
        instructions="Name a cat from the shelter.",
        structure=probatio.Schema({probatio.Required("name"): str}),
        llm_api=Shelter(hass=hass, id="shelter", name="Shelter"),
    )
    assert result.data == {"name": "Tom"}
    assert simulator.brain.prompts[1].results() == [("fetch", '{"cat":"a red one"}')]


async def test_task_with_an_attachment_is_refused(hass, generate, simulator):
    with pytest.raises(HomeAssistantError, match="does not support attachments"):
        await generate(
            attachments={"media_content_id": "media-source://camera/camera.door", "media_content_type": "image/jpeg"}
        )
    assert not simulator.responses


async def test_several_tasks_at_once_do_not_mix(generate, simulator):
    names = ["Ada", "Bob", "Cleo"]
    simulator.brain = ScriptedBrain()
    answers = await asyncio.gather(*(generate(instructions=f"Say {name}.") for name in names))
    assert answers == [f"You said: Say {name}." for name in names]


async def test_task_that_is_cancelled_leaves_no_session(account, generate, simulator):
    simulator.throw(Fault("stall", at="answering"))
    task = asyncio.create_task(generate())
    await simulator.seen("response.create")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not account.runtime_data._sessions
