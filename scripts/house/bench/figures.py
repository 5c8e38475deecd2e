"""What a scenario hands over: figures by name, what is drawn of them, and one turn to look at."""

import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any, Self


@dataclass(frozen=True)
class Panel:
    """Bars on one scale: their unit, and each bar's label and figure."""

    unit: str
    bars: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Chart:
    """The picture of a scenario."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Span:
    """Something that lasted, or happened at once, in one lane of a turn; times count from the user's last sound."""

    lane: str
    label: str
    from_ms: float
    to_ms: float


@dataclass(frozen=True)
class Measured:
    """What came of a scenario."""

    figures: dict[str, float]
    turn: tuple[Span, ...] = ()
    """A turn as good as the median, where the scenario has turns to show."""

    def as_json(self) -> dict[str, Any]:
        """Return it as another process takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """Take it from another process."""
        return cls(told["figures"], tuple(Span(**span) for span in told["turn"]))


@dataclass(frozen=True)
class Scenario:
    """Something to measure: `measure(turns)` takes so many turns after its warm-up."""

    chart: Chart
    measure: Callable[[int], Coroutine[Any, Any, Measured]]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent do not exceed; the largest where there are too few to tell."""
    if percent == 50:
        return quantiles(values, n=2, method="inclusive")[0] if len(values) > 1 else values[0]
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def percentiles(name: str, values: Sequence[float], *percents: int) -> dict[str, float]:
    """Return percentiles under the names that they go by: NAME_p50 and so on."""
    return {f"{name}_p{percent}": percentile(values, percent) for percent in percents}
