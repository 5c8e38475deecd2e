"""What all entities share: device, identity, and the one place where client errors become Home Assistant's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.translation import async_get_translations

from .client.client import StepAudioClient
from .client.errors import StepAudioError
from .const import CONF_MODEL, DOMAIN

if TYPE_CHECKING:
    from . import StepAudioConfigEntry


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


class StepAudioEntity(Entity):
    """An entity of an account: one device and one unique id per subentry."""

    _attr_has_entity_name = True
    _attr_name: str | None = None

    def __init__(self, entry: StepAudioConfigEntry, subentry: ConfigSubentry) -> None:
        """Take identity and device from the subentry."""
        self.entry = entry
        self.subentry = subentry
        self._attr_unique_id = subentry.subentry_id
        self._attr_device_info = dr.DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer="StepFun",
            model=entry.data[CONF_MODEL],
            entry_type=dr.DeviceEntryType.SERVICE,
        )

    @property
    def client(self) -> StepAudioClient:
        """The client of the account."""
        return self.entry.runtime_data
