"""The service that these tests talk to."""

from contextlib import AsyncExitStack

import pytest

from simulator import Simulator
from tests.simulator.client import KEY


@pytest.fixture
async def start(socket_enabled):
    """Give a function that starts a service, which ends with the test."""
    async with AsyncExitStack() as stack:

        async def started(**arguments):
            return await stack.enter_async_context(Simulator(key=KEY, **arguments))

        yield started
