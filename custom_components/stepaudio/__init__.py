"""StepAudio: StepFun's realtime speech model in Home Assistant's Assist."""

from __future__ import annotations

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_API_KEY, CONF_URL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.ssl import get_default_context

from . import assist
from .client.client import StepAudioClient
from .client.connection import Endpoint
from .client.errors import AuthenticationError, StepAudioError
from .client.rest import list_models
from .const import CONF_MAX_SESSIONS, CONF_MODEL, CONF_SPARES, DEFAULT_MAX_SESSIONS, DEFAULT_SPARES, DOMAIN
from .entity import translated

type StepAudioConfigEntry = ConfigEntry[StepAudioClient]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = (Platform.AI_TASK, Platform.CONVERSATION, Platform.STT, Platform.TTS)


async def async_setup_entry(hass: HomeAssistant, entry: StepAudioConfigEntry) -> bool:
    """Set up an account."""
    endpoint = Endpoint(entry.data[CONF_URL], entry.data[CONF_API_KEY])
    try:
        await list_models(async_get_clientsession(hass), endpoint)
    except AuthenticationError as error:
        raise translated(error, ConfigEntryAuthFailed) from error
    except StepAudioError as error:
        raise translated(error, ConfigEntryNotReady if error.retryable else ConfigEntryError) from error
    client = entry.runtime_data = StepAudioClient(
        endpoint,
        entry.data[CONF_MODEL],
        ssl=get_default_context(),
        max_sessions=entry.options.get(CONF_MAX_SESSIONS, DEFAULT_MAX_SESSIONS),
        spares=entry.options.get(CONF_SPARES, DEFAULT_SPARES),
    )
    entry.async_on_unload(assist.async_watch_local_answers(hass, client))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: StepAudioConfigEntry) -> bool:
    """Unload an account and close its connections."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.aclose()
    return unloaded


async def _async_reload(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Take over changed settings."""
    await hass.config_entries.async_reload(entry.entry_id)
