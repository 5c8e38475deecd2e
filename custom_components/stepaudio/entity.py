"""What all entities share: device, identity, and the one place where client errors become Home Assistant's."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
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


def async_report_voice(hass: HomeAssistant, entity_id: str, voice: str) -> None:
    """Tell the owner which entity has a voice that the service refuses."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"voice_{entity_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="voice_refused",
        translation_placeholders={"entity": entity_id, "voice": voice},
    )


def async_forget_voice_report(hass: HomeAssistant, entity_id: str) -> None:
    """Take the report back: the voice works, or is another one now."""
    ir.async_delete_issue(hass, DOMAIN, f"voice_{entity_id}")


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

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Forget what was wrong: changed settings begin anew."""
        async_forget_voice_report(self.hass, self.entity_id)

    @property
    def client(self) -> StepAudioClient:
        """The client of the account."""
        return self.entry.runtime_data
