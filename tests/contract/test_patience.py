"""How long a turn waits for a service that is away."""

import pytest

from custom_components.stepaudio.client import session
from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import ServiceError
from simulator import Fault

from .conftest import CONFIG, client_of


async def test_a_pause_between_attempts_does_not_outlast_the_patience(simulator, monkeypatch):
    # As after many turns without a connection: the pauses have become long.
    monkeypatch.setattr(session.Backoff, "next_s", lambda _self, _jitter: 60.0)
    client = client_of(simulator, timeouts=Timeouts(patience_s=0.3))
    simulator.throw(Fault("refuse", "connecting", times=9, value="503"))
    try:
        answer = client.session("conversation").say("hello", CONFIG).ask(CONFIG)
        with pytest.raises(ServiceError):
            async for _ in answer.parts:
                pass
        assert len(simulator.upgrades) == 2
    finally:
        await client.aclose()
