"""How an answer is broken off (sheet 1.11)."""

from house.conformance.answers import Answer
from house.conformance.bench import Bench, begin, finish, type_text
from house.conformance.findings import Findings
from house.conformance.wire import Event, Wire

LONG = (
    "Please tell me a long and slow story in many whole sentences about an old lighthouse keeper, his dog, the great "
    "storm of the year, the ships that came by, and what they all had for breakfast on the morning after the storm."
)
_TIMES = 2
_PIECES = 2
"""Of the voice, before it is broken off."""


async def break_off(bench: Bench) -> None:
    """Break off two answers in the middle, ask for one too many, and break off nothing."""
    findings = bench.findings
    async with bench.session(instructions="You are a storyteller.") as wire:
        leftovers: list[int] = []
        delays: list[float] = []
        for _ in range(_TIMES):
            await type_text(wire, LONG)
            answer = (await begin(wire)).or_fail()
            await _pieces(wire, answer)
            if not leftovers:
                second = await wire.ask("response.create", "response.created")
                findings.tell(
                    "second_create", f"A second response.create is answered by: {second.message or 'another'}."
                )
            mark, sent_s = wire.mark, wire.now_s
            await wire.send("response.cancel")
            await finish(wire, answer, after=mark)
            ends = await _ends(wire, answer)
            leftovers.append(sum(event.kind == "response.audio.delta" for event in wire.events[mark:]))
            delays.append(ends[0].at_s - sent_s)
            _acknowledged(ends, findings)
        findings.see("cancel_leftover_deltas", min(leftovers), "pieces of voice that still came, at best")
        findings.see("cancel_s", round(min(delays), 3), "at best")
        idle = await wire.ask("response.cancel", "response.done", "response.cancelled")
        findings.tell("idle_cancel", f"A cancel without an answer is answered by: {idle.message or idle.kind}.")


async def _pieces(wire: Wire, answer: Answer) -> None:
    after = answer.first.index
    for _ in range(_PIECES):
        after = (await wire.until("response.audio.delta", after=after)).index + 1


async def _ends(wire: Wire, answer: Answer) -> list[Event]:
    """Give what acknowledges a cancel: one event, or two in a row."""
    if answer.end is None:
        return []
    other = {"response.done": "response.cancelled"}.get(answer.end.kind, "response.done")
    second = await wire.look(other, after=answer.end.index + 1, within_s=wire.patience.moment_s / 2)
    return [answer.end] if second is None else [answer.end, second]


def _acknowledged(ends: list[Event], findings: Findings) -> None:
    kinds = {event.kind for event in ends}
    done = next((event for event in ends if event.kind == "response.done"), None)
    if len(kinds) == 2:
        findings.see("cancel_event", "both")
    elif done is not None:
        findings.see("cancel_event", "done")
    else:
        findings.see("cancel_event", "cancelled")
    status = None if done is None else done.part("response").get("status")
    if done is None:
        findings.miss("cancel_status", "no response.done came")
    elif status in ("incomplete", "cancelled"):
        findings.see("cancel_status", status)
    else:
        findings.miss("cancel_status", f"the status was {status}, which the simulator does not know")
    with_status = f", with the status {status}" if status else ""
    findings.tell("cancel", f"It is acknowledged by {' and '.join(sorted(kinds))}{with_status}.")
