"""A second LLM API, with one tool."""

import probatio
from homeassistant.helpers import llm


class Library(llm.API):
    """An API of one tool."""

    def __init__(self, hass, tool):
        super().__init__(hass=hass, id="library", name="Library")
        self.tool = tool

    async def async_get_api_instance(self, llm_context):
        return llm.APIInstance(self, "There is a library.", llm_context, [self.tool])


class LookUp(llm.Tool):
    """A tool that remembers who called it, with a name that the service would not take."""

    name = "look.up"
    description = "Looks something up."
    parameters = probatio.Schema({probatio.Required("what"): str})
    integration = "test"

    def __init__(self):
        self.calls = []

    async def async_call(self, hass, tool_input, llm_context):
        self.calls.append((tool_input.tool_args, llm_context))
        return llm.ToolResult(data={"found": tool_input.tool_args["what"]})
