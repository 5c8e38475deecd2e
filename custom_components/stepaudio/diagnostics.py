"""Diagnostics: what may be attached to a report of a problem."""

from __future__ import annotations

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from . import StepAudioConfigEntry, insight
from .client.errors import StepAudioError
from .client.rest import list_models
from .const import DOMAIN


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: StepAudioConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an account."""
    return await _async_diagnostics(hass, entry, set(entry.subentries))


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: StepAudioConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Return the diagnostics of an account, with the settings of one of its entities alone."""
    return await _async_diagnostics(hass, entry, {name for domain, name in device.identifiers if domain == DOMAIN})


async def _async_diagnostics(hass: HomeAssistant, entry: StepAudioConfigEntry, subentries: set[str]) -> dict[str, Any]:
    told = {
        "versions": await insight.async_versions(hass),
        "state": entry.state.value,
        "account": insight.settings(entry.data),
        "options": insight.settings(entry.options),
        "entities": [
            {"kind": subentry.subentry_type, "settings": insight.settings(subentry.data)}
            for subentry in entry.subentries.values()
            if subentry.subentry_id in subentries
        ],
    }
    if entry.state is not ConfigEntryState.LOADED:
        return told
    client = entry.runtime_data.client
    return told | {
        "service": await _async_reach(hass, entry),
        "last_error": insight.last_error(entry),
        "sessions": {
            "open": client.open_connections,
            "warm": client.warm_sessions,
            "most": client.max_sessions,
        },
        "turns": insight.turns(entry),
        "unknown_events": insight.unknown_events(entry),
    }


async def _async_reach(hass: HomeAssistant, entry: StepAudioConfigEntry) -> dict[str, Any]:
    """Return whether the service of the region answers now, and what it says against it if not."""
    try:
        await list_models(async_get_clientsession(hass), entry.runtime_data.client.endpoint)
    except StepAudioError as error:
        return {"answers": False, "error": error.key, "status": error.status}
    return {"answers": True}
