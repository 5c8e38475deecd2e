"""Whether the service can be reached with the account's key."""

from __future__ import annotations

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import StepAudioConfigEntry
from .entity import AccountEntity

PARALLEL_UPDATES = 0
CONNECTIVITY = BinarySensorEntityDescription(
    key="connectivity",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the connectivity of an account."""
    async_add_entities([ConnectivitySensor(entry, CONNECTIVITY)])


class ConnectivitySensor(AccountEntity, BinarySensorEntity):
    """Tells whether the service is there; so it is never unavailable itself."""

    @property
    @override
    def available(self) -> bool:
        """Always: this is where it is told that the service is not."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the service is there and takes the key."""
        return self.coordinator.data.available
