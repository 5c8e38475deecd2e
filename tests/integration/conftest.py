"""A Home Assistant that finds the integration."""

import pytest
from homeassistant.setup import async_setup_component


@pytest.fixture(autouse=True)
async def home(hass, enable_custom_integrations):
    """Let Home Assistant find the integration."""
    assert await async_setup_component(hass, "homeassistant", {})
