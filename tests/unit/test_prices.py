"""What turns cost."""

from datetime import UTC, datetime

import pytest

from custom_components.stepaudio.client.report import Kind, Outcome, TurnReport
from custom_components.stepaudio.prices import Price, price_of

MODEL = "stepaudio-2.5-realtime"


def turn(input_tokens, cached_tokens, output_tokens):
    """Return the report of a turn with these tokens."""
    times = dict.fromkeys(("transcript_ms", "first_word_ms", "first_voice_ms", "first_audio_ms", "end_ms"))
    return TurnReport(
        at=datetime.now(UTC),
        kind=Kind.SPOKEN,
        outcome=Outcome.ANSWERED,
        error="",
        model=MODEL,
        voice_ms=0,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
        tools=(),
        rounds=1,
        **times,
    )


def account(region="china", model=MODEL):
    """Return the data of an account."""
    return {"region": region, "model": model}


def test_cached_tokens_are_input_tokens_at_their_own_price():
    assert Price(10, 2, 70).of(turn(1_000_000, 400_000, 100_000)) == pytest.approx(6 + 0.8 + 7)


def test_more_cached_than_input_tokens_cost_what_the_input_tokens_do():
    assert Price(10, 2, 70).of(turn(0, 500_000, 0)) == 0


@pytest.mark.parametrize(
    ("region", "model", "price"),
    [
        ("china", MODEL, Price(10, 2, 70)),
        ("international", MODEL, Price(1.5, 0.3, 10)),
        ("china", "stepaudio-3-realtime-preview", Price(0, 0, 0)),
        ("china", "step-next", None),
        ("custom", MODEL, None),
    ],
)
def test_price_is_the_platforms(region, model, price):
    assert price_of(account(region, model), {}) == price


def test_price_of_ones_own_wins_also_where_it_is_nothing():
    assert price_of(account(), {"price_input": 0, "price_output": 5}) == Price(0, 2, 5)


def test_price_of_ones_own_is_enough_for_a_model_that_is_not_listed():
    assert price_of(account("custom"), {"price_output": 5}) == Price(0, 0, 5)
