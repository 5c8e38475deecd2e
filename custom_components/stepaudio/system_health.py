"""What the page of system information tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from . import insight
from .account import address_of
from .const import CONF_REGION, DOMAIN

if TYPE_CHECKING:
    from . import StepAudioConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is told."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[StepAudioConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    clients = [entry.runtime_data.client for entry in entries]
    errors = (error for entry in entries if (error := insight.last_error(entry)))
    versions = await insight.async_versions(hass)
    return {
        "version": versions.pop(DOMAIN),
        "accounts": len(entries),
        "open_sessions": sum(client.open_connections for client in clients),
        "warm_sessions": sum(client.warm_sessions for client in clients),
        "last_error": next(errors, "-"),
        "libraries": ", ".join(f"{name} {version}" for name, version in versions.items()),
        **{
            f"can_reach_{region}": system_health.async_check_can_reach_url(hass, address)
            for region, address in {entry.data[CONF_REGION]: address_of(entry.data) for entry in entries}.items()
        },
    }
