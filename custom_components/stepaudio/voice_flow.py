"""The settings of a voice: text-to-speech as it is when a call says nothing else."""

from __future__ import annotations

from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import selector

from .client.audio import SERVICE_HZ
from .const import CONF_REGION, CONF_VOICE, DEFAULT_TITLES, SPEECH_ONLY_VOICES, SUBENTRY_TTS, VOICES
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
from .voices import voice_name


class VoiceSubentryFlow(ConfigSubentryFlow):
    """A voice: whose it is and how it speaks."""

    @property
    def _is_new(self) -> bool:
        return self.source == SOURCE_USER

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add or change a voice."""
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                speech_options({CONF_VOICE: "", **user_input}, SERVICE_HZ)
            except HomeAssistantError as error:
                errors[(error.translation_placeholders or {}).get("option", "base")] = "speech_option"
            else:
                if self._is_new:
                    return self.async_create_entry(title=user_input.pop(CONF_NAME), data=user_input)
                return self.async_update_and_abort(self._get_entry(), self._get_reconfigure_subentry(), data=user_input)
        values = user_input or ({} if self._is_new else dict(self._get_reconfigure_subentry().data))
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(self._schema(), values),  # type: ignore[arg-type]  # a shim gives probatio's class
            errors=errors,
        )

    async_step_reconfigure = async_step_user

    def _schema(self) -> vol.Schema:
        region = self._get_entry().data[CONF_REGION]
        language = self.hass.config.language
        voices = [
            selector.SelectOptionDict(value=voice, label=voice_name(voice, language))
            for voice in (*VOICES[region], *SPEECH_ONLY_VOICES[region])
        ]
        fields: dict[vol.Marker, Any] = {}
        if self._is_new:
            fields[vol.Required(CONF_NAME, default=DEFAULT_TITLES[SUBENTRY_TTS])] = str
        fields |= {
            vol.Optional(CONF_VOICE): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=voices, custom_value=True, mode=selector.SelectSelectorMode.DROPDOWN
                )
            ),
            vol.Required(CONF_SPEED, default=1.0): _factor(SPEED_RANGE),
            vol.Required(CONF_VOLUME, default=1.0): _factor(VOLUME_RANGE),
            vol.Optional(CONF_INSTRUCTION): selector.TextSelector(selector.TextSelectorConfig(multiline=True)),
            vol.Optional(CONF_PRONUNCIATION): selector.TextSelector(selector.TextSelectorConfig(multiple=True)),
            vol.Optional(CONF_TEXT_NORMALIZATION): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=list(NORMALIZATIONS),
                    translation_key=CONF_TEXT_NORMALIZATION,
                    mode=selector.SelectSelectorMode.DROPDOWN,
                )
            ),
        }
        return vol.Schema(fields)


def _factor(bounds: tuple[float, float]) -> selector.NumberSelector:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(min=bounds[0], max=bounds[1], step=0.05, mode=selector.NumberSelectorMode.SLIDER)
    )
