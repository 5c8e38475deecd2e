"""StepAudio: StepFun's realtime speech model in Home Assistant's Assist."""

from __future__ import annotations

from functools import partial

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.ssl import get_default_context

from . import account_issues, actions, assist, chosen_voice, issues, pipelines
from .assistant import async_fulfil_wish
from .client.client import StepAudioClient
from .const import CONF_MAX_SESSIONS, CONF_MODEL, CONF_SPARES, DEFAULT_MAX_SESSIONS, DEFAULT_SPARES, DOMAIN
from .coordinator import AccountCoordinator
from .entity import async_account_device
from .settings import without_recommended
from .trial import endpoint_of

type StepAudioConfigEntry = ConfigEntry[AccountCoordinator]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = (
    Platform.AI_TASK,
    Platform.BINARY_SENSOR,
    Platform.CONVERSATION,
    Platform.EVENT,
    Platform.SENSOR,
    Platform.STT,
    Platform.TTS,
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions: they are there whether an account is or not, and say so."""
    actions.async_setup(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: StepAudioConfigEntry) -> bool:
    """Set up an account."""
    client = StepAudioClient(
        endpoint_of(entry.data),
        entry.data[CONF_MODEL],
        ssl=get_default_context(),
        max_sessions=entry.options.get(CONF_MAX_SESSIONS, DEFAULT_MAX_SESSIONS),
        spares=entry.options.get(CONF_SPARES, DEFAULT_SPARES),
    )
    entry.runtime_data = AccountCoordinator(hass, entry, client)
    await entry.runtime_data.async_config_entry_first_refresh()
    async_account_device(hass, entry)
    account_issues.async_watch(hass, entry)
    entry.async_on_unload(assist.async_watch_local_answers(hass, client))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_fulfil_wish(hass, entry)
    pipelines.async_watch(hass, entry, on_change=partial(chosen_voice.async_review, hass, entry))
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: StepAudioConfigEntry) -> bool:
    """Take over an account of an earlier version; Home Assistant refuses those of a later one."""
    if entry.minor_version < 2:
        for subentry in entry.subentries.values():
            data = without_recommended(subentry.subentry_type, subentry.data)
            hass.config_entries.async_update_subentry(entry, subentry, data=data)
        hass.config_entries.async_update_entry(entry, minor_version=2)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: StepAudioConfigEntry) -> bool:
    """Unload an account and close its connections."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.client.aclose()
        if entry.disabled_by:
            issues.async_take_back(hass, *issues.async_of(hass, entry.entry_id))
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Forget what was wrong with an account."""
    issues.async_take_back(hass, *issues.async_of(hass, entry.entry_id))


async def _async_reload(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Take over changed settings."""
    await hass.config_entries.async_reload(entry.entry_id)
