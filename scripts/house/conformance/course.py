"""The course of a run: the key, probes in rounds within what the service allows of connects, and then our client."""

import asyncio
from collections.abc import Iterable, Sequence

from house.report import HouseError, say

from .bench import Bench, Probe
from .client_checks import Check, run_checks
from .findings import ProbeError, RefusedError
from .plan import PROBES
from .probes import account

CONNECTS = 10
WINDOW_S = 12.0
"""About the twelfth rapid connect is refused (sheet 1.2); no window is known, ten seconds are a guess."""


async def run(bench: Bench) -> list[Check]:
    """Try everything there is; what was seen is in the bench's findings."""
    await _prove_key(bench)
    await run_probes(bench, PROBES)
    await bench.pause(WINDOW_S)
    checks = await run_checks(bench)
    bench.findings.conclude()
    return checks


async def _prove_key(bench: Bench) -> None:
    """Ask for the models, which costs nothing: a wrong key or address is told at once."""
    try:
        await account.models(bench)
    except RefusedError as refused:
        if refused.status == 401:
            raise HouseError("the service does not know this key; keys do not work across regions.") from None
        raise HouseError(f"the service refused the list of models with HTTP {refused.status}.") from None
    except ProbeError as error:
        raise HouseError(f"{error}.") from None


async def run_probes(bench: Bench, probes: Sequence[Probe]) -> None:
    """Try everything; what a probe could not see is noted with the reason."""
    connects = 0
    for together in rounds(probes):
        planned = sum(probe.connects for probe in together)
        if connects and connects + planned > CONNECTS:
            await bench.pause(WINDOW_S)
            connects = 0
        connects += planned
        async with asyncio.TaskGroup() as tasks:
            for probe in together:
                tasks.create_task(_try(bench, probe), name=f"conformance {probe.name}")


def rounds(probes: Iterable[Probe]) -> list[list[Probe]]:
    """Put probes that may run side by side together, as far as their connects fit into one window."""
    found: list[list[Probe]] = []
    for probe in probes:
        last = found[-1] if found else []
        full = sum(other.connects for other in last) + probe.connects > CONNECTS
        if not last or probe.alone or last[-1].alone or full:
            found.append([probe])
        else:
            last.append(probe)
    return found


async def _try(bench: Bench, probe: Probe) -> None:
    why = "it did not show"
    try:
        await probe.run(bench)
    except ProbeError as error:
        why = str(error)
        say(f"{probe.name}: {probe.about}: {error}")
    except Exception as error:  # noqa: BLE001 - a run that was paid for is not lost to one odd answer
        why = f"an answer of the service made no sense ({type(error).__name__})"
        say(f"{probe.name}: {probe.about}: {why}")
    else:
        say(f"{probe.name}: {probe.about}: done")
    for switch in probe.switches:
        bench.findings.miss(switch, why)
