"""Fix flows: what the owner can do about an issue. What they choose is tried before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from . import assist, chosen_voice, issues, pipelines
from .account_issues import in_currency
from .client.errors import StepAudioError
from .client.rest import list_models, list_voices
from .const import (
    CONF_LOW_BALANCE,
    CONF_MODEL,
    CONF_REGION,
    CONF_VOICE,
    DOMAIN,
    MODEL_ALIASES,
    SPEECH_ONLY_VOICES,
    SUGGESTED_MODELS,
    VOICES,
)
from .entity import async_sentence
from .forms import Fields, filled, one_of_or_other, one_of_voices, price
from .trial import async_try_account, async_try_voice_of_model, async_try_voice_of_speech, endpoint_of

if TYPE_CHECKING:
    from . import StepAudioConfigEntry

_REFUSED = {"base": "refused"}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue; Home Assistant calls this."""
    issue = ir.async_get(hass).issues[DOMAIN, issue_id]
    entry = hass.config_entries.async_get_known_entry(str((issue.data or {})[issues.ENTRY_ID]))
    return _FLOWS[issue.translation_key or ""](issue, entry)


class _Flow(RepairsFlow):
    """A flow about one issue of one account."""

    def __init__(self, issue: ir.IssueEntry, entry: StepAudioConfigEntry) -> None:
        """Know what it is about."""
        self._issue = issue
        self._entry = entry
        self._reason = ""

    def _about(self, name: str) -> str:
        """Return what the issue keeps under a name."""
        return str((self._issue.data or {})[name])

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin; what Home Assistant gives here is no answer of the user."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask, and do it."""
        raise NotImplementedError

    async def _async_keep_reason(self, error: StepAudioError) -> None:
        self._reason = await async_sentence(self.hass, error)

    def _form(self, fields: Fields, values: Mapping[str, Any] | None) -> RepairsFlowResult:
        """Show a form, with what was typed still in it and why it was refused."""
        return self.async_show_form(
            step_id="confirm",
            data_schema=filled(self, fields, values or {}),
            errors=_REFUSED if self._reason else {},
            description_placeholders={**(self._issue.translation_placeholders or {}), "reason": self._reason},
        )


class QuotaFlow(_Flow):
    """The account has nothing left: it is tried again."""

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Try the account again when the user says that it was topped up."""
        if user_input is not None:
            try:
                await async_try_account(self._entry.data)
            except StepAudioError as error:
                await self._async_keep_reason(error)
            else:
                return self.async_create_entry(data={})
        return self._form({}, None)


class LowBalanceFlow(_Flow):
    """The balance runs low: it was topped up, or the warning comes too early."""

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask what is little, and look at the balance again."""
        options = self._entry.options
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            least = user_input[CONF_LOW_BALANCE]
            coordinator = self._entry.runtime_data
            await coordinator.async_refresh()
            balance = coordinator.data.balance
            if balance is not None and balance < least:
                self._reason = in_currency(self._entry, balance)
            else:
                self.hass.config_entries.async_update_entry(self._entry, options={**options, CONF_LOW_BALANCE: least})
                return self.async_create_entry(data={})
        return self._form({vol.Required(CONF_LOW_BALANCE): price()}, user_input or options)


