"""Adding and changing a voice, through the same flow as the UI."""

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType

from .setup import fill

SETTINGS = {"voice": "cixingnansheng", "speed": 1.2, "volume": 0.8, "pronunciation": ["HA/home assistant"]}


@pytest.fixture
async def entry(hass, simulator):
    """Return an account that was set up from the UI."""
    result = await fill(hass, simulator)
    await hass.async_block_till_done()
    yield result["result"]
    await hass.config_entries.async_unload(result["result"].entry_id)


async def begin(hass, entry):
    """Return the form for another voice."""
    flow = hass.config_entries.subentries
    form = await flow.async_init((entry.entry_id, "tts"), context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    return form


async def test_voice_is_added_with_its_settings(hass, entry):
    form = await begin(hass, entry)
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], {"name": "Butler", **SETTINGS})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (subentry,) = [each for each in entry.subentries.values() if each.title == "Butler"]
    assert subentry.data == SETTINGS
    assert hass.states.get("tts.butler") is not None


async def test_voice_is_changed(hass, entry):
    (subentry,) = entry.get_subentries_of_type("tts")
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "tts"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
    )
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], SETTINGS)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await hass.async_block_till_done()
    assert entry.subentries[subentry.subentry_id].data == SETTINGS


@pytest.mark.parametrize(("field", "value"), [("instruction", "x" * 201), ("pronunciation", ["no slash"])])
async def test_setting_that_the_service_would_refuse_is_told_in_the_form(hass, entry, field, value):
    form = await begin(hass, entry)
    flow = hass.config_entries.subentries
    form = await flow.async_configure(form["flow_id"], {"name": "Butler", **SETTINGS, field: value})
    assert form["errors"] == {field: "speech_option"}
    result = await flow.async_configure(form["flow_id"], {"name": "Butler", **SETTINGS})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
