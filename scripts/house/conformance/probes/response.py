"""How an answer comes (sheet 1.8, 1.10)."""

import math
import re
from collections import Counter
from statistics import median

from house.conformance.answers import Answer
from house.conformance.bench import BRIEF, Bench, begin, cancel, configure, respond, type_text
from house.conformance.findings import Findings
from house.conformance.sound import duration_s
from house.conformance.wire import Wire

from .tools import TOOL, home_with

QUESTION = "Please tell me in two or three whole sentences what a lighthouse at the sea is for."
_SHORT = "Please say hello to me."
_OTHER_VOICES = ("elegantgentle-female", "livelybreezy-female")
_WORDS_ONLY_MODELS = ("step-audio-2", "step-audio-2-mini")
"""They gave no voice in the one test that is told of (sheet 1.3)."""
_QUICK_ANSWERS = 2
_LEAST_GAPS = 4
_WORD = re.compile(r"[\u4e00-\u9fff]|\w+")


async def voiced(bench: Bench) -> None:
    """Have a question answered by voice, and two more until the voice begins."""
    findings = bench.findings
    async with bench.session(instructions="You are a friendly guide.") as wire:
        voice = next((e.part("session").get("voice") for e in wire.events if e.kind == "session.updated"), None)
        await type_text(wire, QUESTION)
        answer = (await respond(wire)).or_fail()
        if bench.model in _WORDS_ONLY_MODELS:
            findings.see("models_as_observed", not answer.voice)
        _shape(answer, findings)
        _delivery(answer, findings)
        begun = [answer]
        for _ in range(_QUICK_ANSWERS):
            await type_text(wire, _SHORT)
            quick = await begin(wire)
            if quick.error is None:
                await wire.look("response.audio.delta", after=quick.first.index, within_s=bench.patience.answer_s)
                begun.append(await cancel(wire, quick))
        _delay(begun, "words", "first_word_s", findings)
        _delay(begun, "voice", "first_audio_s", findings)
        other = next(name for name in _OTHER_VOICES if name != voice)
        changed = await wire.ask("session.update", "session.updated", session={"voice": other})
        if changed.error is not None:
            findings.see("voice_change", "error", changed.message)
        elif changed.part("session").get("voice") == other:
            findings.miss("voice_change", "another voice is taken even after the first audio")
        else:
            findings.see("voice_change", "ignore")


def _shape(answer: Answer, findings: Findings) -> None:
    pieces = [*answer.voice, *answer.words]
    without = [event for event in pieces if not event.body.get("response_id")]
    if not pieces or (without and len(without) < len(pieces)):
        findings.miss("delta_response_id", f"{len(without)} of {len(pieces)} deltas have none")
    else:
        findings.see("delta_response_id", not without, f"of {len(pieces)} deltas")
    types = {part.get("type") for item in answer.items for part in item.get("content") or []}
    if types and types <= {"audio", "text"} and len(types) == 1:
        findings.see("assistant_content", types.pop())
    else:
        findings.miss("assistant_content", f"content of the types {sorted(map(str, types))} came")
    usage = answer.response.get("usage")
    names = ", ".join(sorted(usage)) if isinstance(usage, dict) else ""
    findings.see("usage", usage is not None, f"its fields: {names}" if names else "")


def _delivery(answer: Answer, findings: Findings) -> None:
    voice = answer.voice
    sizes = [len(event.audio()) for event in voice]
    if len(voice) < _LEAST_GAPS:
        for name in ("audio_delta_bytes", "delivery_speed", "words_ahead_s"):
            findings.miss(name, f"the answer had {len(voice)} pieces of voice")
        return
    common, times = Counter(sizes[:-1]).most_common(1)[0]
    findings.see("audio_delta_bytes", common, f"{times} of {len(sizes)} pieces")
    rate = duration_s(bytes(sum(sizes[:-1]))) / max(1e-6, voice[-1].at_s - voice[0].at_s)
    findings.see("delivery_speed", round(rate, 2))
    findings.see("words_ahead_s", _ahead_s(answer, sizes), "by their share of all words")


def _ahead_s(answer: Answer, sizes: list[int]) -> float:
    """Tell how far the words run ahead of the voice, in seconds of speech; infinite if all come first."""
    if all(event.index < answer.voice[0].index for event in answer.words):
        return math.inf
    total_s, letters = duration_s(bytes(sum(sizes))), max(1, len(answer.text))
    said, heard_s, ahead = 0, 0.0, []
    for event in answer.of("response.audio.delta", "response.audio_transcript.delta", "response.text.delta"):
        if event.kind != "response.audio.delta":
            said += len(str(event.body.get("delta", "")))
            continue
        if said < letters:
            ahead.append(said / letters * total_s - heard_s)
        heard_s += duration_s(event.audio())
    return round(median(ahead), 1) if ahead else math.inf


