"""Triggers of the account's device: a turn was answered, refused, interrupted, or claimed by nobody."""

from __future__ import annotations

import voluptuous as vol
from homeassistant.components.device_automation import DEVICE_TRIGGER_BASE_SCHEMA
from homeassistant.components.event import ATTR_EVENT_TYPE, DOMAIN as EVENT_DOMAIN
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_DOMAIN,
    CONF_ENTITY_ID,
    CONF_PLATFORM,
    CONF_TYPE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.trigger import TriggerActionType, TriggerInfo
from homeassistant.helpers.typing import ConfigType

from .client.report import Outcome
from .const import DOMAIN

TYPES = frozenset(outcome.value for outcome in Outcome)

TRIGGER_SCHEMA = DEVICE_TRIGGER_BASE_SCHEMA.extend(
    {vol.Required(CONF_ENTITY_ID): cv.entity_id_or_uuid, vol.Required(CONF_TYPE): vol.In(TYPES)}
)


async def async_get_triggers(hass: HomeAssistant, device_id: str) -> list[dict[str, str]]:
    """Return the triggers of a device: those of an account have one for each outcome."""
    return [
        {
            CONF_PLATFORM: "device",
            CONF_DEVICE_ID: device_id,
            CONF_DOMAIN: DOMAIN,
            CONF_ENTITY_ID: entity.id,
            CONF_TYPE: outcome.value,
        }
        for entity in er.async_entries_for_device(er.async_get(hass), device_id)
        if entity.platform == DOMAIN and entity.domain == EVENT_DOMAIN
        for outcome in Outcome
    ]


async def async_attach_trigger(
    hass: HomeAssistant, config: ConfigType, action: TriggerActionType, trigger_info: TriggerInfo
) -> CALLBACK_TYPE:
    """Run an action when the account's event fires with an outcome."""
    job = HassJob(action, f"turn trigger {trigger_info}")
    entity_id = er.async_validate_entity_id(er.async_get(hass), config[CONF_ENTITY_ID])

    @callback
    def on_change(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        # What is restored, or comes back with the service, is the event before.
        if old is None or old.state == STATE_UNAVAILABLE or new is None:
            return
        if new.state in {STATE_UNAVAILABLE, STATE_UNKNOWN, old.state}:
            return
        if new.attributes.get(ATTR_EVENT_TYPE) != config[CONF_TYPE]:
            return
        description = f"turn {config[CONF_TYPE]}"
        trigger = {
            **trigger_info["trigger_data"],
            **config,
            "description": description,
            "from_state": old,
            "to_state": new,
        }
        hass.async_run_hass_job(job, {"trigger": trigger}, event.context)

    return async_track_state_change_event(hass, entity_id, on_change)
