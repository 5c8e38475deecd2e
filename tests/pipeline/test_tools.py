"""Tools run in the conversation stage, once, with the device and the user of the turn."""

import pytest
import voluptuous as vol
from homeassistant.core import Context
from homeassistant.helpers import llm

from simulator import Call, Say, ScriptedBrain


class Lookup(llm.Tool):
    """A tool that remembers who called it."""

    name = "look.up"
    description = "Looks something up."
    parameters = vol.Schema({vol.Required("what"): str})
    integration = "test"

    def __init__(self):
        self.calls = []

    async def async_call(self, hass, tool_input, llm_context):
        self.calls.append((tool_input.tool_args, llm_context))
        return llm.ToolResult(data={"found": tool_input.tool_args["what"]})


@pytest.fixture
def lookup(hass, entry):
    """Give the agent a second API with one tool."""
    tool = Lookup()

    class Library(llm.API):
        async def async_get_api_instance(self, llm_context):
            return llm.APIInstance(self, "There is a library.", llm_context, [tool])

    unregister = llm.async_register_api(hass, Library(hass=hass, id="library", name="Library"))
    agent = next(sub for sub in entry.subentries.values() if sub.subentry_type == "conversation")
    hass.config_entries.async_update_subentry(entry, agent, data={**agent.data, "llm_hass_api": ["assist", "library"]})
    yield tool
    unregister()


async def test_tool_gets_the_device_and_the_user_of_the_turn(hass, voice, simulator, satellite, lookup):
    await hass.async_block_till_done()
    user = await hass.auth.async_create_user("Ada")
    name = next(iter(_tools_named("up")))
    simulator.brain = ScriptedBrain(*[Call(name, {"what": "tea"})] * 2, Say("Found tea."))
    answered = await voice.ask(
        await voice.pipeline(), "Look up tea for me.", device_id=satellite.id, context=Context(user_id=user.id)
    )
    ((arguments, context),) = lookup.calls
    assert arguments == {"what": "tea"}
    assert context.device_id == satellite.id
    assert context.context.user_id == user.id
    assert answered.reply == "Found tea."


def _tools_named(ending):
    """Return the wire name that stands for look.up, whose dot the service does not take."""
    return {f"library__look_{ending}"}


async def test_several_calls_in_one_response_all_run_once(hass, voice, simulator, lookup):
    await hass.async_block_till_done()
    name = next(iter(_tools_named("up")))
    simulator.brain = ScriptedBrain([Call(name, {"what": "tea"}), Call(name, {"what": "milk"})], Say("Both found."))
    answered = await voice.ask(await voice.pipeline(), "Look up tea and milk.")
    assert [arguments["what"] for arguments, _ in lookup.calls] == ["tea", "milk"]
    outputs = [
        entry.event["item"]["output"]
        for entry in simulator.log
        if entry.direction == "in" and entry.type == "conversation.item.create"
    ]
    assert outputs == ['{"found":"tea"}', '{"found":"milk"}']
    assert answered.reply == "Both found."


async def test_tool_that_does_not_exist_tells_the_model_and_the_turn_goes_on(voice, simulator):
    simulator.brain = ScriptedBrain(Call("no_such_tool"), Say("I cannot do that."))
    answered = await voice.ask(await voice.pipeline(), "Do magic for me.")
    assert answered.reply == "I cannot do that."
    assert "not found" in simulator.brain.prompts[-1].results()[0][1]


async def test_endless_calls_end_with_a_spoken_way_out(hass, voice, simulator, lookup):
    await hass.async_block_till_done()
    name = next(iter(_tools_named("up")))
    simulator.brain = ScriptedBrain(*[Call(name, {"what": str(number)}) for number in range(30)])
    answered = await voice.ask(await voice.pipeline(), "Look up everything there is.")
    assert len(lookup.calls) == 10
    assert "too many steps" in answered.reply
