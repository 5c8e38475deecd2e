"""Setting up an account, through the same flow as the UI."""

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_REGION, CONF_URL
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from custom_components.stepaudio import const
from custom_components.stepaudio.const import CONF_MODEL, DOMAIN
from simulator import PROFILES

from ..conftest import KEY
from ..texts import untold
from .setup import account, decline, fill, suggested


async def begin(hass):
    """Return the first form."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def finish(hass, result):
    """Hold that an account was created, without an assistant, and unload it."""
    result = await decline(hass, result)
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_flow_with_a_working_key_creates_the_account_with_its_entities(hass, simulator):
    result = await fill(hass, simulator)
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert {entity.domain for entity in entities} >= {"ai_task", "conversation", "stt", "tts"}
    assert KEY not in (entry.unique_id or "")
    await finish(hass, result)


async def test_first_form_asks_for_region_and_key_alone_and_has_the_rest_ready(hass):
    form = await begin(hass)
    fields = {str(field): kind for field, kind in form["data_schema"].schema.items()}
    assert set(fields) == {"region", "api_key", "advanced"}
    assert fields["advanced"].options == {"collapsed": True}
    filled = form["data_schema"]({CONF_API_KEY: KEY, "advanced": {}})
    assert filled["advanced"] == {"plan": "pay_as_you_go", "model": "stepaudio-2.5-realtime"}


@pytest.mark.parametrize("region", ["china", "international"])
async def test_region_alone_says_where_the_service_is(hass, simulator, monkeypatch, region):
    monkeypatch.setitem(const.REGION_URLS, region, simulator.url)
    form = await begin(hass)
    result = await decline(hass, await hass.config_entries.flow.async_configure(form["flow_id"], account(region)))
    assert (result["data"][CONF_REGION], result["data"][CONF_URL]) == (region, simulator.url)
    await finish(hass, result)


@pytest.mark.parametrize("spelling", ["step-2.5-realtime", " stepaudio-2.5-realtime "])
async def test_flow_takes_the_spelling_of_the_press(hass, simulator, spelling):
    result = await fill(hass, simulator, model=spelling)
    assert result["data"][CONF_MODEL] == "stepaudio-2.5-realtime"
    await finish(hass, result)


async def test_flow_for_a_plan_uses_the_plans_path(hass, simulator):
    result = await fill(hass, simulator, plan="step_plan")
    assert simulator.upgrades[0].path == "/step_plan/v1/realtime"
    await finish(hass, result)


async def test_wrong_key_is_told_at_the_key_with_everything_else_filled_and_recovers(hass, simulator):
    typed = account(api_key="wrong", model="stepaudio-3-realtime-preview")
    form = await fill(hass, simulator, api_key="wrong", model="stepaudio-3-realtime-preview")
    assert (form["step_id"], form["errors"]) == ("user", {CONF_API_KEY: "invalid_auth"})
    assert suggested(form) == typed
    flow = hass.config_entries.flow
    form = await flow.async_configure(form["flow_id"], account())
    assert (form["step_id"], suggested(form)) == ("custom", {CONF_URL: simulator.url})
    await finish(hass, await flow.async_configure(form["flow_id"], {CONF_URL: simulator.url}))


async def test_model_that_is_not_served_is_told_at_its_section_which_opens(hass, simulator):
    form = await fill(hass, simulator, model="no-such-model")
    assert (form["step_id"], form["errors"]) == ("user", {"advanced": "model"})
    assert form["data_schema"].schema["advanced"].options == {"collapsed": False}
    assert "no-such-model" in str(suggested(form))


@pytest.mark.parametrize(("changes", "error"), [({"quota": False}, "quota"), ({"rapid_connects": 1}, "rate_limit")])
async def test_flow_names_what_the_service_says_against_the_account(hass, simulator, monkeypatch, changes, error):
    simulator.switches = PROFILES["s25plan"].replace(**changes)
    form = await fill(hass, simulator)
    assert (form["step_id"], form["errors"]) == ("custom", {"base": error})
    simulator.switches = PROFILES["s25plan"]
    await finish(hass, await hass.config_entries.flow.async_configure(form["flow_id"], {CONF_URL: simulator.url}))


async def test_flow_of_a_region_that_cannot_be_reached_says_so_and_recovers(
    hass, simulator, monkeypatch, unused_tcp_port
):
    monkeypatch.setitem(const.REGION_URLS, "china", f"http://127.0.0.1:{unused_tcp_port}")
    form = await begin(hass)
    form = await hass.config_entries.flow.async_configure(form["flow_id"], account("china"))
    assert (form["step_id"], form["errors"]) == ("user", {"base": "cannot_connect"})
    monkeypatch.setitem(const.REGION_URLS, "china", simulator.url)
    await finish(hass, await hass.config_entries.flow.async_configure(form["flow_id"], account("china")))


async def test_form_that_is_opened_again_still_holds_what_was_typed(hass, simulator):
    url = "http://127.0.0.1:1"
    form = await fill(hass, simulator, url=url)
    again = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert (again["step_id"], again["errors"], suggested(again)) == ("custom", {}, {CONF_URL: url})


async def test_address_where_nothing_answers_is_told_at_the_address(hass, simulator, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}"
    form = await fill(hass, simulator, url=url)
    assert (form["step_id"], form["errors"]) == ("custom", {CONF_URL: "cannot_connect"})
    assert suggested(form) == {CONF_URL: url}


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://"])
async def test_flow_with_no_web_address_says_so(hass, simulator, url):
    assert (await fill(hass, simulator, url=url))["errors"] == {CONF_URL: "invalid_url"}
    assert not simulator.upgrades


@pytest.mark.parametrize("changes", [{}, {"model": "stepaudio-3-realtime-preview"}])
async def test_flow_for_the_same_account_twice_is_refused(hass, simulator, entry, changes):
    second = await fill(hass, simulator, **changes)
    assert (second["type"], second["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_flow_for_the_same_key_in_another_plan_is_another_account(hass, simulator, entry):
    await finish(hass, await fill(hass, simulator, plan="step_plan"))


async def test_account_whose_service_is_away_is_tried_again(hass, simulator, entry):
    await simulator.seen("session.updated", 2)  # the trial's and the warm session's: nothing is still connecting
    await simulator.__aexit__()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_options_change_the_limits_of_the_account(hass, entry):
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    result = await options.async_configure(form["flow_id"], {"max_sessions": 7.0, "warm_sessions": 0})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.runtime_data.client.max_sessions == 7
    shown = suggested(await options.async_init(entry.entry_id))
    assert shown == {"max_sessions": 7, "warm_sessions": 0, "watching": {}}


async def test_options_tell_what_is_shown_of_the_turns(hass, entry):
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    watching = {"report_words": True, "low_balance": 5.0, "price_input": 4.0, "price_output": 0.5}
    limits = {"max_sessions": 4, "warm_sessions": 0}
    await options.async_configure(form["flow_id"], {**limits, "watching": watching})
    await hass.async_block_till_done()
    assert entry.options == {**limits, **watching}
    cost = hass.states.get("sensor.stepaudio_estimated_cost_of_conversations")
    assert cost.attributes["unit_of_measurement"] == hass.config.currency
    assert suggested(await options.async_init(entry.entry_id)) == {**limits, "watching": watching}


async def test_words_that_a_flow_lacks_are_found(hass):
    form = await begin(hass)
    flow = hass.config_entries.flow._progress[form["flow_id"]]
    assert untold(flow, form) == []
    lacking = {**form, "step_id": "nowhere", "errors": {"base": "no_such_error"}, "description_placeholders": None}
    assert set(untold(flow, lacking)) >= {
        "config.step.nowhere.title",
        "config.step.nowhere.data.api_key",
        "config.step.nowhere.sections.advanced.name",
        "config.step.nowhere.sections.advanced.data_description.plan",
        "config.error.no_such_error",
    }
    assert untold(flow, {"type": FlowResultType.ABORT, "reason": "why"}) == ["config.abort.why"]
    assert untold(flow, {**form, "errors": {"base": "model"}, "description_placeholders": {}}) == ["config.error.model"]
