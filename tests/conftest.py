"""What all tests share."""

import pytest
from homeassistant.data_entry_flow import FlowManager

import custom_components.stepaudio  # noqa: F401 - before the plugin's own custom_components package is loaded
from simulator import Simulator

from .texts import untold

KEY = "test-key-of-nobody"


@pytest.fixture
def profile():
    """Return the simulator's profile; a test overrides it by parametrizing."""
    return "s25plan"


@pytest.fixture
async def simulator(profile, socket_enabled):
    """Run the simulated service on loopback, without waits."""
    async with Simulator(profile=profile, key=KEY) as service:
        yield service


@pytest.fixture
def told(monkeypatch):
    """Hold that every step, field, section, error and abort that a test meets has its words."""
    missing = []
    handle_step = FlowManager._async_handle_step

    async def handle_and_look(manager, flow, *args, **kwargs):
        result = await handle_step(manager, flow, *args, **kwargs)
        missing.extend(untold(flow, result))
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", handle_and_look)
    yield
    assert not missing


def pytest_terminal_summary(terminalreporter):
    """Print the matrix of faults, if it was tried."""
    from .pipeline.matrix import outcomes, print_matrix

    if outcomes:
        terminalreporter.section("faults by phase")
        print_matrix(terminalreporter.write_line)
