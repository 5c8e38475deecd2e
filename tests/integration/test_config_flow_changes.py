"""An account that changes: another key, region, plan, model or address."""

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.data_entry_flow import FlowResultType

from custom_components.stepaudio import const
from custom_components.stepaudio.const import CONF_MODEL, DOMAIN
from simulator import PROFILES

from ..conftest import KEY
from .setup import account, fill, suggested


async def refuse(hass, simulator, entry):
    """Revoke the key, and return the flow that asks for another."""
    simulator.key = "newer"
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    return flow


async def reconfigure(hass, entry, **changes):
    """Change an account; return what comes of its first form."""
    flow = hass.config_entries.flow
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "reconfigure")
    typed = account(**changes)
    if "api_key" not in changes:
        del typed["api_key"]
    return await flow.async_configure(form["flow_id"], typed)


async def continue_with(hass, form, values):
    """Send a form and wait for what comes of it."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], values)
    await hass.async_block_till_done()
    return result


async def test_key_that_is_revoked_asks_for_another(hass, simulator, entry):
    flow = await refuse(hass, simulator, entry)
    former = entry.unique_id
    form = await continue_with(hass, flow, {CONF_API_KEY: "wrong"})
    assert form["errors"] == {CONF_API_KEY: "invalid_auth"}
    assert suggested(form) == {CONF_API_KEY: "wrong"}
    result = await continue_with(hass, form, {CONF_API_KEY: " newer "})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_API_KEY] == "newer"
    assert entry.unique_id != former


async def test_another_key_for_an_account_that_runs_reloads_it_once(hass, simulator, entry):
    client = entry.runtime_data
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    simulator.key = "newer"
    result = await continue_with(hass, flow, {CONF_API_KEY: "newer"})
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not client
    assert entry.data[CONF_API_KEY] == "newer"


async def test_another_key_without_balance_is_not_taken(hass, simulator, entry):
    flow = await refuse(hass, simulator, entry)
    simulator.switches = PROFILES["s25plan"].replace(quota=False)
    assert (await continue_with(hass, flow, {CONF_API_KEY: "newer"}))["errors"] == {"base": "quota"}
    assert entry.data[CONF_API_KEY] == KEY


async def test_key_of_another_account_is_refused(hass, simulator, entry):
    simulator.key = "newer"
    other = (await fill(hass, simulator, api_key="newer"))["result"]
    flow = await refuse(hass, simulator, entry)
    result = await continue_with(hass, flow, {CONF_API_KEY: "newer"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.config_entries.async_unload(other.entry_id)


async def test_form_for_changes_shows_the_account_but_its_key(hass, entry):
    flow = hass.config_entries.flow
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id})
    shown = account()
    del shown["api_key"]
    assert suggested(form) == shown


async def test_account_changes_its_model_alone(hass, simulator, entry):
    former = entry.unique_id
    simulator.switches = PROFILES["s3"]
    form = await reconfigure(hass, entry, model="stepaudio-3-realtime-preview")
    await continue_with(hass, form, {CONF_URL: simulator.url})
    assert entry.data[CONF_MODEL] == "stepaudio-3-realtime-preview"
    assert (entry.state, entry.unique_id) == (ConfigEntryState.LOADED, former)


async def test_account_changes_its_plan_and_keeps_its_key(hass, simulator, entry):
    former, client = entry.unique_id, entry.runtime_data
    form = await reconfigure(hass, entry, plan="step_plan")
    assert (form["step_id"], suggested(form)) == ("custom", {CONF_URL: simulator.url})
    result = await continue_with(hass, form, {CONF_URL: simulator.url})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_URL] == f"{simulator.url}/step_plan"
    assert entry.data[CONF_API_KEY] == KEY
    assert entry.unique_id != former
    assert entry.runtime_data is not client
    form = await reconfigure(hass, entry, plan="step_plan")
    assert suggested(form) == {CONF_URL: simulator.url}  # without the plan's path


async def test_account_changes_its_region_and_key(hass, simulator, entry, monkeypatch):
    monkeypatch.setitem(const.REGION_URLS, "international", simulator.url)
    simulator.key = "newer"
    result = await reconfigure(hass, entry, region="international", api_key="newer")
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert (entry.data["region"], entry.data[CONF_API_KEY]) == ("international", "newer")
    assert entry.state is ConfigEntryState.LOADED
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    form = await continue_with(hass, form, account())
    assert suggested(form) == {}  # no address of one's own yet


@pytest.mark.parametrize(
    ("changes", "errors"),
    [({"api_key": "wrong"}, {CONF_API_KEY: "invalid_auth"}), ({"model": "no-such-model"}, {"advanced": "model"})],
)
async def test_change_that_does_not_work_is_not_saved_and_recovers(hass, simulator, entry, changes, errors):
    before = dict(entry.data)
    form = await reconfigure(hass, entry, **changes)
    form = await continue_with(hass, form, {CONF_URL: simulator.url})
    assert (form["step_id"], form["errors"]) == ("reconfigure", errors)
    assert suggested(form)["advanced"] == account(**changes)["advanced"]
    assert dict(entry.data) == before
    form = await continue_with(hass, form, account())
    result = await continue_with(hass, form, {CONF_URL: simulator.url})
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == before


async def test_account_cannot_become_another_one(hass, simulator, entry):
    other = (await fill(hass, simulator, plan="step_plan"))["result"]
    form = await reconfigure(hass, entry, plan="step_plan")
    result = await continue_with(hass, form, {CONF_URL: simulator.url})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.config_entries.async_unload(other.entry_id)


async def test_account_that_cannot_be_set_up_is_changed_and_comes_up(hass, simulator, entry):
    await refuse(hass, simulator, entry)
    form = await reconfigure(hass, entry, api_key="newer")
    result = await continue_with(hass, form, {CONF_URL: simulator.url})
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
