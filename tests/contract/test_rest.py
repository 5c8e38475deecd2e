"""The service's HTTP API."""

from contextlib import AsyncExitStack
from itertools import count

import pytest
from aiohttp import test_utils, web

from custom_components.stepaudio.client import rest
from custom_components.stepaudio.client.connection import Endpoint, Timeouts
from custom_components.stepaudio.client.errors import (
    AuthenticationError,
    CannotConnectError,
    NotUnderstoodError,
    ServiceTimeoutError,
)
from simulator import Fault

from ..conftest import KEY

CLONES = ["voice-tone-Hx3cR7mY4p", "voice-tone-Fw8bQ1kZ2n"]


@pytest.fixture
async def service_that_says(socket_enabled):
    """Return what starts a service that answers every request with the same, or with what it is given each time."""
    async with AsyncExitStack() as servers:

        async def start(answer):
            async def handle(request):
                return web.json_response(answer() if callable(answer) else answer)

            app = web.Application()
            app.router.add_get("/{path:.*}", handle)
            server = await servers.enter_async_context(test_utils.TestServer(app))
            return Endpoint(str(server.make_url("")), KEY)

        yield start


@pytest.mark.parametrize("page", [1, 2, 100])
async def test_cloned_voices_are_listed_over_all_pages(web_session, simulator, monkeypatch, page):
    monkeypatch.setattr(rest, "_VOICES_PER_PAGE", page)
    assert await rest.list_voices(web_session, Endpoint(simulator.url, KEY)) == CLONES


async def test_cloned_voices_of_a_plan_are_listed(web_session, simulator):
    assert await rest.list_voices(web_session, Endpoint(f"{simulator.url}/step_plan", KEY)) == CLONES


async def test_balance_is_told(web_session, simulator):
    assert await rest.account_balance(web_session, Endpoint(simulator.url, KEY)) == 42.5


async def test_balance_that_makes_no_sense_is_an_error(web_session, simulator):
    simulator.throw(Fault("malformed", at="/v1/accounts"))
    with pytest.raises(NotUnderstoodError):
        await rest.account_balance(web_session, Endpoint(simulator.url, KEY))


async def test_key_that_is_refused_is_told(web_session, simulator):
    with pytest.raises(AuthenticationError):
        await rest.list_voices(web_session, Endpoint(simulator.url, "wrong"))


async def test_models_of_a_key_are_listed(web_session, simulator):
    models = await rest.list_models(web_session, Endpoint(simulator.url, KEY))
    assert "stepaudio-2.5-realtime" in models


@pytest.mark.parametrize("answer", [{}, {"data": "none"}, {"data": None}])
@pytest.mark.parametrize("ask", [rest.list_models, rest.list_voices])
async def test_list_that_is_none_is_not_understood(web_session, service_that_says, ask, answer):
    with pytest.raises(NotUnderstoodError):
        await ask(web_session, await service_that_says(answer))


@pytest.mark.parametrize("ask", [rest.list_models, rest.list_voices])
async def test_entries_of_a_list_that_make_no_sense_are_left_out(web_session, service_that_says, ask):
    endpoint = await service_that_says({"data": ["one", {}, {"id": 3}, {"id": "good"}]})
    assert await ask(web_session, endpoint) == ["good"]


async def test_page_that_is_given_again_and_again_is_the_last(web_session, service_that_says):
    endpoint = await service_that_says({"data": [{"id": "mine"}], "has_more": True})
    assert await rest.list_voices(web_session, endpoint) == ["mine"]


async def test_voices_without_end_are_given_up_at_some_point(web_session, service_that_says, monkeypatch):
    monkeypatch.setattr(rest, "_MOST_VOICES", 3)
    numbers = count()
    endpoint = await service_that_says(lambda: {"data": [{"id": str(next(numbers))}], "has_more": True})
    assert await rest.list_voices(web_session, endpoint) == ["0", "1", "2"]


async def test_service_that_does_not_answer_is_given_up(web_session, simulator):
    simulator.throw(Fault("stall", at="/v1/models"))
    with pytest.raises(ServiceTimeoutError):
        await rest.list_models(web_session, Endpoint(simulator.url, KEY), timeouts=Timeouts(connect_s=0.05))


async def test_service_that_hangs_up_is_not_reached(web_session, simulator):
    simulator.throw(Fault("abort", at="/v1/models", times=2))  # aiohttp itself asks a second time
    with pytest.raises(CannotConnectError):
        await rest.list_models(web_session, Endpoint(simulator.url, KEY))
