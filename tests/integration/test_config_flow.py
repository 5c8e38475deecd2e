"""Setting up an account, through the same flow as the UI."""

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from custom_components.stepaudio.const import CONF_MODEL
from simulator import PROFILES

from ..conftest import KEY
from .setup import fill


async def test_flow_with_a_working_key_creates_the_account_with_its_entities(hass, simulator):
    result = await fill(hass, simulator)
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert {entity.domain for entity in entities} == {"ai_task", "conversation", "stt", "tts"}
    assert KEY not in (entry.unique_id or "")
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("spelling", ["step-2.5-realtime", " stepaudio-2.5-realtime "])
async def test_flow_takes_the_spelling_of_the_press(hass, simulator, spelling):
    result = await fill(hass, simulator, model=spelling)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_MODEL] == "stepaudio-2.5-realtime"
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_flow_for_a_plan_uses_the_plans_path(hass, simulator):
    result = await fill(hass, simulator, plan="step_plan")
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert simulator.upgrades[0].path == "/step_plan/v1/realtime"
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_flow_with_a_wrong_key_says_so_and_recovers(hass, simulator):
    form = await fill(hass, simulator, api_key="wrong")
    assert form["errors"] == {"base": "invalid_auth"}
    simulator.key = "wrong"
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {CONF_URL: simulator.url})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"quota": False}, "quota"),
        ({"rapid_connects": 1}, "rate_limit"),
    ],
)
async def test_flow_names_what_the_service_says_against_the_account(hass, simulator, changes, error):
    simulator.switches = PROFILES["s25plan"].replace(**changes)
    form = await fill(hass, simulator)
    assert form["errors"] == {"base": error}


async def test_flow_with_a_model_that_is_not_served_says_so(hass, simulator):
    assert (await fill(hass, simulator, model="no-such-model"))["errors"] == {"base": "model"}


async def test_flow_with_an_address_where_nothing_answers_says_so(hass, simulator, unused_tcp_port):
    form = await fill(hass, simulator, url=f"http://127.0.0.1:{unused_tcp_port}")
    assert form["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://"])
async def test_flow_with_no_web_address_says_so(hass, simulator, url):
    assert (await fill(hass, simulator, url=url))["errors"] == {CONF_URL: "invalid_url"}
    assert not simulator.upgrades


async def test_flow_for_the_same_account_twice_is_refused(hass, simulator):
    first = await fill(hass, simulator)
    second = await fill(hass, simulator)
    assert (second["type"], second["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(first["result"].entry_id)


async def test_key_that_is_revoked_asks_for_another(hass, simulator):
    entry = (await fill(hass, simulator))["result"]
    await hass.async_block_till_done()
    simulator.key = "newer"
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_API_KEY: "wrong"})
    assert form["errors"] == {"base": "invalid_auth"}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_API_KEY: "newer"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_whose_service_is_away_is_tried_again(hass, simulator):
    entry = (await fill(hass, simulator))["result"]
    await hass.async_block_till_done()
    await simulator.seen("session.updated", 2)  # the trial's and the warm session's: nothing is still connecting
    await simulator.__aexit__()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)


async def test_options_change_the_limits_of_the_account(hass, simulator):
    entry = (await fill(hass, simulator))["result"]
    await hass.async_block_till_done()
    form = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(form["flow_id"], {"max_sessions": 7, "warm_sessions": 0})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.runtime_data.max_sessions == 7
    await hass.config_entries.async_unload(entry.entry_id)


async def test_agent_is_added_and_changed(hass, simulator):
    entry = (await fill(hass, simulator))["result"]
    await hass.async_block_till_done()
    flow = hass.config_entries.subentries
    form = await flow.async_init((entry.entry_id, "conversation"), context={"source": SOURCE_USER})
    result = await flow.async_configure(
        form["flow_id"], {"name": "Pirate", "prompt": "Arr.", "early_answer": False, "turns_kept": 3}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    agents = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert sum(entity.domain == "conversation" for entity in agents) == 2
    pirate = next(sub for sub in entry.subentries.values() if sub.title == "Pirate")
    form = await flow.async_init(
        (entry.entry_id, "conversation"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": pirate.subentry_id},
    )
    result = await flow.async_configure(form["flow_id"], {**pirate.data, "voice": "ruyananshi"})
    await hass.async_block_till_done()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    changed = entry.subentries[pirate.subentry_id].data
    assert (changed["voice"], changed["turns_kept"]) == ("ruyananshi", 3)
    assert (changed["answer_language"], changed["follow_up"], changed["web_search"]) == (
        "as_spoken",
        "automatic",
        False,
    )
    await hass.config_entries.async_unload(entry.entry_id)


async def test_ai_task_is_added_and_changed(hass, simulator):
    entry = (await fill(hass, simulator))["result"]
    await hass.async_block_till_done()
    flow = hass.config_entries.subentries
    form = await flow.async_init((entry.entry_id, "ai_task_data"), context={"source": SOURCE_USER})
    result = await flow.async_configure(form["flow_id"], {"name": "Clerk", "web_search": True})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    clerk = next(sub for sub in entry.subentries.values() if sub.title == "Clerk")
    assert dict(clerk.data) == {"web_search": True}
    form = await flow.async_init(
        (entry.entry_id, "ai_task_data"), context={"source": SOURCE_RECONFIGURE, "subentry_id": clerk.subentry_id}
    )
    result = await flow.async_configure(form["flow_id"], {"prompt": "Be exact.", "web_search": False})
    await hass.async_block_till_done()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert dict(entry.subentries[clerk.subentry_id].data) == {"prompt": "Be exact.", "web_search": False}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_ears_are_added_and_changed(hass, simulator):
    entry = (await fill(hass, simulator))["result"]
    await hass.async_block_till_done()
    flow = hass.config_entries.subentries
    form = await flow.async_init((entry.entry_id, "stt"), context={"source": SOURCE_USER})
    result = await flow.async_configure(form["flow_id"], {"name": "Kitchen ears", "hotwords_of_home": True})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = next(sub for sub in entry.subentries.values() if sub.title == "Kitchen ears")
    assert dict(added.data) == {"hotwords_of_home": True}
    form = await flow.async_init(
        (entry.entry_id, "stt"), context={"source": SOURCE_RECONFIGURE, "subentry_id": added.subentry_id}
    )
    result = await flow.async_configure(form["flow_id"], {"hotwords": ["Bilresa"], "hotwords_of_home": False})
    await hass.async_block_till_done()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.subentries[added.subentry_id].data["hotwords"] == ["Bilresa"]
    await hass.config_entries.async_unload(entry.entry_id)
