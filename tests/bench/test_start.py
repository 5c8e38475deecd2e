"""The scenario that takes StepAudio into a running Home Assistant."""

import pytest

from .measuring import figures_of


@pytest.mark.e2e
def test_start_gives_every_figure():
    figures = figures_of("start")
    assert {"start.import_ms", "start.setup_ms", "start.longest_block_ms"} <= figures.keys()
    assert figures["start.import_ms"] > 0
    blocks = [figures[f"start.{stage}_block_ms"] for stage in ("import", "setup", "turn")]
    assert figures["start.longest_block_ms"] >= max(blocks) > 0
