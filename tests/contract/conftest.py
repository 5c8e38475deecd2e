"""The client alone, against the simulator over loopback."""

from contextlib import aclosing

import aiohttp
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


@pytest.fixture
async def web_session():
    """Return a web session that is closed at the end."""
    async with aiohttp.ClientSession() as session:
        yield session


async def pieces(*given):
    """Give what a client takes piece by piece."""
    for piece in given:
        yield piece


async def take_all(work):
    """Return all that comes until it ends."""
    async with aclosing(work):
        return [item async for item in work]
