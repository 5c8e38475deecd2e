"""A Home Assistant that finds the integration, and whose flows say all that they should."""

import pytest
from homeassistant.data_entry_flow import FlowManager
from homeassistant.setup import async_setup_component

from .setup import fill
from .texts import untold


@pytest.fixture(autouse=True)
async def home(hass, enable_custom_integrations):
    """Let Home Assistant find the integration."""
    assert await async_setup_component(hass, "homeassistant", {})


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Hold that every step, field, section, error and abort that a test meets has its words."""
    missing = []
    handle_step = FlowManager._async_handle_step

    async def handle_and_look(manager, flow, *args, **kwargs):
        result = await handle_step(manager, flow, *args, **kwargs)
        missing.extend(untold(flow, result))
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", handle_and_look)
    yield
    assert not missing


@pytest.fixture
async def entry(hass, simulator):
    """Return an account that was set up from the UI."""
    result = await fill(hass, simulator)
    await hass.async_block_till_done()
    yield result["result"]
    await hass.config_entries.async_unload(result["result"].entry_id)
