"""When the words of the user come, and how much speech it takes (sheet 1.10, 1.13)."""

import itertools

from house.conformance.answers import Answer
from house.conformance.bench import BRIEF, Bench, begin, cancel, configure, finish
from house.conformance.findings import Findings, ProbeError
from house.conformance.sound import append, silence
from house.conformance.wire import Event, Wire

DONE = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
_PADDED_MS = 2000
_TURNS = 4
_LONGEST_MS = 1500
_STEP_MS = 20
_LEVELS = (20.0, 4000.0)
_CLOSE = 1.05
"""How near two levels are when the search ends."""


async def transcripts(bench: Bench) -> None:
    """Speak several turns, the first answered by voice, and one that is not answered."""
    findings = bench.findings
    async with bench.session(instructions=BRIEF) as wire:
        moments, deltas = await _turns(bench, wire)
        if set(moments) == {"never"}:
            asked = {"input_audio_transcription": {"model": "whisper-1"}}
            await wire.ask("session.update", "session.updated", session=asked)
            moments, deltas = await _turns(bench, wire)
            if set(moments) == {"never"}:
                findings.miss("transcript_asked", "the words do not come when they are asked for either")
            else:
                findings.see("transcript_asked", True)
        else:
            findings.see("transcript_asked", False)
        _judge(moments, deltas, findings)


async def _turns(bench: Bench, wire: Wire) -> tuple[list[str], list[str]]:
    """Speak the turns, and give the moments of the words, and the deltas of the first that had some."""
    moments: list[str] = []
    deltas: list[str] = []
    owing: Event | None = None
    await configure(wire, {"modalities": ["text", "audio"]})
    for number in range(_TURNS):
        committed = await _speak(bench, wire)
        if owing is not None:
            moments.append("next" if _words(wire, owing) is not None else "never")
            owing = None
        answer = await finish(wire, (await begin(wire)).or_fail())
        if number == 0:
            await configure(wire, {"modalities": ["text"]})
        moment = await _moment(wire, committed, answer)
        if moment is None:
            owing = committed
        else:
            moments.append(moment)
        deltas = deltas or _deltas(wire, committed)
    await _unanswered(bench, wire, owing, moments)
    return moments, deltas


async def _speak(bench: Bench, wire: Wire) -> Event:
    """Say the sentence and commit it."""
    await append(wire, bench.speech.pcm)
    answer = await wire.ask("input_audio_buffer.commit", "input_audio_buffer.committed")
    if answer.error is not None:
        raise ProbeError(f"a commit was refused: {answer.message}")
    return answer


def _words(wire: Wire, committed: Event) -> Event | None:
    item = committed.body.get("item_id")
    return next((e for e in wire.events if e.kind == DONE and e.body.get("item_id") == item), None)


def _deltas(wire: Wire, committed: Event) -> list[str]:
    item = committed.body.get("item_id")
    return [str(e.body.get("delta", "")) for e in wire.events if e.kind == DELTA and e.body.get("item_id") == item]


async def _moment(wire: Wire, committed: Event, answer: Answer) -> str | None:
    """Tell when the words came around an answer; None if they have not come a moment after it."""
    if _words(wire, committed) is None:
        await wire.look(DONE, after=wire.mark, within_s=wire.patience.moment_s)
    words = _words(wire, committed)
    if words is None or answer.end is None:
        return None
    if words.index < answer.first.index:
        return "before"
    return "within" if words.index < answer.end.index else "after"


async def _unanswered(bench: Bench, wire: Wire, owing: Event | None, moments: list[str]) -> None:
    """Commit speech and ask for nothing."""
    findings = bench.findings
    committed = await _speak(bench, wire)
    if owing is not None:
        moments.append("next" if _words(wire, owing) is not None else "never")
    if len(set(moments)) > 1 or not set(moments) <= {"within", "after"}:
        findings.miss("transcript_unanswered_s", "the words do not wait for an answer, or do not come with it")
        return
    await wire.look(DONE, after=committed.index, within_s=bench.patience.transcript_s)
    words = _words(wire, committed)
    if words is None:
        findings.see("transcript_unanswered_s", 0.0, f"not within {bench.patience.transcript_s:.0f} s")
    else:
        findings.see("transcript_unanswered_s", round(words.at_s - committed.at_s, 2))


def _judge(moments: list[str], deltas: list[str], findings: Findings) -> None:
    counted = ", ".join(moments)
    findings.see("transcript_moment", moments[0] if len(set(moments)) == 1 else "random", f"seen: {counted}")
    if not deltas:
        findings.see("transcript_deltas", "none")
    elif len(deltas) == 1:
        findings.miss("transcript_deltas", "a single delta came, which does not tell whether they add up")
    else:
        grows = all(later.startswith(earlier) for earlier, later in itertools.pairwise(deltas))
        findings.see("transcript_deltas", "cumulative" if grows else "incremental")


async def hearing(bench: Bench) -> None:
    """Find how long and how loud speech must be, by halves."""
    findings = bench.findings
    async with bench.session(instructions=BRIEF, modalities=["text"]) as wire:
        where = await _refused_at(wire, silence(_PADDED_MS))
        if where is None:
            findings.see("min_speech_ms", 0, "silence is answered")
            findings.miss("no_speech_at", "silence is answered")
            findings.miss("speech_level", "silence is answered")
            return
        findings.see("no_speech_at", where)
        speech = bench.speech
        if await _refused_at(wire, speech.cut(_LONGEST_MS) + silence(_PADDED_MS - _LONGEST_MS)) is not None:
            for name in ("min_speech_ms", "speech_level"):
                findings.miss(name, f"{_LONGEST_MS} ms of speech are not enough")
            return
        low, high = 0, _LONGEST_MS
        while high - low > _STEP_MS:
            middle = (low + high) // 2 // _STEP_MS * _STEP_MS
            heard = await _refused_at(wire, speech.cut(middle) + silence(_PADDED_MS - middle)) is None
            low, high = (low, middle) if heard else (middle, high)
        findings.see("min_speech_ms", (low + high) // 2, f"{low} ms are refused, {high} ms are heard")
        quiet, loud = _LEVELS
        while loud / quiet > _CLOSE:
            level = (quiet * loud) ** 0.5
            heard = await _refused_at(wire, speech.at_level(level, _LONGEST_MS) + silence(500)) is None
            quiet, loud = (quiet, level) if heard else (level, loud)
        findings.see("speech_level", round((quiet * loud) ** 0.5), f"RMS {quiet:.0f} is refused, {loud:.0f} is heard")


async def _refused_at(wire: Wire, pcm: bytes) -> str | None:
    """Commit audio, ask for an answer, and tell where it was refused as no speech; None if it was answered."""
    await append(wire, pcm)
    mark = wire.mark
    commit_id = await wire.send("input_audio_buffer.commit")
    await wire.send("response.create")
    first = await wire.until("response.created", "error", after=mark)
    if first.error is not None:
        at_commit = first.error.get("event_id") == commit_id
        if at_commit:
            # The answer is refused as well, or begins.
            await wire.until("response.created", "error", after=first.index + 1)
        await _forget(wire, mark)
        return "commit" if at_commit else "create"
    await cancel(wire, Answer(wire, first, wire.now_s))
    await _forget(wire, mark)
    return None


async def _forget(wire: Wire, mark: int) -> None:
    """Take what was tried out of the conversation."""
    committed = await wire.until("input_audio_buffer.committed", after=mark)
    item = committed.body.get("item_id")
    await wire.ask("conversation.item.delete", "conversation.item.deleted", item_id=item)
