"""What all tests share."""

import pytest

import custom_components.stepaudio  # noqa: F401 - before the plugin's own custom_components package is loaded
from simulator import Simulator

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


def pytest_terminal_summary(terminalreporter):
    """Print the matrix of faults, if it was tried."""
    from .pipeline.matrix import outcomes, print_matrix

    if outcomes:
        terminalreporter.section("faults by phase")
        print_matrix(terminalreporter.write_line)
