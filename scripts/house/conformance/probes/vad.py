"""How the service finds turns by itself (sheet 1.5, 1.14). Everything is spoken in real time."""

from house.conformance.bench import Bench, begin, configure, type_text
from house.conformance.findings import Findings, ProbeError
from house.conformance.sound import Microphone, loud_span_ms, microphone, silence
from house.conformance.wire import ERROR, Wire

from .cancel import LONG

_SILENCE_MS = 100
_THRESHOLD = 2500
_DETECTION = {
    "type": "server_vad",
    "prefix_padding_ms": 500,
    "silence_duration_ms": _SILENCE_MS,
    "energy_awakeness_threshold": _THRESHOLD,
}
_LEAD_MS = 300
_SPEECH_MS = 1400
_OVER_MS = 2600
"""Speech that begins is noticed after about a second (sheet 1.14)."""


async def turns(bench: Bench) -> None:
    """Speak to it and fall silent."""
    findings = bench.findings
    async with bench.open() as wire:
        await wire.until("session.created")
        # Modalities are left out on purpose: then some answer in words alone.
        await configure(wire, {"turn_detection": _DETECTION})
        async with microphone(wire) as held:
            await _one_turn(wire, held, bench.speech.cut(_SPEECH_MS), findings)


async def barge_in(bench: Bench) -> None:
    """Speak over a long answer."""
    findings = bench.findings
    settings = {"instructions": "You are a storyteller.", "turn_detection": _DETECTION}
    async with bench.session(**settings) as wire:
        await type_text(wire, LONG)
        answer = (await begin(wire)).or_fail()
        await wire.until("response.audio.delta", after=answer.first.index)
        async with microphone(wire) as held:
            mark = wire.mark
            held.say(bench.speech.cut(_OVER_MS))
            started = await wire.until("input_audio_buffer.speech_started", after=mark)
            last = await wire.until(
                "input_audio_buffer.speech_stopped", "response.done", "response.cancelled", after=mark
            )
            complete = last.part("response").get("status") == "completed"
            if last.index < started.index or complete:
                raise ProbeError("the answer was over before the speech was noticed")
            findings.see("vad_interrupts", last.kind != "input_audio_buffer.speech_stopped")
            await wire.send("response.cancel")


async def _one_turn(wire: Wire, held: Microphone, speech: bytes, findings: Findings) -> None:
    held.say(silence(_LEAD_MS))
    placed_ms, _ = held.say(speech)
    begins_ms, ends_ms = (placed_ms + at_ms for at_ms in loud_span_ms(speech, _THRESHOLD))
    started = await wire.until("input_audio_buffer.speech_started")
    as_text = isinstance(started.body.get("audio_start_ms"), str)
    findings.see("detection_fields", "table" if as_text else "sample")
    findings.see("vad_start_lag_ms", held.sent_ms(started.at_s) - begins_ms, "of audio that had left")
    stopped = await wire.until("input_audio_buffer.speech_stopped")
    lag_ms = held.sent_ms(stopped.at_s) - ends_ms - _SILENCE_MS
    findings.see("vad_stop_lag_ms", max(0, lag_ms), "of audio that had left")
    committed = await wire.until("input_audio_buffer.committed", after=stopped.index)
    findings.see("vad_commit_s", round(committed.at_s - stopped.at_s, 3))
    limit_s = wire.patience.response_s
    answer = await wire.until("response.done", "response.cancelled", ERROR, after=committed.index, within_s=limit_s)
    if answer.error is not None:
        raise ProbeError(f"a turn that was found was not answered: {answer.message}")
    voice = any(event.kind == "response.audio.delta" for event in wire.events)
    findings.see("text_only_without_modalities", not voice)
