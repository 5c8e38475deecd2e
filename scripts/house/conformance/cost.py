"""What a run costs, estimated before it is paid (protocol sheet 1.15 and 5)."""

from dataclasses import dataclass, fields

TOKENS_PER_S = 25
"""Of audio, in both directions. The service does not say; this is more than its own "¥3.8 for an hour" comes to."""
SPEECH_MODEL = "stepaudio-2.5-tts"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a probe uses up."""

    heard_s: float = 0.0
    """Speech that the model hears, with what it hears again of the conversation so far."""
    read: int = 0
    """Tokens of text that it reads."""
    spoken_s: float = 0.0
    written: int = 0
    """Tokens of text that it writes."""
    characters: int = 0
    """Text for the speech service."""
    recognised_s: float = 0.0
    """Speech for the recognition service."""

    def __add__(self, other: Cost) -> Cost:
        """Add up."""
        return Cost(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(Cost)))

    @property
    def tokens_in(self) -> int:
        """Tokens that the model takes."""
        return round(self.heard_s * TOKENS_PER_S) + self.read

    @property
    def tokens_out(self) -> int:
        """Tokens that the model gives."""
        return round(self.spoken_s * TOKENS_PER_S) + self.written


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a region: tokens by the million, text by ten thousand characters, recognition by the hour."""

    currency: str
    models: dict[str, tuple[float, float]]
    speech: float
    recognition: float

    def estimate(self, model: str, cost: Cost) -> float:
        """Give the price; a model whose price is not known is reckoned as the dearest."""
        price_in, price_out = self.models.get(model) or self._dearest()
        tokens = (cost.tokens_in * price_in + cost.tokens_out * price_out) / 1_000_000
        return tokens + cost.characters * self.speech / 10_000 + cost.recognised_s * self.recognition / 3600

    def _dearest(self) -> tuple[float, float]:
        return max(pair[0] for pair in self.models.values()), max(pair[1] for pair in self.models.values())


_FREE = (0.0, 0.0)
PRICES = {
    "china": Prices(
        "¥",
        {
            "stepaudio-3-realtime-preview": _FREE,
            "stepaudio-2.5-realtime": (10, 70),
            "step-audio-2": (10, 70),
            "step-audio-2-mini": (10, 70),
            "step-1o-audio": (25, 60),
        },
        speech=5.8,
        recognition=1.2,
    ),
    "international": Prices(
        "$",
        {
            "stepaudio-3-realtime-preview": _FREE,
            "stepaudio-2.5-realtime": (1.5, 10),
            "step-audio-r1.5": (1.43, 15),
            "step-audio-2": (1.43, 10),
            "step-1o-audio": (3.57, 8.57),
        },
        speech=0.85,
        recognition=0.18,
    ),
}


def estimate(region: str, model: str, cost: Cost) -> str:
    """Give the estimate as a sentence."""
    prices = PRICES[region]
    known = "" if model in prices.models else ", reckoned at the dearest model's price, since this one's is not known"
    return (
        f"about {prices.currency}{prices.estimate(model, cost):.2f}{known}: {cost.tokens_in} tokens in and "
        f"{cost.tokens_out} out of {model} (an estimate of {TOKENS_PER_S} tokens for a second of sound), "
        f"{cost.characters} characters spoken by {SPEECH_MODEL}, {cost.recognised_s:.0f} s of speech recognised"
    )