def _delay(answers: list[Answer], what: str, name: str, findings: Findings) -> None:
    firsts = [(getattr(answer, what), answer.asked_s) for answer in answers]
    delays = [pieces[0].at_s - asked_s for pieces, asked_s in firsts if pieces]
    if delays:
        findings.see(name, round(median(delays), 3), f"the median of {len(delays)}")
    else:
        findings.miss(name, f"no {what} came")


async def settings(bench: Bench) -> None:
    """Ask for answers with settings of their own, and for words alone."""
    findings = bench.findings
    async with bench.session(instructions=BRIEF) as wire:
        await type_text(wire, _SHORT)
        own = (await respond(wire, response={"modalities": ["text"]})).or_fail()
        honours_modalities = not own.voice
        await configure(wire, {"modalities": ["text"], "instructions": home_with("Harbour Lamp"), "tools": [TOOL]})
        lamp = await _lamp(wire, response={"instructions": home_with("Meadow Lamp"), "modalities": ["text"]})
        _create_settings(honours_modalities, lamp, findings)
        keyed = await _lamp(wire, session={"instructions": home_with("Forest Lamp")})
        findings.tell(
            "create_key", f"Under the key `session` they are {'honoured' if keyed == 'Forest' else 'ignored'}."
        )
        await configure(wire, {"tools": []})
        tooled = await _lamp(wire, response={"tools": [TOOL], "modalities": ["text"]})
        findings.tell("create_tools", f"Tools of response.create are {'used' if tooled else 'not used'}.")
        await type_text(wire, _SHORT)
        voiced = await begin(wire, response={"voice": "no-such-voice", "modalities": ["text"]})
        read = voiced.error is not None and "voice" in voiced.error.message
        findings.tell("create_voice", f"A wrong voice in response.create is {'refused' if read else 'not noticed'}.")
        if voiced.error is None:
            await cancel(wire, voiced)
        await _words_alone(wire, findings)


def _create_settings(honours_modalities: bool, lamp: str, findings: Findings) -> None:
    if lamp not in ("Harbour", "Meadow"):
        if honours_modalities:
            findings.miss("create_settings", "modalities are honoured; whether instructions are did not show in a call")
        else:
            findings.see("create_settings", "none", "by the modalities alone")
    elif lamp == "Meadow" and not honours_modalities:
        findings.miss("create_settings", "instructions are honoured and modalities are not")
    else:
        findings.see("create_settings", {"Meadow": "all"}.get(lamp, "modalities" if honours_modalities else "none"))


async def _lamp(wire: Wire, **create: object) -> str:
    """Have a lamp switched, and give the first word of the name that was called; empty without a call."""
    await type_text(wire, "Turn on the lamp, please.")
    answer = await respond(wire, **create)
    if not answer.calls:
        return ""
    call = answer.calls[0].body
    item = {"type": "function_call_output", "call_id": call.get("call_id"), "output": '{"success": true}'}
    await wire.ask("conversation.item.create", "conversation.item.created", item=item)
    found = re.search(r"(Harbour|Meadow|Forest)", str(call.get("arguments", "")))
    return found[1] if found else "unnamed"


async def _words_alone(wire: Wire, findings: Findings) -> None:
    await configure(wire, {"instructions": BRIEF, "tools": [], "modalities": ["text"]})
    await type_text(wire, _SHORT)
    answer = await respond(wire)
    kinds = {event.kind.split(".")[1] for event in answer.words}
    if answer.voice:
        findings.miss("text_only_events", "a voice came although words alone were asked for")
    elif len(kinds) == 1:
        findings.see("text_only_events", kinds.pop())
    else:
        findings.miss("text_only_events", f"{' and '.join(sorted(kinds)) or 'no words'} came")
    written = [answer]
    for name, question in (
        ("Chinese", "请用中文告诉我，一年有几个季节？"),
        ("English", "Which season follows winter?"),
    ):
        await type_text(wire, question)
        written.append(await respond(wire))
        text = written[-1].text
        letters = "Chinese" if re.search(r"[\u4e00-\u9fff]", text) else "other letters" if text else "no words"
        findings.tell(f"language_{name}", f"A question typed in {name} is answered in {letters}.")
    _writing(written, findings)


def _writing(answers: list[Answer], findings: Findings) -> None:
    paces = []
    for first, *others in (answer.words for answer in answers if answer.words):
        words = sum(len(_WORD.findall(str(event.body.get("delta", "")))) for event in others)
        if words >= _LEAST_GAPS:
            paces.append((others[-1].at_s - first.at_s) / words)
    if paces:
        findings.see("written_word_s", round(median(paces), 3), f"the median of {len(paces)} answers")
    else:
        findings.miss("written_word_s", "the answers had too few words")
