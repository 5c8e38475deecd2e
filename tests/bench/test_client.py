"""The scenario that measures the client library beside the least that a session could cost."""

import pytest

from .measuring import figures_of


@pytest.mark.e2e
def test_client_gives_every_figure():
    figures = figures_of("client")
    costs = {"client.cpu_ms_per_audio_s", "client.floor_cpu_ms_per_audio_s"}
    most = {"client.sessions_per_core", "client.floor_sessions_per_core"}
    assert figures.keys() == costs | most | {"client.floor_ratio"}
    assert min(figures.values()) > 0
