"""The scenario that compares one turn with three stages."""

import pytest

from house.bench.service import REPLIES

from .measuring import figures_of


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_turn_gives_every_figure():
    figures = figures_of("turn", turns=1)
    assert set(figures) == {
        f"turn.{length}.{figure}"
        for length in REPLIES
        for figure in ("fused_ms", "staged_ms", "core_ms", "fused_staged_ratio", "fused_core_ratio")
    }
    assert all(figure > 0 for figure in figures.values())
    for length in REPLIES:
        fused, staged = figures[f"turn.{length}.fused_ms"], figures[f"turn.{length}.staged_ms"]
        assert figures[f"turn.{length}.fused_staged_ratio"] == pytest.approx(fused / staged, abs=0.001)
