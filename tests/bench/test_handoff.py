"""The scenario that takes the hand-off between a satellite and the service."""

import pytest

from .measuring import figures_of

SHAPES = ("wav16k", "flac48k", "mp3")


@pytest.mark.e2e
def test_handoff_gives_every_figure():
    figures = figures_of("handoff")
    names = ["handoff.up_ms", *(f"handoff.{shape}.down_ms" for shape in SHAPES)]
    assert figures.keys() == {f"{name}_p{percent}" for name in names for percent in (50, 99)}
    assert min(figures.values()) > 0
