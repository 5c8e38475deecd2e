"""Who is let in, and how many, and how fast (sheet 1.2, 5)."""

from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from custom_components.stepaudio.client.connection import Endpoint
from custom_components.stepaudio.const import STEP_PLAN_PATH
from house.conformance.bench import Bench
from house.conformance.findings import ProbeError, RefusedError

AT_ONCE = 6
"""One more than the lowest tier allows."""
RAPIDLY = 14
"""About the twelfth was refused."""
_TOO_MANY = 429
_WINDOW_LIMIT_S = 60.0
_OPEN, _NO_QUOTA = 101, 402
_NEWEST_MODEL = "stepaudio-3-realtime-preview"
_PLAN_MODEL = "stepaudio-2.5-realtime"
"""The only one on Step Plan (sheet 1.3)."""


async def entrance(bench: Bench) -> None:
    """Knock with a wrong key, without a model, at both plans, and as one should."""
    findings = bench.findings
    wrong = await _status(bench, replace(bench.endpoint, api_key="sk-conformance-wrong-key"), bench.model)
    if wrong == _OPEN:
        findings.miss("bad_key_status", "a wrong key is let in")
    else:
        findings.see("bad_key_status", wrong)
    unnamed = await _status(bench, bench.endpoint, "")
    findings.tell("no_model", f"An upgrade without a model gets {unnamed}.")
    plan = replace(bench.root, base_url=bench.root.base_url.rstrip("/") + STEP_PLAN_PATH)
    found = await _status(bench, plan, _NEWEST_MODEL)
    findings.tell("plan_model", f"{_NEWEST_MODEL} on the Step Plan path of this region gets {found}.")
    for switch, endpoint, model in (("quota", bench.root, bench.model), ("plan_quota", plan, _PLAN_MODEL)):
        status = await _status(bench, endpoint, model)
        if status in (_OPEN, _NO_QUOTA):
            findings.see(switch, status == _OPEN)
        else:
            findings.miss(switch, f"the upgrade gets {status}")
    try:
        async with bench.open() as wire:
            await wire.until("session.created")
            traced = [name for name in ("x-trace-id", "x-request-id") if name in wire.headers]
            findings.tell("first_event", f"The first event is {wire.events[0].kind}.")
            findings.tell("trace", f"The upgrade carries {' and '.join(traced) or 'no id for support'}.")
    except RefusedError as refused:
        if refused.status == _NO_QUOTA:
            raise ProbeError("the account has no balance for this model (HTTP 402)") from None
        raise


async def _status(bench: Bench, endpoint: Endpoint, model: str) -> int:
    try:
        async with bench.open(endpoint=endpoint, model=model):
            return _OPEN
    except RefusedError as refused:
        return refused.status


async def connections(bench: Bench) -> None:
    """Hold several sessions at once."""
    async with AsyncExitStack() as held:
        for number in range(AT_ONCE):
            try:
                wire = await held.enter_async_context(bench.crowd())
                await wire.until("session.created")
            except RefusedError as refused:
                if refused.status != _TOO_MANY:
                    raise
                bench.findings.see("max_connections", number, f"the next one got 429: {refused.body[:200]}")
                bench.findings.tell("body_429", f"The body of a 429 is {refused.body[:200]}")
                bench.allow(number)
                return
    bench.findings.see("max_connections", 0, f"{AT_ONCE} at once are taken; more were not tried")


async def throttle(bench: Bench) -> None:
    """Connect again and again until that is refused, and wait until it is allowed again."""
    findings, start_s = bench.findings, bench.now()
    for number in range(1, RAPIDLY + 1):
        refused = await _refused(bench)
        if refused is None:
            continue
        findings.see("rapid_connects", number)
        findings.tell("body_429", f"The body of a 429 is {refused.body[:200]}")
        while bench.now() - start_s < _WINDOW_LIMIT_S:
            # So that these attempts, if they count, do not fill the window.
            await bench.pause(max(1.0, 12 / number))
            if await _refused(bench) is None:
                findings.see("rapid_window_s", round(bench.now() - start_s), "to a second or so")
                return
        findings.miss("rapid_window_s", f"connects are still refused after {_WINDOW_LIMIT_S:.0f} s")
        return
    findings.see("rapid_connects", 0, f"{RAPIDLY} one after the other in {bench.now() - start_s:.1f} s are taken")
    findings.miss("rapid_window_s", "no connect was refused")


async def _refused(bench: Bench) -> RefusedError | None:
    try:
        async with bench.crowd() as wire:
            with suppress(ProbeError):
                await wire.until("session.created")
    except RefusedError as refused:
        if refused.status != _TOO_MANY:
            raise
        return refused
    return None
