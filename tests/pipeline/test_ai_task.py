"""AI tasks, through Home Assistant's own action."""

import asyncio

import probatio
import pytest
from homeassistant.components import ai_task
from homeassistant.exceptions import HomeAssistantError

from simulator import Call, Fault, Say, ScriptedBrain

from .conftest import among_others_and_alone
from .library import Library, LookUp
from .phone import configure

CAT = {
    "name": {"selector": {"text": {}}, "required": True, "description": "What it is called"},
    "lives": {"selector": {"number": {"min": 0, "max": 9}}},
}


pytestmark = among_others_and_alone("ai_task_data")


@pytest.fixture
def settings():
    """Return what every task is told."""
    return {"ai_task_data": {"prompt": "Cats only."}}


@pytest.fixture
def task(engines):
    """Return the entity's id."""
    return engines["ai_task"]


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


async def test_task_that_has_ended_leaves_no_session(entry, generate, simulator):
    simulator.brain = ScriptedBrain(Say("One."), Say("Two."))
    assert [await generate(), await generate()] == ["One.", "Two."]
    assert not entry.runtime_data.client._sessions
    assert simulator.brain.prompts[1].user_words() == ["Make a cat."]


async def test_task_with_tools_uses_them(hass, task, simulator):
    simulator.brain = ScriptedBrain(Call("look_up", {"what": "cat"}), Say('{"name": "Tom"}'))
    result = await ai_task.async_generate_data(
        hass,
        task_name="Test",
        entity_id=task,
        instructions="Name a cat from the library.",
        structure=probatio.Schema({probatio.Required("name"): str}),
        llm_api=Library(hass, LookUp()),
    )
    assert result.data == {"name": "Tom"}
    assert simulator.brain.prompts[1].results() == [("look_up", '{"found":"cat"}')]


@pytest.mark.parametrize("searches", [True, False])
async def test_task_may_search_the_web_where_its_option_says_so(hass, entry, generate, simulator, searches):
    await configure(hass, entry, "ai_task_data", web_search=searches)
    simulator.brain = ScriptedBrain(Say("A cat named Tom."))
    await generate()
    assert list(simulator.brain.prompts[0].tools) == [{"type": "web_search"}] * searches


async def test_task_with_an_attachment_is_refused_before_anybody_takes_a_picture(generate, task, simulator):
    # Home Assistant refuses; if we claimed to take attachments, it would take the picture first.
    with pytest.raises(HomeAssistantError, match=f"{task} does not support attachments"):
        await generate(
            attachments={"media_content_id": "media-source://camera/camera.door", "media_content_type": "image/jpeg"}
        )
    assert not simulator.upgrades


async def test_several_tasks_at_once_do_not_mix(generate, simulator):
    names = ["Ada", "Bob", "Cleo"]
    simulator.brain = ScriptedBrain()
    answers = await asyncio.gather(*(generate(instructions=f"Say {name}.") for name in names))
    assert answers == [f"You said: Say {name}." for name in names]


async def test_task_that_is_cancelled_leaves_no_session(entry, generate, simulator):
    simulator.throw(Fault("stall", at="answering"))
    task = asyncio.create_task(generate())
    await simulator.seen("response.create")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not entry.runtime_data.client._sessions


async def test_task_that_takes_too_many_steps_is_a_turn_that_failed(generate, entry, simulator):
    simulator.brain = ScriptedBrain(*[Call("look_up") for _ in range(30)])
    with pytest.raises(HomeAssistantError):
        await generate()
    (report,) = entry.runtime_data.client.reports
    assert (report.outcome, report.error) == ("refused", "too_many_rounds")
