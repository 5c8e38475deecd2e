"""The service's HTTP API."""

import pytest

from custom_components.stepaudio.client import rest
from custom_components.stepaudio.client.connection import Endpoint
from custom_components.stepaudio.client.errors import AuthenticationError

from ..conftest import KEY

CLONES = ["voice-tone-Hx3cR7mY4p", "voice-tone-Fw8bQ1kZ2n"]


@pytest.mark.parametrize("page", [1, 2, 100])
async def test_cloned_voices_are_listed_over_all_pages(web_session, simulator, monkeypatch, page):
    monkeypatch.setattr(rest, "_VOICES_PER_PAGE", page)
    assert await rest.list_voices(web_session, Endpoint(simulator.url, KEY)) == CLONES


async def test_cloned_voices_of_a_plan_are_listed(web_session, simulator):
    assert await rest.list_voices(web_session, Endpoint(f"{simulator.url}/step_plan", KEY)) == CLONES


async def test_key_that_is_refused_is_told(web_session, simulator):
    with pytest.raises(AuthenticationError):
        await rest.list_voices(web_session, Endpoint(simulator.url, "wrong"))
