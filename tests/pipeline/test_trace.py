"""What Home Assistant's trace of a conversation tells of an agent."""

import pytest
from homeassistant.components.conversation.trace import async_clear_traces, async_get_traces

from simulator import Call, Say, ScriptedBrain


@pytest.mark.parametrize("spoken", [True, False])
async def test_trace_tells_messages_tools_calls_and_tokens(hass, entry, engines, voice, simulator, look_up, spoken):
    simulator.brain = ScriptedBrain(Call("library__look_up", {"what": "tea"}), Say("Found tea."))
    async_clear_traces()
    if spoken:
        await voice.ask(await voice.pipeline(), "Look up tea for me.")
    else:
        data = {"text": "Look up tea for me.", "agent_id": engines["conversation"]}
        await hass.services.async_call("conversation", "process", data, blocking=True, return_response=True)
    (trace,) = [trace.as_dict() for trace in async_get_traces()]
    details = [event["data"] for event in trace["events"] if event["event_type"] == "agent_detail"]
    called = [event["data"] for event in trace["events"] if event["event_type"] == "tool_call"]
    assert "Be brief." in str(details[0]["messages"])
    assert "look.up" in str([tool.name for tool in details[0]["tools"]])
    assert [call["tool_args"] for call in called] == [{"what": "tea"}]
    stats = [detail["stats"] for detail in details if "stats" in detail]
    assert len(stats) == 2
    (report,) = entry.runtime_data.client.reports
    for name, total in (
        ("input_tokens", report.input_tokens),
        ("cached_input_tokens", report.cached_tokens),
        ("output_tokens", report.output_tokens),
    ):
        assert sum(each[name] for each in stats) == total, name
    assert report.output_tokens > 0
