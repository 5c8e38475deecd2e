"""The settings of an agent: what it is told, what it may do, and how it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.const import CONF_LLM_HASS_API, CONF_PROMPT
from homeassistant.exceptions import TemplateError
from homeassistant.helpers import llm, selector
from homeassistant.helpers.template import Template

from .client.errors import StepAudioError, VoiceError
from .const import (
    ANSWER_LANGUAGES,
    CONF_ANSWER_LANGUAGE,
    CONF_EARLY_ANSWER,
    CONF_FOLLOW_UP,
    CONF_REGION,
    CONF_SCENE,
    CONF_TONE,
    CONF_TURNS_KEPT,
    CONF_VOICE,
    CONF_WEB_SEARCH,
    DOMAIN,
    FOLLOW_UPS,
    SECTION_CHARACTER,
    SECTION_CONVERSATION,
    SPEECH_ONLY_VOICES,
    SUBENTRY_AGENT,
    VOICES,
)
from .forms import Fields, grouped, long_text, one_of, text, whole_number
from .settings_flow import SettingsFlow
from .trial import async_try_account


class AgentFlow(SettingsFlow):
    """A persona."""

    @property
    @override
    def saved(self) -> Mapping[str, Any]:
        # An API that is gone could not be chosen, and the form not be sent.
        there = {api.id for api in llm.async_get_apis(self.hass)}
        chosen = [api for api in super().saved.get(CONF_LLM_HASS_API, ()) if api in there]
        return {**super().saved, CONF_LLM_HASS_API: chosen}

    @override
    async def async_fields(self) -> Fields:
        region = self._get_entry().data[CONF_REGION]
        apis = [selector.SelectOptionDict(value=api.id, label=api.name) for api in llm.async_get_apis(self.hass)]
        return {
            vol.Optional(CONF_PROMPT): selector.TemplateSelector(),
            vol.Optional(CONF_VOICE): await self.async_voices(VOICES[region]),
            vol.Optional(CONF_LLM_HASS_API): selector.SelectSelector(
                selector.SelectSelectorConfig(options=apis, multiple=True)
            ),
        }

    @override
    def rare_fields(self) -> Fields:
        character: Fields = {
            vol.Optional(CONF_SCENE): long_text(),
            vol.Optional(CONF_TONE): text(),
            vol.Required(CONF_ANSWER_LANGUAGE): one_of(CONF_ANSWER_LANGUAGE, ANSWER_LANGUAGES),
        }
        conversation: Fields = {
            vol.Required(CONF_FOLLOW_UP): one_of(CONF_FOLLOW_UP, FOLLOW_UPS),
            vol.Required(CONF_WEB_SEARCH): bool,
            vol.Required(CONF_EARLY_ANSWER): bool,
            vol.Required(CONF_TURNS_KEPT): whole_number(0, 200),
        }
        return {
            vol.Required(SECTION_CHARACTER): grouped(character),
            vol.Required(SECTION_CONVERSATION): grouped(conversation),
        }

    @override
    async def async_errors(self, typed: Mapping[str, Any]) -> dict[str, str]:
        return self._errors_of_prompt(typed) | await self._async_errors_of_voice(typed)

    def _errors_of_prompt(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """Render the instructions as they will be."""
        context = llm.LLMContext(DOMAIN, None, self.hass.config.language, SUBENTRY_AGENT, None)
        known = {"ha_name": self.hass.config.location_name, "user_name": None, "llm_context": context}
        try:
            Template(typed.get(CONF_PROMPT, ""), self.hass).async_render(known, parse_result=False)
        except TemplateError as error:
            return self.wrong(CONF_PROMPT, "template", str(error))
        return {}

    async def _async_errors_of_voice(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """Try a voice that is on no list; those that are need no proof."""
        data = self._get_entry().data
        voice = typed.get(CONF_VOICE)
        known = (*VOICES[data[CONF_REGION]], *SPEECH_ONLY_VOICES[data[CONF_REGION]], *(self.clones or ()))
        if not voice or voice in known:
            return {}
        try:
            await async_try_account(data, voice)
        except VoiceError as error:
            return self.wrong(CONF_VOICE, error.key, error.detail)
        except StepAudioError:
            pass  # it cannot be tried now; a refusal will be reported when it is spoken with
        return {}
