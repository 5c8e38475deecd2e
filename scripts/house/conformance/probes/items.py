"""The history of a conversation, and what may enter it (sheet 1.9)."""

from house.conformance.bench import Bench, begin, cancel, type_text

_CONTINUE = "continue_final_message"


async def history(bench: Bench) -> None:
    """Write into a conversation, in roles that belong there and in one that does not."""
    findings = bench.findings
    async with bench.session(modalities=["text"]) as wire:
        first = await type_text(wire, "I like tea.")
        if "previous_item_id" not in first:
            findings.see("first_previous_item_id", "absent")
        elif first["previous_item_id"] in (None, ""):
            findings.see("first_previous_item_id", "null" if first["previous_item_id"] is None else "empty")
        else:
            findings.miss("first_previous_item_id", "the first item has one before it")
        content = first.get("item", {}).get("content") or [{}]
        shown = content[0].get("type")
        if shown in ("audio", "input_text"):
            findings.see("text_item_echo", shown, f"status {first['item'].get('status')}")
        else:
            findings.miss("text_item_echo", f"the echo is of the type {shown}, which the simulator does not know")
        await type_text(wire, "Noted.", role="assistant")
        answer = await begin(wire)
        if answer.error is None:
            findings.see("refuse_assistant_end", False)
            await cancel(wire, answer)
        else:
            known = _CONTINUE in answer.error.message
            findings.see("refuse_assistant_end", True, "" if known else answer.error.message)
        item = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be kind."}]}
        refused = await wire.ask("conversation.item.create", "conversation.item.created", item=item)
        if refused.error is None:
            findings.see("system_item", "accept")
        else:
            ended = await wire.end(bench.patience.moment_s)
            findings.see("system_item", "disconnect" if ended else "refuse", refused.message)
