"""What the service ends by itself, and when (sheet 1.13, 2.2, 3.4)."""

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from custom_components.stepaudio.client.recognition import LIVE_MODEL, LIVE_PATH
from custom_components.stepaudio.client.speech import SPEECH_PATH
from house.conformance.bench import Bench, configure
from house.conformance.cost import SPEECH_MODEL
from house.conformance.findings import ProbeError, RefusedError
from house.conformance.wire import Wire

from .recognition import FORM

SOON_S = 75.0
"""Longer than the minute of the speech and recognition services."""
LONG_S = 31 * 60.0
"""Longer than the half hour of a session."""
_PING_EVERY_S = 20.0
_STEPS_S = (1.0, 20.0)
_REALTIME = ("update_limit_s", "idle_limit_s", "session_limit_s")
"""Each of them holds for a session to which the one before it does not apply."""


@dataclass(slots=True)
class _Held:
    """A connection that waits for its end."""

    switch: str
    wire: Wire
    pinged: bool = False
    ended_s: float | None = None
    pings_s: list[float] = field(default_factory=list)
    """When the service had pinged."""


async def waiting(bench: Bench) -> None:
    """Hold connections, each silent in its own way, and see which of them end."""
    findings = bench.findings
    async with AsyncExitStack() as stack:
        held = [_Held("update_limit_s", await stack.enter_async_context(bench.crowd()))]
        if bench.long:
            for switch, pinged in (("session_limit_s", True), ("idle_limit_s", False)):
                wire = await stack.enter_async_context(bench.crowd())
                await configure(wire, {"turn_detection": None})
                held.append(_Held(switch, wire, pinged))
        held.append(_Held("speech_idle_limit_s", await _speech(bench, stack)))
        try:
            held.append(_Held("recognition_idle_limit_s", await _recognition(bench, stack)))
        except RefusedError as refused:
            findings.miss("recognition_idle_limit_s", f"{refused}")
        limit_s = LONG_S if bench.long else SOON_S
        await _wait(bench, held, limit_s)
        for one in held:
            _note(bench, one, limit_s, held)
        _note_pings(bench, max((one.pings_s for one in held), key=len), limit_s)
    if not bench.long:
        for switch in ("session_limit_s", "idle_limit_s"):
            findings.miss(switch, "half an hour is waited with --long only")


async def _speech(bench: Bench, stack: AsyncExitStack) -> Wire:
    wire = await stack.enter_async_context(bench.crowd(SPEECH_PATH, model=SPEECH_MODEL))
    await wire.until("tts.connection.done")
    return wire


async def _recognition(bench: Bench, stack: AsyncExitStack) -> Wire:
    wire = await stack.enter_async_context(bench.crowd(LIVE_PATH, model=""))
    setting = {"format": FORM, "transcription": {"model": LIVE_MODEL}}
    await wire.ask("session.update", "session.updated", session={"audio": {"input": setting}})
    return wire


async def _wait(bench: Bench, held: list[_Held], limit_s: float) -> None:
    start_s = bench.now()
    pinged_s = start_s
    while (passed_s := bench.now() - start_s) < limit_s and any(one.ended_s is None for one in held):
        await bench.pause(_STEPS_S[0] if passed_s < SOON_S else _STEPS_S[1])
        now_s = bench.now()
        if now_s - pinged_s >= _PING_EVERY_S:
            pinged_s = now_s
            for one in held:
                if one.pinged and one.wire.ended_s is None:
                    with suppress(ProbeError):
                        await one.wire.ping()
        for one in held:
            one.pings_s += [now_s - start_s] * (one.wire.pings - len(one.pings_s))
            if one.wire.ended_s is not None and one.ended_s is None:
                one.ended_s = now_s - start_s


def _note_pings(bench: Bench, pings_s: list[float], limit_s: float) -> None:
    early_s = [0.0, *(at_s for at_s in pings_s if at_s < SOON_S)]
    if pings_s:
        bench.findings.see("server_ping_s", round(early_s[-1] / max(1, len(early_s) - 1)), f"{len(pings_s)} were seen")
    else:
        bench.findings.see("server_ping_s", 0.0, f"none within {limit_s:.0f} s")


def _note(bench: Bench, one: _Held, limit_s: float, held: list[_Held]) -> None:
    findings, realtime = bench.findings, one.switch in _REALTIME
    later = _REALTIME[_REALTIME.index(one.switch) + 1 :] if realtime else ()
    if one.ended_s is None:
        findings.see(one.switch, 0.0, f"not within {limit_s:.0f} s")
    elif any(abs((other.ended_s or 0) - one.ended_s) <= _STEPS_S[1] for other in held if other.switch in later):
        findings.see(one.switch, 0.0, "not before the limit that holds for every session")
    else:
        findings.see(one.switch, round(one.ended_s), "to a second or so" if one.ended_s < SOON_S else "to 20 s or so")
        if realtime and one.wire.close_code is not None:
            findings.see("close_code", one.wire.close_code)
