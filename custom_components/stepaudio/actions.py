"""The actions: having an agent answer somewhere, breaking an answer off, and telling how the last turns went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import probatio as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from . import asking, insight
from .const import DOMAIN

if TYPE_CHECKING:
    from . import StepAudioConfigEntry

_ASK: Final = "ask"
_CANCEL: Final = "cancel"
_EXPORT_TRACE: Final = "export_trace"


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, _ASK, asking.async_ask, asking.SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )
    hass.services.async_register(DOMAIN, _CANCEL, _async_cancel, vol.Schema(cv.TARGET_SERVICE_FIELDS))
    hass.services.async_register(
        DOMAIN,
        _EXPORT_TRACE,
        _async_export_trace,
        vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY_ID): str}),
        supports_response=SupportsResponse.ONLY,
    )


@callback
def _async_cancel(call: ServiceCall) -> None:
    """Break off the answers of the target, or all."""
    entries: list[StepAudioConfigEntry] = call.hass.config_entries.async_loaded_entries(DOMAIN)
    target = TargetSelection(call.data)
    if not target.has_any_target:
        for entry in entries:
            entry.runtime_data.underway.async_cancel_all()
        return
    found = async_extract_referenced_entity_ids(call.hass, target, primary_entities_only=False)
    entities = found.referenced | found.indirectly_referenced
    registry = er.async_get(call.hass)
    named = (registry.async_get(entity_id) for entity_id in entities if entity_id.startswith("assist_satellite."))
    devices = found.referenced_devices | {entity.device_id for entity in named if entity and entity.device_id}
    for entry in entries:
        entry.runtime_data.underway.async_cancel(entities, devices)


@callback
def _async_export_trace(call: ServiceCall) -> ServiceResponse:
    """Return how the last turns of an account went."""
    entry: StepAudioConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    told: dict[str, Any] = {
        "last_error": insight.last_error(entry),
        "turns": insight.turns(entry),
        "unknown_events": insight.unknown_events(entry),
    }
    return told
