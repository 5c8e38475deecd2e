"""Entities follow the service: away when it is, and back at once."""

import logging
from datetime import timedelta

import pytest
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.stepaudio.client import rest
from simulator import Fault

from .phone import type_to, words_of

MODELS = "/v1/models"
LOGGER = "custom_components.stepaudio.coordinator"


@pytest.fixture
async def phone(hass_client, entry):
    """Return a client of Home Assistant's HTTP API."""
    return await hass_client()


@pytest.fixture
def lines(caplog):
    """Return what the log tells of the account's health, as level and text."""
    caplog.set_level(logging.INFO, LOGGER)
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records if record.name == LOGGER]


@pytest.fixture
def asked(monkeypatch):
    """Return the paths that the service is asked for over HTTP."""
    paths, get = [], rest._get

    async def get_and_note(web_session, endpoint, path, timeouts):
        paths.append(path)
        return await get(web_session, endpoint, path, timeouts)

    monkeypatch.setattr(rest, "_get", get_and_note)
    return paths


def away(*paths):
    """Return what has requests answered by a service that is down."""
    return [Fault("refuse", at=path, times=999, value="503") for path in paths]


def come_back(simulator):
    """Let everything work again."""
    simulator.switches = simulator.switches.replace(faults=())


async def pass_time(hass, freezer, **time):
    """Let time pass, and what is due then happen."""
    freezer.tick(timedelta(**time))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
def followers(hass, entry):
    """Return the entities that follow the service: all but the one that tells of it."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return [entity.entity_id for entity in entities if not entity.disabled and entity.domain != "binary_sensor"]


def unavailable(hass, followers):
    """Return which of the entities are unavailable."""
    return [entity_id for entity_id in followers if hass.states.get(entity_id).state == STATE_UNAVAILABLE]


async def test_service_that_goes_away_takes_all_entities_along_and_brings_them_back(
    hass, followers, simulator, freezer, lines
):
    assert not unavailable(hass, followers)
    simulator.throw(*away(MODELS))
    await pass_time(hass, freezer, minutes=31)
    assert unavailable(hass, followers) == followers
    await pass_time(hass, freezer, minutes=2)
    assert lines() == [("INFO", "StepAudio is unavailable: service_error")]
    come_back(simulator)
    await pass_time(hass, freezer, minutes=2)
    assert not unavailable(hass, followers)
    assert lines()[1:] == [("INFO", "StepAudio is available again")]


async def test_turn_that_finds_no_service_is_confirmed_before_anything_is_unavailable(
    hass, engines, followers, phone, simulator, entry
):
    simulator.throw(*away("connecting"))
    answered = await type_to(phone, engines["conversation"], "Good morning.")
    assert answered["response"]["response_type"] == "error"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not unavailable(hass, followers)  # the service answers, so the next turn may work
    assert entry.runtime_data.data.available


async def test_turn_that_finds_no_service_has_it_looked_at_at_once(hass, engines, followers, phone, simulator):
    simulator.throw(*away("connecting", MODELS))
    await type_to(phone, engines["conversation"], "Good morning.")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert unavailable(hass, followers) == followers


async def test_connect_that_succeeds_brings_all_entities_back_at_once(
    hass, engines, followers, simulator, freezer, entry, lines
):
    simulator.throw(*away(MODELS))
    await pass_time(hass, freezer, minutes=31)
    assert unavailable(hass, followers) == followers
    # Whoever still reaches an entity is answered: an action does, for one.
    question = {"text": "Good morning.", "agent_id": engines["conversation"]}
    answered = await hass.services.async_call("conversation", "process", question, blocking=True, return_response=True)
    assert answered["response"]["response_type"] == "action_done"
    assert not unavailable(hass, followers)
    assert entry.runtime_data.data.balance == 42.5  # as it was told last
    assert [level for level, _ in lines()] == ["INFO", "INFO"]


async def test_key_that_is_revoked_starts_reauth_and_is_not_tried_again(
    hass, engines, followers, phone, simulator, freezer, entry, lines, asked
):
    simulator.key = "another"
    answered = await type_to(phone, engines["conversation"], "Good morning.")
    assert words_of(answered) == "StepAudio refused the API key."
    await hass.async_block_till_done(wait_background_tasks=True)
    assert unavailable(hass, followers) == followers
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["context"]["entry_id"]) == (SOURCE_REAUTH, entry.entry_id)
    assert lines() == [("INFO", "StepAudio is unavailable: invalid_auth")]
    count, upgrades = len(asked), len(simulator.upgrades)
    await pass_time(hass, freezer, hours=24)
    assert (len(asked), len(simulator.upgrades)) == (count, upgrades)


async def test_balance_follows_the_account(hass, simulator, freezer, entry):
    assert entry.runtime_data.data.balance == 42.5
    simulator.switches = simulator.switches.replace(quota=False)
    await pass_time(hass, freezer, minutes=31)
    assert entry.runtime_data.data.balance == 0.0
    assert entry.runtime_data.data.available


async def test_balance_is_looked_at_when_there_is_none_left(hass, engines, followers, phone, simulator, entry):
    simulator.switches = simulator.switches.replace(quota=False)
    answered = await type_to(phone, engines["conversation"], "Good morning.")
    assert words_of(answered) == "The StepAudio account has no balance or quota left."
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.data.balance == 0.0
    assert not unavailable(hass, followers)


@pytest.mark.parametrize("way", ["/step_plan"])
async def test_plan_has_no_balance_and_is_not_asked_for_it(asked, entry):
    assert entry.runtime_data.data.balance is None
    assert "/v1/accounts" not in asked


async def test_balance_that_is_not_told_leaves_everything_else_alone(hass, followers, simulator, freezer, entry):
    simulator.throw(Fault("malformed", at="/v1/accounts", times=99))
    await pass_time(hass, freezer, minutes=31)
    assert entry.runtime_data.data.balance is None
    assert not unavailable(hass, followers)


async def test_models_that_are_not_told_make_nothing_unavailable(hass, followers, simulator, freezer):
    simulator.throw(Fault("refuse", at=MODELS, times=99, value="429"))
    await pass_time(hass, freezer, minutes=31)
    assert not unavailable(hass, followers)
