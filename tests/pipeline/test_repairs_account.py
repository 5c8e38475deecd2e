"""What the service has against an account is reported, can be put right, and goes when it has nothing against it."""

import asyncio

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir

from custom_components.stepaudio.const import CONF_LOW_BALANCE, CONF_MODEL
from simulator import Fault

from ..conftest import KEY
from .phone import type_to, words_of
from .repairing import field
from .sounds import say

MODEL = "stepaudio-2.5-realtime"
PREVIEW = "stepaudio-3-realtime-preview"


@pytest.fixture
async def ask(hass, engines, hass_client):
    """Return how to type to the agent; it gives its words."""
    client = await hass_client()

    async def ask(text="A question."):
        words = words_of(await type_to(client, engines["conversation"], text))
        await hass.async_block_till_done()
        return words

    return ask


def switch(simulator, **switches):
    """Change the service."""
    simulator.switches = simulator.switches.replace(**switches)


async def test_account_without_quota_is_reported_and_tried_again(entry, repairs, ask, simulator):
    switch(simulator, quota=False)
    assert "balance or quota" in await ask()
    issue = await repairs.issue()
    assert (issue["translation_key"], issue["translation_placeholders"]["account"]) == ("quota", "StepAudio")
    form = await repairs.answer(await repairs.begin())
    assert (form["type"], form["errors"]) == ("form", {"base": "refused"})
    assert "balance or quota" in form["description_placeholders"]["reason"]
    assert await repairs.issues()
    switch(simulator, quota=True)
    assert (await repairs.answer(form))["type"] == "create_entry"
    assert not await repairs.issues()
    assert "balance or quota" not in await ask()


async def test_report_of_no_quota_survives_a_reload_and_goes_with_the_next_answer(hass, entry, repairs, ask, simulator):
    switch(simulator, quota=False)
    await ask()
    await hass.config_entries.async_reload(entry.entry_id)
    assert list(await repairs.issues()) == ["quota"]
    switch(simulator, quota=True)
    await ask()
    assert not await repairs.issues()


async def test_quota_that_text_to_speech_finds_used_up_is_reported_until_it_speaks(hass, engines, repairs, simulator):
    switch(simulator, quota=False)
    with pytest.raises(Exception, match="balance or quota"):
        await say(hass, engines["tts"], "Hello.")
    assert list(await repairs.issues()) == ["quota"]
    switch(simulator, quota=True)
    await say(hass, engines["tts"], "Hello again.")
    assert not await repairs.issues()


async def test_model_that_is_withdrawn_is_reported_and_replaced(hass, entry, repairs, ask, simulator):
    switch(simulator, withdrawn=MODEL)
    assert "model" in await ask()
    issue = await repairs.issue()
    assert issue["translation_key"] == "model_withdrawn"
    assert issue["translation_placeholders"] == {"account": "StepAudio", "model": MODEL}
    form = await repairs.begin()
    models, suggested = field(form, CONF_MODEL)
    assert (models, suggested) == ([PREVIEW], PREVIEW)
    form = await repairs.answer(form, model="no-such-model")
    assert form["errors"] == {"base": "refused"}
    assert "model" in form["description_placeholders"]["reason"]
    assert entry.data[CONF_MODEL] == MODEL
    assert (await repairs.answer(form, model=f" {PREVIEW} "))["type"] == "create_entry"
    assert (entry.data[CONF_MODEL], entry.state) == (PREVIEW, ConfigEntryState.LOADED)
    assert not await repairs.issues()
    await ask()
    assert simulator.connections[-1].model == PREVIEW
    assert not await repairs.issues()


async def test_models_that_the_service_offers_can_be_chosen(repairs, ask, simulator, monkeypatch):
    monkeypatch.setattr("simulator.rest.MODELS", (MODEL, "stepaudio-4-realtime", "stepaudio-4-tts"))
    switch(simulator, withdrawn=MODEL)
    await ask()
    models, _ = field(await repairs.begin(), CONF_MODEL)
    assert models == [PREVIEW, "stepaudio-4-realtime"]


async def test_model_is_replaced_also_while_the_list_cannot_be_had_and_the_account_does_not_run(
    hass, entry, repairs, ask, simulator
):
    switch(simulator, withdrawn=MODEL)
    await ask()
    await hass.config_entries.async_unload(entry.entry_id)
    simulator.key = "another"
    form = await repairs.begin()
    assert field(form, CONF_MODEL) == ([PREVIEW], PREVIEW)
    simulator.key = KEY
    assert (await repairs.answer(form, model=PREVIEW))["type"] == "create_entry"
    assert entry.data[CONF_MODEL] == PREVIEW


