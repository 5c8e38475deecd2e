"""The page of system information."""

import pytest
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.stepaudio.const import DOMAIN
from simulator import Fault

from ..repository import read_json
from .phone import type_to


@pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")
async def test_system_health_tells_of_the_service_the_sessions_and_the_last_error(
    hass, entry, engines, hass_client, simulator
):
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    await type_to(await hass_client(), engines["conversation"], "Something that is not allowed.")
    told = await get_system_health_info(hass, DOMAIN)
    assert await told.pop("can_reach_custom") == "ok"
    assert told.pop("version") == read_json("manifest.json")["version"]
    libraries = told.pop("libraries")
    assert all(name in libraries for name in ("av", "orjson", "websockets"))
    assert told == {"accounts": 1, "open_sessions": 1, "warm_sessions": 0, "last_error": "moderation"}
    texts = read_json("translations/en.json")["system_health"]["info"]
    assert {*told, "version", "libraries", "can_reach_custom"} <= set(texts)


async def test_system_health_without_an_account_tells_so(hass, entry):
    await hass.config_entries.async_unload(entry.entry_id)
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    told = await get_system_health_info(hass, DOMAIN)
    assert (told["accounts"], told["last_error"]) == (0, "-")
    assert not [name for name in told if name.startswith("can_reach")]
