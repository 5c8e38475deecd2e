"""What all entities share: device, identity, and the one place where client errors become Home Assistant's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client.client import StepAudioClient
from .client.errors import StepAudioError
from .const import CONF_MODEL, DOMAIN

if TYPE_CHECKING:
    from . import StepAudioConfigEntry
    from .coordinator import AccountCoordinator


def translated[E: HomeAssistantError](error: StepAudioError, kind: type[E]) -> E:
    """Return the error as a sentence in Home Assistant's language."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.key,
        translation_placeholders={"detail": error.detail or str(error)},
    )


async def async_sentence(hass: HomeAssistant, error: StepAudioError) -> str:
    """Return the error as a sentence in Home Assistant's language, for where it is said and not raised."""
    sentences = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    sentence = sentences.get(f"component.{DOMAIN}.exceptions.{error.key}.message", str(error))
    return sentence.replace("{detail}", error.detail or str(error))


@callback
def async_account_device(hass: HomeAssistant, entry: StepAudioConfigEntry) -> dr.DeviceEntry:
    """Return the account's own device, by way of which those of its subentries are reached."""
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
        manufacturer="StepFun",
        entry_type=dr.DeviceEntryType.SERVICE,
    )


class _ServiceEntity(CoordinatorEntity[Any], Entity):
    """An entity that is there when the service is."""

    coordinator: AccountCoordinator
    _attr_has_entity_name = True

    def __init__(self, entry: StepAudioConfigEntry) -> None:
        """Follow the health of the account."""
        super().__init__(entry.runtime_data)
        self.entry = entry

    @property
    @override
    def available(self) -> bool:
        """Whether the service is there and takes the key."""
        return self.coordinator.data.available

    @property
    def client(self) -> StepAudioClient:
        """The client of the account."""
        return self.coordinator.client


class AccountEntity(_ServiceEntity):
    """An entity that tells something of the account: they share the account's device."""

    def __init__(self, entry: StepAudioConfigEntry, description: EntityDescription) -> None:
        """Take identity and name from the description."""
        super().__init__(entry)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = dr.DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})


class StepAudioEntity(_ServiceEntity):
    """An entity that talks: one device and one unique id per subentry."""

    _attr_name: str | None = None

    def __init__(self, entry: StepAudioConfigEntry, subentry: ConfigSubentry) -> None:
        """Take identity and device from the subentry."""
        super().__init__(entry)
        self.subentry = subentry
        self._attr_unique_id = subentry.subentry_id
        self._attr_device_info = dr.DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer="StepFun",
            model=entry.data[CONF_MODEL],
            entry_type=dr.DeviceEntryType.SERVICE,
            via_device_id=async_account_device(self.coordinator.hass, entry).id,
        )
