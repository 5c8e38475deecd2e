"""How functions are called (sheet 1.7)."""

import re
from typing import Any

from house.conformance.answers import Answer
from house.conformance.bench import Bench, configure, respond, type_text
from house.conformance.findings import Findings

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "HassTurnOn",
        "description": "Turns on a light of the home.",
        "parameters": {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "The full name of the light"}},
            "required": ["name"],
        },
    },
}
_READS_CALLS = "step-audio-r1.5"
"""It is told to read its calls aloud (sheet 1.3)."""
_CHINESE = "你是一个智能家居语音助手。用户想开灯的时候，请一定要调用工具来打开它，然后告诉用户已经打开了。"


def home_with(lamp: str) -> str:
    """Give instructions that know one light."""
    return (
        "You are the voice of a home. When the user wants a light on, always call the function with its full name.\n"
        f"The home has one light:\n- names: {lamp}\n  domain: light\n"
    )


async def calls(bench: Bench) -> None:
    """Have a function called, with English instructions and with Chinese ones."""
    findings = bench.findings
    async with bench.session(instructions=home_with("Kitchen Light"), tools=[TOOL]) as wire:
        await type_text(wire, "Turn on the kitchen light, please.")
        answer = await respond(wire)
        if bench.model == _READS_CALLS:
            findings.see("models_as_observed", not answer.calls and TOOL["function"]["name"] in answer.text)
        if not answer.calls:
            for name in ("call_announcement", "arguments_delta_field", "call_id_style", "empty_part_after_call"):
                findings.miss(name, "the model called no function")
            findings.miss("calls_need_english", "it called none with English instructions either")
            return
        _shape(answer, findings)
        for call in answer.calls:
            item = {"type": "function_call_output", "call_id": call.body.get("call_id"), "output": '{"success": true}'}
            await wire.ask("conversation.item.create", "conversation.item.created", item=item)
        await configure(wire, {"instructions": _CHINESE})
        await type_text(wire, "Turn on the kitchen light again, please.")
        again = await respond(wire)
        findings.see("calls_need_english", not again.calls, "one try with each")


def _shape(answer: Answer, findings: Findings) -> None:
    called = answer.calls[0]
    announced = next((event for event in answer.events if event.part("item").get("type") == "function_call"), None)
    match announced.kind if announced is not None and announced.index < called.index else None:
        case "response.output_item.added":
            findings.see("call_announcement", "output_item")
        case "conversation.item.created":
            findings.see("call_announcement", "item_created")
        case other:
            findings.miss("call_announcement", f"the call was announced by {other or 'nothing'}")
    deltas = answer.of("response.function_call_arguments.delta")
    named = {field for field in ("arguments", "delta") for event in deltas if event.body.get(field)}
    if named:
        findings.see("arguments_delta_field", "both" if len(named) == 2 else named.pop())
    else:
        findings.miss("arguments_delta_field", "the arguments came without deltas")
    call_id = str(called.body.get("call_id", ""))
    if re.fullmatch(r"call_\d+_\d+", call_id):
        findings.see("call_id_style", "index", call_id)
    elif re.fullmatch(r"call_\d+_\D\w*", call_id):
        findings.see("call_id_style", "named", call_id)
    else:
        findings.miss("call_id_style", f"it is {call_id}, a style that the simulator does not know")
    parts = [event for event in answer.of("response.content_part.added") if event.index > called.index]
    empty = bool(parts) and not any(event.index > called.index for event in answer.words)
    findings.see("empty_part_after_call", empty)