class ModelFlow(_Flow):
    """The model is gone: another one."""

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a model, and save it if a session opens."""
        if user_input is not None:
            model = user_input[CONF_MODEL].strip()
            data = {**self._entry.data, CONF_MODEL: MODEL_ALIASES.get(model, model)}
            try:
                await async_try_account(data)
            except StepAudioError as error:
                await self._async_keep_reason(error)
            else:
                self._save(data)
                return self.async_create_entry(data={})
        models = await self._async_models()
        return self._form({vol.Required(CONF_MODEL, default=models[0]): one_of_or_other(models)}, user_input)

    async def _async_models(self) -> list[str]:
        """Return the models to choose from: those that we know, and what the service offers of their kind."""
        data = self._entry.data
        offered: list[str] = []
        with suppress(StepAudioError):  # then those that we know have to do
            offered = await list_models(async_get_clientsession(self.hass), endpoint_of(data))
        models = dict.fromkeys((*SUGGESTED_MODELS, *(each for each in offered if "realtime" in each)))
        models.pop(data[CONF_MODEL], None)
        return list(models)

    def _save(self, data: dict[str, Any]) -> None:
        self.hass.config_entries.async_update_entry(self._entry, data=data)
        if not self._entry.update_listeners:  # a loaded account listens for the change and reloads itself
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)


class VoiceFlow(_Flow):
    """A voice is refused: another one, wherever it was chosen."""

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a voice, and save it if it speaks."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        refused = self._about(CONF_VOICE)
        choice = chosen_voice.async_find(self.hass, self._entry, self._about("entity_id"), refused)
        if not choice:
            return await self.async_step_elsewhere()
        if user_input is not None:
            voice = user_input[CONF_VOICE].strip()
            try:
                await self._async_try(voice)
            except StepAudioError as error:
                await self._async_keep_reason(error)
            else:
                await chosen_voice.async_choose(self.hass, self._entry, choice, voice)
                return self.async_create_entry(data={})
        region = self._entry.data[CONF_REGION]
        of_speech = SPEECH_ONLY_VOICES[region] if self._about("entity_id").startswith("tts.") else ()
        voices = [each for each in (*VOICES[region], *of_speech) if each != refused]
        clones: list[str] = []
        with suppress(StepAudioError):  # then they can still be typed
            clones = await list_voices(async_get_clientsession(self.hass), endpoint_of(self._entry.data))
        field = one_of_voices(voices, (each for each in clones if each != refused), self.hass.config.language)
        return self._form({vol.Required(CONF_VOICE, default=voices[0]): field}, user_input)

    async def async_step_elsewhere(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Tell that no setting names the voice: an action did, and only its author can change that."""
        if user_input is not None:
            return self.async_create_entry(data={})
        names = self._issue.translation_placeholders
        return self.async_show_form(
            step_id="elsewhere", data_schema=filled(self, {}, {}), description_placeholders=names
        )

    async def _async_try(self, voice: str) -> None:
        """Try a voice with the one that refused the other; what the model does not have, synthesis may."""
        client = self._entry.runtime_data.client
        if self._about("by") == "model" and voice not in SPEECH_ONLY_VOICES[self._entry.data[CONF_REGION]]:
            await async_try_voice_of_model(client, voice)
        else:
            await async_try_voice_of_speech(client, voice)


class PipelineFlow(_Flow):
    """Our agent works with another engine's ears or voice: ours instead, or as it is."""

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Let the user choose."""
        return self.async_show_menu(
            step_id="confirm",
            menu_options=["switch", "ignore"],
            description_placeholders=self._issue.translation_placeholders,
        )

    async def async_step_switch(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Have the pipeline listen and speak with our engines."""
        pipeline_id = self._about("pipeline_id")
        for pipeline in assist.async_pipelines(self.hass):
            if pipeline.id == pipeline_id:
                half = pipelines.async_find_half(self.hass, self._entry, pipeline)
                if half is not None:
                    await pipelines.async_make_whole(self.hass, half)
        return self.async_create_entry(data={})

    async def async_step_ignore(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave the pipeline as it is, and do not ask again."""
        ir.async_get(self.hass).async_ignore(DOMAIN, self._issue.issue_id, ignore=True)
        return self.async_abort(reason="ignored", description_placeholders=self._issue.translation_placeholders)


_FLOWS = {
    issues.QUOTA: QuotaFlow,
    issues.LOW_BALANCE: LowBalanceFlow,
    issues.MODEL: ModelFlow,
    issues.VOICE: VoiceFlow,
    **dict.fromkeys(issues.PIPELINES, PipelineFlow),
}
