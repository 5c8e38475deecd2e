"""The settings of a voice: text-to-speech as it is when a call says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.exceptions import HomeAssistantError

from .client.audio import SERVICE_HZ
from .const import CONF_REGION, CONF_VOICE, SPEECH_ONLY_VOICES, VOICES
from .forms import Fields, factor, list_of_texts, long_text, one_of
from .settings_flow import SettingsFlow
from .speaking import (
    CONF_INSTRUCTION,
    CONF_PRONUNCIATION,
    CONF_SPEED,
    CONF_TEXT_NORMALIZATION,
    CONF_VOLUME,
    NORMALIZATIONS,
    SPEED_RANGE,
    VOLUME_RANGE,
    speech_options,
)


class VoiceFlow(SettingsFlow):
    """Text-to-speech."""

    @override
    async def async_fields(self) -> Fields:
        region = self._get_entry().data[CONF_REGION]
        return {vol.Optional(CONF_VOICE): await self.async_voices((*VOICES[region], *SPEECH_ONLY_VOICES[region]))}

    @override
    def rare_fields(self) -> Fields:
        return {
            vol.Required(CONF_SPEED): factor(SPEED_RANGE),
            vol.Required(CONF_VOLUME): factor(VOLUME_RANGE),
            vol.Optional(CONF_INSTRUCTION): long_text(),
            vol.Optional(CONF_PRONUNCIATION): list_of_texts(),
            vol.Optional(CONF_TEXT_NORMALIZATION): one_of(CONF_TEXT_NORMALIZATION, NORMALIZATIONS),
        }

    @override
    async def async_errors(self, typed: Mapping[str, Any]) -> dict[str, str]:
        try:
            speech_options({CONF_VOICE: "", **typed}, SERVICE_HZ)
        except HomeAssistantError as error:
            option = (error.translation_placeholders or {})["option"]
            return self.wrong(option, option)
        return {}
