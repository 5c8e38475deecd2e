"""What tokens cost, as far as it is known: an estimate, the service's bill counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .client.report import TurnReport
from .const import (
    CONF_MODEL,
    CONF_PRICE_CACHED,
    CONF_PRICE_INPUT,
    CONF_PRICE_OUTPUT,
    CONF_REGION,
    REGION_CHINA,
    REGION_INTERNATIONAL,
)

CURRENCIES: Final = {REGION_CHINA: "CNY", REGION_INTERNATIONAL: "USD"}
"""What each platform counts in; nobody knows it of an address of one's own."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a million tokens; `cached` is that of input tokens which the service still had."""

    input: float
    cached: float
    output: float

    def of(self, report: TurnReport) -> float:
        """Return what a turn cost."""
        cached = min(report.cached_tokens, report.input_tokens)
        fresh = report.input_tokens - cached
        return (fresh * self.input + cached * self.cached + report.output_tokens * self.output) / 1_000_000


_FREE: Final = Price(0, 0, 0)
_PRICES: Final[Mapping[str, Mapping[str, Price]]] = {
    # Protocol sheet 1.15, of June 2026; the preview is free since September.
    REGION_CHINA: {
        "stepaudio-3-realtime-preview": _FREE,
        "stepaudio-2.5-realtime": Price(10, 2, 70),
        "step-audio-2": Price(10, 2, 70),
        "step-audio-2-mini": Price(10, 2, 70),
        "step-audio-r1.5": _FREE,
        "step-1o-audio": Price(25, 5, 60),
    },
    # Protocol sheet 5, of October 2026.
    REGION_INTERNATIONAL: {
        "stepaudio-3-realtime-preview": _FREE,
        "stepaudio-2.5-realtime": Price(1.5, 0.3, 10),
        "step-audio-2": Price(1.43, 0.29, 10),
        "step-audio-r1.5": Price(1.43, 0.29, 15),
        "step-1o-audio": Price(3.57, 0.71, 8.57),
    },
}


def price_of(data: Mapping[str, Any], options: Mapping[str, Any]) -> Price | None:
    """Return the price for an account: its options' own, where they give one, else the table's; None if neither does.

    Step Plan pays the same prices in credits (protocol sheet 5).
    """
    listed = _PRICES.get(data[CONF_REGION], {}).get(data[CONF_MODEL])
    own = [options.get(name) for name in (CONF_PRICE_INPUT, CONF_PRICE_CACHED, CONF_PRICE_OUTPUT)]
    if listed is None and not any(price is not None for price in own):
        return None
    usual = listed or _FREE
    given = [
        standard if price is None else float(price)
        for price, standard in zip(own, (usual.input, usual.cached, usual.output), strict=True)
    ]
    return Price(*given)