async def test_report_of_a_model_survives_a_reload_and_goes_with_the_next_answer(hass, entry, repairs, ask, simulator):
    switch(simulator, withdrawn=MODEL)
    await ask()
    await hass.config_entries.async_reload(entry.entry_id)
    assert list(await repairs.issues()) == ["model_withdrawn"]
    switch(simulator, withdrawn="")
    await ask()
    assert not await repairs.issues()


async def test_report_of_a_model_goes_when_the_account_gets_another(hass, entry, repairs, ask, simulator):
    switch(simulator, withdrawn=MODEL)
    await ask()
    assert await repairs.issues()
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_MODEL: PREVIEW})
    await hass.async_block_till_done()
    assert not await repairs.issues()


async def test_model_of_speech_that_is_not_there_is_no_report_of_the_model(
    hass, engines, repairs, simulator, monkeypatch
):
    monkeypatch.setattr("simulator.access.SPEECH_MODELS", ())
    with pytest.raises(Exception, match="model"):
        await say(hass, engines["tts"], "Hello.")
    assert not await repairs.issues()


async def test_model_that_a_warm_session_finds_withdrawn_is_reported(hass, entry, repairs, simulator):
    switch(simulator, withdrawn=MODEL)
    raised = asyncio.Event()

    @callback
    def on_issue(event):
        raised.set()

    hass.bus.async_listen_once(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, on_issue)
    hass.config_entries.async_update_entry(entry, options={"warm_sessions": 1})
    async with asyncio.timeout(10):
        await raised.wait()
    await hass.async_block_till_done()
    assert list(await repairs.issues()) == ["model_withdrawn"]


async def test_balance_that_gets_low_is_reported_until_it_is_topped_up(hass, entry, repairs, simulator):
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LOW_BALANCE: 5})
    await hass.async_block_till_done()
    assert not await repairs.issues()
    switch(simulator, balance=4.5)
    await entry.runtime_data.async_refresh()
    issue = await repairs.issue()
    assert (issue["translation_key"], issue["severity"]) == ("low_balance", "warning")
    assert issue["translation_placeholders"]["balance"] == "4.50"
    await hass.config_entries.async_reload(entry.entry_id)
    assert await repairs.issues()
    simulator.throw(Fault("refuse", at="/v1/accounts", value="503"))
    await entry.runtime_data.async_refresh()  # not known for the moment
    assert await repairs.issues()
    switch(simulator, balance=20.0)
    await entry.runtime_data.async_refresh()
    assert not await repairs.issues()


async def test_low_balance_is_looked_at_again_or_warned_of_later(hass, entry, repairs, simulator):
    switch(simulator, balance=4.5)
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LOW_BALANCE: 5})
    await hass.async_block_till_done()
    form = await repairs.answer(await repairs.begin(), low_balance=4.8)
    assert (form["errors"], form["description_placeholders"]["reason"]) == ({"base": "refused"}, "4.50")
    assert entry.options[CONF_LOW_BALANCE] == 5
    assert (await repairs.answer(form, low_balance=2))["type"] == "create_entry"
    assert (entry.options[CONF_LOW_BALANCE], entry.options["warm_sessions"]) == (2, 0)
    assert not await repairs.issues()
    switch(simulator, balance=1.0)
    await entry.runtime_data.async_refresh()
    form = await repairs.begin()
    switch(simulator, balance=30.0)
    assert (await repairs.answer(form, low_balance=2))["type"] == "create_entry"
    assert not await repairs.issues()


async def test_low_balance_that_nobody_wants_to_hear_of_is_reported_no_more(hass, entry, repairs, simulator):
    switch(simulator, balance=4.5)
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LOW_BALANCE: 5})
    await hass.async_block_till_done()
    assert await repairs.issues()
    await hass.config_entries.async_unload(entry.entry_id)
    told = await repairs.begin()
    assert (told["type"], told["reason"]) == ("abort", "entry_not_loaded")
    await hass.config_entries.async_setup(entry.entry_id)
    assert (await repairs.answer(await repairs.begin(), low_balance=0))["type"] == "create_entry"
    assert not await repairs.issues()


async def test_key_that_is_refused_is_home_assistants_own_issue_and_none_of_ours(hass, entry, repairs, ask, simulator):
    simulator.key = "another"
    assert "API key" in await ask()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not await repairs.issues()
    reauths = [issue for issue in ir.async_get(hass).issues.values() if "reauth" in issue.issue_id]
    assert [issue.domain for issue in reauths] == ["homeassistant"]
    (flow,) = hass.config_entries.flow.async_progress()
    simulator.key = KEY
    await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": KEY})
    await hass.async_block_till_done()
    assert not ir.async_get(hass).issues


async def test_no_issue_holds_a_key_or_words(repairs, ask, hass, simulator):
    switch(simulator, quota=False, withdrawn=MODEL)
    await ask("My secret words.")
    issues = str(await repairs.issues())
    assert "secret" not in issues
    assert KEY not in issues
