"""Accounts of earlier and later versions."""

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.stepaudio.config_flow import StepAudioConfigFlow
from custom_components.stepaudio.const import DOMAIN

from ..conftest import KEY

BASICS = {"prompt": "Arr.", "llm_hass_api": ["assist"], "voice": "ruyananshi"}
RARE = {
    "answer_language": "as_spoken",
    "follow_up": "automatic",
    "web_search": False,
    "early_answer": True,
    "turns_kept": 20,
}


def saved(simulator, version, minor_version, *subentries):
    """Return an account as a version of the integration saved it."""
    data = {
        "region": "custom",
        "plan": "pay_as_you_go",
        CONF_API_KEY: KEY,
        "model": "stepaudio-2.5-realtime",
        CONF_URL: simulator.url,
    }
    return MockConfigEntry(
        domain=DOMAIN,
        version=version,
        minor_version=minor_version,
        data=data,
        options={"max_sessions": 3, "warm_sessions": 0},
        subentries_data=[
            {"data": values, "subentry_type": kind, "title": str(number), "unique_id": None}
            for number, (kind, values) in enumerate(subentries)
        ],
    )


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("conversation", BASICS | RARE, BASICS),
        ("conversation", BASICS | RARE | {"turns_kept": 3}, BASICS | RARE | {"turns_kept": 3}),
        ("conversation", BASICS | RARE | {"tone": "rough"}, BASICS | RARE | {"tone": "rough"}),
        ("conversation", BASICS, BASICS),
        ("tts", {"speed": 1.0, "volume": 1.0}, {}),
        ("tts", {"speed": 1.2, "volume": 1.0}, {"speed": 1.2, "volume": 1.0}),
        ("stt", {"hotwords_of_home": False}, {"hotwords_of_home": False}),
        ("ai_task_data", {"web_search": True}, {"web_search": True}),
    ],
)
async def test_account_of_the_first_version_keeps_what_was_chosen(hass, simulator, kind, before, after):
    entry = saved(simulator, 1, 1, (kind, before))
    data, options = dict(entry.data), dict(entry.options)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (entry.version, entry.minor_version) == (StepAudioConfigFlow.VERSION, StepAudioConfigFlow.MINOR_VERSION)
    (subentry,) = entry.subentries.values()
    assert dict(subentry.data) == after
    assert (dict(entry.data), dict(entry.options)) == (data, options)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_of_a_later_minor_version_is_taken_as_it_is(hass, simulator):
    entry = saved(simulator, 1, 9, ("conversation", BASICS | RARE))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    (subentry,) = entry.subentries.values()
    assert (entry.minor_version, dict(subentry.data)) == (9, BASICS | RARE)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_of_a_later_version_is_refused(hass, simulator):
    entry = saved(simulator, 2, 1, ("conversation", BASICS))
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert not simulator.upgrades
