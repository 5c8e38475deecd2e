"""What can be configured, and how it is echoed (sheet 1.5, 1.6)."""

from typing import Any

from custom_components.stepaudio.voices import CHINA, INTERNATIONAL
from house.conformance.bench import BRIEF, Bench, configure
from house.conformance.findings import Findings
from house.conformance.sound import append, silence
from house.conformance.wire import Wire

_NOBODY = "no-such-voice"
_MANY_TOOLS = 128
_LONG_INSTRUCTIONS = 30_000


async def echo(bench: Bench) -> None:
    """Configure a session in small steps and read the echoes."""
    findings = bench.findings
    async with bench.open() as wire:
        created = (await wire.until("session.created")).part("session")
        tokens = created.get("max_response_output_tokens")
        if isinstance(tokens, str | int):
            findings.see("max_tokens_echo", "string" if isinstance(tokens, str) else "number")
        else:
            findings.miss("max_tokens_echo", "session.created has no max_response_output_tokens")
        updated = await configure(wire, {"instructions": BRIEF})
        findings.see("updated_carries_id", "id" in updated)
        rates = sorted(name for name in {**created, **updated} if "rate" in name)
        findings.tell("rates", f"The session names {', '.join(rates)}." if rates else "The session names no rate.")
        await _detection(wire, updated, findings)
        await _wrong_voice(wire, findings)
        await _settings(wire, findings)
        await _much(wire, findings)


async def _detection(wire: Wire, updated: dict[str, Any], findings: Findings) -> None:
    """Tell by a commit, which voice detection forbids, whether it is on."""
    await append(wire, silence(200))
    answer = await wire.ask("input_audio_buffer.commit", "input_audio_buffer.committed")
    if answer.error is None:
        findings.see("vad_default", False)
    elif "vad" in answer.message.lower():
        findings.see("vad_default", True)
    else:
        detection = updated.get("turn_detection")
        named = detection.get("type") if isinstance(detection, dict) else None
        findings.see("vad_default", bool(named), "by the echo alone")
    off = await configure(wire, {"turn_detection": None})
    match off.get("turn_detection", "missing"):
        case "missing":
            findings.see("vad_off_echo", "missing")
        case None:
            findings.see("vad_off_echo", "null")
        case {"type": ""}:
            findings.see("vad_off_echo", "empty")
        case other:
            findings.miss("vad_off_echo", f"it is echoed as {other}, which the simulator does not know")


async def _wrong_voice(wire: Wire, findings: Findings) -> None:
    answer = await wire.ask("session.update", "session.updated", session={"voice": _NOBODY})
    if answer.error is not None:
        findings.see("voice_refusal", "error", answer.message)
    elif (voice := answer.part("session").get("voice")) == _NOBODY:
        findings.miss("voice_refusal", "any name of a voice is taken")
    else:
        findings.see("voice_refusal", "downgrade", f"to {voice}")


async def _settings(wire: Wire, findings: Findings) -> None:
    echoed = set()
    for name, value in (("temperature", 0.4), ("max_response_output_tokens", 512)):
        answer = await wire.ask("session.update", "session.updated", session={name: value})
        if answer.error is not None:
            findings.tell(name, f"{name} is refused: {answer.message}.")
        elif (shown := answer.part("session").get(name)) is None:
            findings.tell(name, f"{name} is taken and not echoed.")
        else:
            findings.tell(name, f"{name} is echoed as {shown}.")
            echoed.add(name)
    if len(echoed) == 1:
        findings.miss("sampling_echoed", f"{echoed.pop()} is, and the other is not")
    else:
        findings.see("sampling_echoed", bool(echoed))


async def _much(wire: Wire, findings: Findings) -> None:
    parameters = {"type": "object", "properties": {}}
    tools = [
        {
            "type": "function",
            "function": {"name": f"tool_{number}", "description": "Nothing.", "parameters": parameters},
        }
        for number in range(_MANY_TOOLS)
    ]
    for name, what, settings in (
        ("many_tools", f"{_MANY_TOOLS} tools", {"tools": tools}),
        ("long_instructions", f"{_LONG_INSTRUCTIONS} characters", {"instructions": BRIEF.ljust(_LONG_INSTRUCTIONS)}),
    ):
        answer = await wire.ask("session.update", "session.updated", session=settings)
        findings.tell(name, f"{what} are {'taken' if answer.error is None else f'refused: {answer.message}'}.")


async def voices(bench: Bench) -> None:
    """Ask for every voice that is known, which costs nothing while none speaks."""
    findings = bench.findings
    china, international = set(CHINA) - set(INTERNATIONAL), set(INTERNATIONAL) - set(CHINA)
    async with bench.session() as wire:
        both = [voice for voice in CHINA if voice in INTERNATIONAL and await _takes(wire, voice)]
        if len(both) == 1:
            # The first name of a voice fixes it: each other name wants a session of its own.
            findings.see("voice_fixed_after", "update")
            tried = [min(china), min(international)]
            taken = [voice for voice in tried if await _is_taken(bench, voice)]
        else:
            if both:
                findings.see("voice_fixed_after", "audio")
            tried = list(dict.fromkeys((*CHINA, *INTERNATIONAL)))
            taken = [voice for voice in tried if await _takes(wire, voice)]
    refused = [voice for voice in tried if voice not in taken]
    findings.tell("voices", f"Voices taken: {', '.join(taken) or 'none'}. Refused: {', '.join(refused) or 'none'}.")
    regions = [name for name, only_here in (("com", china), ("ai", international)) if only_here & set(taken)]
    if len(regions) == 1:
        findings.see("region", regions[0], "by the voices that are taken")
    else:
        findings.miss("region", f"voices of {' and '.join(regions) or 'neither region'} are taken")


async def _is_taken(bench: Bench, voice: str) -> bool:
    async with bench.session() as wire:
        return await _takes(wire, voice)


async def _takes(wire: Wire, voice: str) -> bool:
    """Ask for a voice, and tell whether the session has it then."""
    answer = await wire.ask("session.update", "session.updated", session={"voice": voice})
    return answer.error is None and answer.part("session").get("voice", voice) == voice
