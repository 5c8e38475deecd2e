"""A Home Assistant that finds the integration, and whose flows say all that they should."""

import pytest
from homeassistant.setup import async_setup_component

from .setup import fill


@pytest.fixture(autouse=True)
async def home(hass, told, enable_custom_integrations):
    """Let Home Assistant find the integration."""
    assert await async_setup_component(hass, "homeassistant", {})


@pytest.fixture
async def entry(hass, simulator):
    """Return an account that was set up from the UI."""
    result = await fill(hass, simulator)
    await hass.async_block_till_done()
    yield result["result"]
    await hass.config_entries.async_unload(result["result"].entry_id)
