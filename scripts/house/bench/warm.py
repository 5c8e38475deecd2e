"""The first turn of a conversation, far from the service: with a connection that waited for it, and without one."""

import asyncio
from dataclasses import replace
from itertools import cycle, islice

from house.assist import add_stepaudio, set_limits, welcome
from house.home import EmptyHouse, empty_house
from house.home_assistant import free_port
from house.report import HouseError, say

from .distance import Line
from .figures import Chart, Measured, Panel, Scenario, percentile
from .satellite import ask
from .service import QUESTIONS, spoken
from .turn import FUSED, simulated

_ROUND_TRIP_S = 0.06
_WARM_UP = 3
_PAUSE_S = 0.6
"""Between turns: what was broken off is over, and the next spare is connected and configured."""


async def _measure(turns: int) -> Measured:
    async with empty_house(port=free_port(), simulated=simulated(FUSED)) as empty:
        if (url := empty.account.url) is None:
            raise HouseError("The real service is far away already.")
        line = Line(url)
        async with line.opened():
            account = replace(empty.account, url=line.url)
            entry_id = await add_stepaudio(empty.api, account, take_assistant=True)
            pipeline_id = await welcome(empty.api, empty.socket, entry_id, ())
            fused, warm = await _take(empty, pipeline_id, line, turns, {"near": 0.0, "with a spare": _ROUND_TRIP_S})
            await set_limits(empty.api, empty.socket, entry_id, {"warm_sessions": 0})
            (cold,) = await _take(empty, pipeline_id, line, turns, {"without a spare": _ROUND_TRIP_S})
    return Measured(
        {
            "warm.fused_ms": fused,
            "warm.with_ms": warm,
            "warm.without_ms": cold,
            "warm.with_over_fused_ms": warm - fused,
        }
    )


async def _take(
    empty: EmptyHouse, pipeline_id: str, line: Line, turns: int, round_trips_s: dict[str, float]
) -> list[float]:
    """Take first turns over lines of these lengths by turns, and return how long each usually took, in ms."""
    taken: dict[str, list[float]] = {name: [] for name in round_trips_s}
    warm_up = min(_WARM_UP, turns)
    for number, name in enumerate(islice(cycle(taken), len(taken) * (warm_up + turns)), 1):
        line.round_trip_s = round_trips_s[name]
        await asyncio.sleep(_PAUSE_S)
        turn = await ask(empty.api, empty.socket, pipeline_id, spoken("2"))
        if turn.heard != QUESTIONS["2"]:
            raise HouseError(f"“{QUESTIONS['2']}” was taken for “{turn.heard}”.")
        taken[name].append((turn.first_sound - turn.last_frame) * 1000)
        if number % 3 == 0:
            say(f"warm: {name}: {len(taken[name])} of {warm_up + turns}, {taken[name][-1]:.0f} ms")
    return [percentile(delays[warm_up:], 50) for delays in taken.values()]


SCENARIO = Scenario(
    Chart(
        "The first turn of a conversation, one round trip of 60 ms from the service",
        (
            Panel(
                "ms",
                (
                    ("on the same machine", "warm.fused_ms"),
                    ("with a spare connection", "warm.with_ms"),
                    ("without one", "warm.without_ms"),
                    ("what the way adds", "warm.with_over_fused_ms"),
                ),
            ),
        ),
    ),
    _measure,
)
