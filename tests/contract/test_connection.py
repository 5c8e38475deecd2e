"""Opening a connection, and what the service may say against it."""

import logging
from dataclasses import replace

import pytest

from custom_components.stepaudio.client import errors
from custom_components.stepaudio.client.connection import Endpoint, Timeouts

from ..conftest import KEY
from .conftest import CONFIG, client_of


async def check(client, config=CONFIG):
    """Prove an account and close its client."""
    try:
        await client.check(config)
    finally:
        await client.aclose()


async def test_good_key_opens_a_session_and_closes_it(simulator):
    await check(client_of(simulator))
    assert [upgrade.status for upgrade in simulator.upgrades] == [101]
    assert not simulator.connections


@pytest.mark.parametrize("status", [401, 400])
async def test_wrong_key_is_told_from_all_else(simulator, status):
    simulator.switches = simulator.switches.replace(bad_key_status=status)
    with pytest.raises(errors.AuthenticationError):
        await check(client_of(simulator, key="wrong"))


async def test_account_without_quota_is_told(simulator):
    simulator.switches = simulator.switches.replace(quota=False)
    with pytest.raises(errors.QuotaError):
        await check(client_of(simulator))


async def test_model_that_is_not_served_is_told(simulator):
    with pytest.raises(errors.ModelError):
        await check(client_of(simulator, model="no-such-model"))


async def test_too_many_connections_are_told(simulator):
    simulator.switches = simulator.switches.replace(max_connections=1)
    first = client_of(simulator)
    await first.session("one").connect(CONFIG)
    with pytest.raises(errors.RateLimitError):
        await check(client_of(simulator))
    await first.aclose()


async def test_voice_that_is_not_known_is_told(simulator):
    with pytest.raises(errors.VoiceError):
        await check(client_of(simulator), replace(CONFIG, voice="nobody"))


async def test_service_that_is_not_there_is_told(simulator, unused_tcp_port):
    client = client_of(simulator)
    client.endpoint = Endpoint(f"http://127.0.0.1:{unused_tcp_port}", "key")
    with pytest.raises(errors.CannotConnectError):
        await check(client)


async def test_service_that_never_confirms_is_given_up(simulator):
    from simulator import Fault

    simulator.throw(Fault("drop", at="session.updated", nth=1))
    with pytest.raises(errors.ServiceTimeoutError):
        await check(client_of(simulator, timeouts=Timeouts(configure_s=0.05)))


async def test_nothing_of_a_connection_is_logged_however_much_is_asked_for(simulator, caplog):
    caplog.set_level(logging.DEBUG)
    await check(client_of(simulator))
    assert KEY not in caplog.text
    assert CONFIG.instructions not in caplog.text


def test_key_is_not_in_the_text_of_an_endpoint():
    assert "secret" not in repr(Endpoint("https://example.org", "secret"))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.example.org", "wss://api.example.org/v1/realtime?model=m"),
        ("https://api.example.org/step_plan", "wss://api.example.org/step_plan/v1/realtime?model=m"),
        ("http://127.0.0.1:80/", "ws://127.0.0.1:80/v1/realtime?model=m"),
    ],
)
def test_websocket_address_follows_from_the_base(base, url):
    assert Endpoint(base, "").websocket_url("/v1/realtime", model="m") == url
