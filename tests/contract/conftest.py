"""The client alone, against the simulator over loopback."""

import pytest

from custom_components.stepaudio.client.client import StepAudioClient
from custom_components.stepaudio.client.connection import Endpoint, Timeouts
from custom_components.stepaudio.client.events import SessionConfig, Tool

from ..conftest import KEY

CONFIG = SessionConfig(
    "Be brief.", "jingdiannvsheng", (Tool("light_on", "Light.", {"type": "object", "properties": {}}),)
)


def client_of(simulator, *, key=KEY, model="stepaudio-2.5-realtime", timeouts=None):
    """Return a client of the simulated service."""
    return StepAudioClient(Endpoint(simulator.url, key), model, timeouts=timeouts or Timeouts())


@pytest.fixture
async def client(simulator):
    """Return a client that is closed at the end."""
    client = client_of(simulator)
    yield client
    await client.aclose()


def words_of(simulator, kind):
    """Return the client's events of a type."""
    return [entry.event for entry in simulator.log if entry.direction == "in" and entry.type == kind]
