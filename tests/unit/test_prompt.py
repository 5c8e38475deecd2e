"""Whether an answer that was started early is as good as the one that is asked for."""

from dataclasses import replace

import voluptuous as vol
from homeassistant.components import conversation
from homeassistant.helpers import llm

from custom_components.stepaudio.client.events import SessionConfig, Tool
from custom_components.stepaudio.prompt import Persona, Prompt, build_prompt

CONFIG = SessionConfig("Current time is 16:20:07. Be brief.", "elegantgentle-female", (Tool("a", "", {}),))
PROMPT = Prompt(CONFIG, {})


def test_prompt_that_differs_by_seconds_says_the_same():
    assert PROMPT.says_the_same_as(replace(CONFIG, instructions="Current time is 16:20:11. Be brief."))


def test_prompt_of_another_room_voice_or_tool_does_not_say_the_same():
    assert not PROMPT.says_the_same_as(
        replace(CONFIG, instructions="Current time is 16:20:07. You are in the kitchen.")
    )
    assert not PROMPT.says_the_same_as(replace(CONFIG, voice="ruyananshi"))
    assert not PROMPT.says_the_same_as(replace(CONFIG, tools=()))
    assert not PROMPT.says_the_same_as(replace(CONFIG, with_voice=False))


class Named(llm.Tool):
    """A tool with one field."""

    name = "call"
    integration = "test"

    def __init__(self, field):
        self.parameters = vol.Schema({field: str})


def described(hass, field):
    """Return what the model is told of a tool's field."""
    api = llm.APIInstance(None, "", None, [Named(field)])
    log = conversation.ChatLog(hass, "conversation", llm_api=api)
    tools = build_prompt(log, Persona(), language="en", voice="", with_voice=False).config.tools
    return tools[0].parameters["properties"]["whom"]["description"]


def test_tool_whose_field_is_described_anew_is_told_anew(hass):
    field = vol.Required("whom", description="The person")
    assert [described(hass, field), described(hass, field)] == ["The person", "The person"]
    assert described(hass, vol.Required("whom", description="The place")) == "The place"
