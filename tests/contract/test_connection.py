"""Opening a connection, and what the service may say against it."""

import asyncio
import logging
from dataclasses import replace

import pytest

from custom_components.stepaudio.client import errors
from custom_components.stepaudio.client.connection import Endpoint, Timeouts, open_connection, refusal
from simulator import Fault

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


async def opened(simulator):
    """Return a connection that nobody reads yet."""
    endpoint = Endpoint(simulator.url, KEY)
    url = endpoint.websocket_url("/v1/realtime", model="stepaudio-2.5-realtime")
    return await open_connection(endpoint, url, ssl=None, timeouts=Timeouts())


async def test_upgrade_that_is_never_answered_is_given_up(socket_enabled):
    over = asyncio.Event()

    async def listen_only(reader, writer):
        await over.wait()
        writer.close()

    async with await asyncio.start_server(listen_only, "127.0.0.1") as server:
        endpoint = Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", KEY)
        with pytest.raises(errors.ServiceTimeoutError):
            await open_connection(
                endpoint, endpoint.websocket_url("/v1/realtime"), ssl=None, timeouts=Timeouts(connect_s=0.05)
            )
        over.set()


def ignore(message):
    """Take a message and do nothing."""


async def test_line_that_takes_nothing_any_more_is_lost(simulator):
    connection = await opened(simulator)
    connection.send([bytes(5 * 1024 * 1024)])
    with pytest.raises(errors.ConnectionLostError):
        await connection.serve(ignore)


async def test_what_is_sent_after_the_end_is_told_to_be_lost(simulator):
    connection = await opened(simulator)
    await connection.aclose()
    with pytest.raises(errors.ConnectionLostError):
        await connection.send_one(b"{}")
    connection.send([b"{}"])
    with pytest.raises(errors.ConnectionLostError):
        await connection.serve(ignore)


@pytest.mark.parametrize(
    ("status", "error"), [(401, errors.AuthenticationError), (402, errors.QuotaError), (502, errors.ServiceError)]
)
@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b"", None])
def test_refusal_without_a_reason_is_told_by_its_status(status, error, body):
    assert type(refusal(status, body)) is error


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
