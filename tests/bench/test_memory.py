"""The scenario that looks at what is kept in memory."""

import pytest

from .measuring import figures_of


@pytest.mark.e2e
def test_memory_gives_every_figure():
    figures = figures_of("memory")
    assert figures.keys() == {
        "memory.idle_session_kib",
        "memory.active_session_kib",
        "memory.slope_bytes_per_turn",
    }
    assert figures["memory.active_session_kib"] > 0
