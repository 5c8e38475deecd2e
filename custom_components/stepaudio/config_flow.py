"""Setting up an account: proven by opening a real session before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override
from urllib.parse import urlsplit

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import TextSelectorType

from . import assist
from .account import account_data, address_of, unique_id
from .agent_flow import AgentFlow
from .assistant import CONF_ASSISTANT, CONF_PREFERRED
from .client.errors import (
    AuthenticationError,
    CannotConnectError,
    ModelError,
    NotUnderstoodError,
    ServiceTimeoutError,
    StepAudioError,
)
from .const import (
    CONF_LOW_BALANCE,
    CONF_MAX_SESSIONS,
    CONF_MODEL,
    CONF_PLAN,
    CONF_PRICE_CACHED,
    CONF_PRICE_INPUT,
    CONF_PRICE_OUTPUT,
    CONF_REGION,
    CONF_REPORT_WORDS,
    CONF_SPARES,
    CONF_WATCHING,
    DEFAULT_MAX_SESSIONS,
    DEFAULT_MODEL,
    DEFAULT_SPARES,
    DOMAIN,
    PLAN_PAY_AS_YOU_GO,
    PLANS,
    REGION_CHINA,
    REGION_CUSTOM,
    REGION_URLS,
    REGIONS,
    SECTION_ADVANCED,
    SUBENTRY_AGENT,
    SUBENTRY_STT,
    SUBENTRY_TASK,
    SUBENTRY_TTS,
    SUGGESTED_MODELS,
)
from .ears_flow import EarsFlow
from .forms import Fields, filled, flat, grouped, one_of, one_of_or_other, price, text, whole_number
from .settings import FIRST, default_title
from .task_flow import TaskFlow
from .trial import async_try_account
from .voice_flow import VoiceFlow

# The section, not the field: the frontend shows no errors inside of one.
_FIELD_OF: dict[type[StepAudioError], str] = {AuthenticationError: CONF_API_KEY, ModelError: SECTION_ADVANCED}
_ABOUT_THE_ADDRESS = (CannotConnectError, NotUnderstoodError, ServiceTimeoutError)


class StepAudioConfigFlow(ConfigFlow, domain=DOMAIN):
    """Asks for region and key, tries them, and offers an assistant."""

    VERSION = 1
    MINOR_VERSION = 2

    def __init__(self) -> None:
        """Start with nothing known."""
        self._typed: dict[str, Any] = {}
        self._address = ""
        self._proven: dict[str, Any] = {}
        self._detail = ""

    # --- the account ---

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account."""
        return self._account_form() if user_input is None else await self._async_take(user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for what has changed of the account; its key is not shown."""
        if user_input is not None:
            return await self._async_take(user_input)
        data = self._get_reconfigure_entry().data
        self._typed = {name: data[name] for name in (CONF_REGION, CONF_PLAN, CONF_MODEL)}
        if data[CONF_REGION] == REGION_CUSTOM:
            self._address = address_of(data)
        return self._account_form()

    async def async_step_custom(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a service of one's own."""
        if user_input is None:
            return self._address_form({})
        self._address = user_input[CONF_URL].strip().rstrip("/")
        if urlsplit(self._address).scheme not in {"http", "https"} or not urlsplit(self._address).hostname:
            return self._address_form({CONF_URL: "invalid_url"})
        return await self._async_try(self._address)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start over with the key: the service refused it."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another key of the same account."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, CONF_API_KEY: user_input[CONF_API_KEY].strip()}
            self._abort_if_others(data, entry)
            error = await self._async_error(data)
            if error is None:
                return self._changed(entry, data)
            errors[CONF_API_KEY if isinstance(error, AuthenticationError) else "base"] = error.key
        fields: Fields = {vol.Required(CONF_API_KEY): text(TextSelectorType.PASSWORD)}
        return self._form("reauth_confirm", fields, user_input or {}, errors)

    async def _async_take(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        self._typed = flat(user_input)
        if self._typed[CONF_REGION] == REGION_CUSTOM:
            return self._address_form({})
        return await self._async_try(REGION_URLS[self._typed[CONF_REGION]])

    async def _async_try(self, address: str) -> ConfigFlowResult:
        """Try the account that was typed; what is wrong is told at the field that it belongs to."""
        typed = self._typed
        entry = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        key = typed.get(CONF_API_KEY) or (entry.data[CONF_API_KEY] if entry is not None else "")
        data = account_data(typed[CONF_REGION], address, typed[CONF_PLAN], key, typed[CONF_MODEL])
        if entry is not None:
            self._abort_if_others(data, entry)
        else:
            # A dialog that was left open in another tab must not keep anybody out.
            await self.async_set_unique_id(unique_id(data), raise_on_progress=False)
            self._abort_if_unique_id_configured()
        error = await self._async_error(data)
        if error is None:
            if entry is not None:
                return self._changed(entry, {**entry.data, **data})
            self._proven = data
            return await self.async_step_assistant()
        field = _FIELD_OF.get(type(error))
        if field is None and typed[CONF_REGION] == REGION_CUSTOM:
            return self._address_form({CONF_URL if isinstance(error, _ABOUT_THE_ADDRESS) else "base": error.key})
        return self._account_form({field or "base": error.key})

    async def _async_error(self, data: Mapping[str, Any]) -> StepAudioError | None:
        """Return what the service says against an account."""
        try:
            await async_try_account(data)
        except StepAudioError as error:
            self._detail = error.detail or str(error)
            return error
        return None

    def _abort_if_others(self, data: Mapping[str, Any], own: ConfigEntry) -> None:
        """Refuse to become another account that is set up already."""
        if self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id(data)) not in {None, own}:
            raise AbortFlow("already_configured")

    def _changed(self, entry: ConfigEntry, data: Mapping[str, Any]) -> ConfigFlowResult:
        # A loaded account listens for the change and reloads itself.
        update = self.async_update_and_abort if entry.update_listeners else self.async_update_reload_and_abort
        return update(entry, data=data, unique_id=unique_id(data))

    # --- the assistant ---

    async def async_step_assistant(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer an assistant made of what the account brings."""
        if user_input is None:
            fields: Fields = {
                vol.Required(CONF_ASSISTANT, default=True): bool,
                # Who can already talk to the home keeps the assistant that hears them.
                vol.Required(CONF_PREFERRED, default=not assist.async_hears(self.hass)): bool,
            }
            return self._form("assistant", fields, {}, {})
        # An account may have become this one in the meantime.
        self._abort_if_unique_id_configured()
        # The entities come with the set-up of the account; it fulfils the wish.
        wish = {CONF_ASSISTANT: {CONF_PREFERRED: user_input[CONF_PREFERRED]}} if user_input[CONF_ASSISTANT] else {}
        return self.async_create_entry(
            title=default_title(SUBENTRY_AGENT, self.hass.config.language),
            data=self._proven | wish,
            subentries=_subentries(self.hass.config.language),
        )

    # --- forms ---

    def _account_form(self, errors: dict[str, str] | None = None) -> ConfigFlowResult:
        errors = errors or {}
        is_new = self.source != SOURCE_RECONFIGURE
        key = vol.Required(CONF_API_KEY) if is_new else vol.Optional(CONF_API_KEY)
        advanced: Fields = {
            vol.Required(CONF_PLAN, default=PLAN_PAY_AS_YOU_GO): one_of(CONF_PLAN, PLANS),
            vol.Required(CONF_MODEL, default=DEFAULT_MODEL): one_of_or_other(list(SUGGESTED_MODELS)),
        }
        fields: Fields = {
            vol.Required(CONF_REGION, default=REGION_CHINA): one_of(CONF_REGION, REGIONS),
            key: text(TextSelectorType.PASSWORD),
            vol.Required(SECTION_ADVANCED): grouped(advanced, is_open=SECTION_ADVANCED in errors),
        }
        return self._form("user" if is_new else "reconfigure", fields, self._typed, errors)

    def _address_form(self, errors: dict[str, str]) -> ConfigFlowResult:
        fields: Fields = {vol.Required(CONF_URL): text(TextSelectorType.URL)}
        return self._form("custom", fields, {CONF_URL: self._address} if self._address else {}, errors)

    def _form(
        self, step_id: str, fields: Fields, values: Mapping[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult:
        """Show a form with what was typed still in it."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=filled(self, fields, values),
            errors=errors,
            description_placeholders={"detail": self._detail},
        )

    # --- what else there is to set ---

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Offer the account's limits."""
        return AccountOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Offer more agents, each a persona of its own, and more of the rest."""
        return {
            SUBENTRY_AGENT: AgentFlow,
            SUBENTRY_TASK: TaskFlow,
            SUBENTRY_STT: EarsFlow,
            SUBENTRY_TTS: VoiceFlow,
        }


class AccountOptionsFlow(OptionsFlow):
    """The limits of an account."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the limits."""
        if user_input is not None:
            return self.async_create_entry(data=flat(user_input))
        fields: Fields = {
            vol.Required(CONF_MAX_SESSIONS, default=DEFAULT_MAX_SESSIONS): whole_number(1, 100),
            vol.Required(CONF_SPARES, default=DEFAULT_SPARES): whole_number(0, 2),
            vol.Optional(CONF_WATCHING): grouped(
                {
                    vol.Required(CONF_REPORT_WORDS, default=False): bool,
                    vol.Optional(CONF_LOW_BALANCE): price(),
                    vol.Optional(CONF_PRICE_INPUT): price(),
                    vol.Optional(CONF_PRICE_CACHED): price(),
                    vol.Optional(CONF_PRICE_OUTPUT): price(),
                },
                is_open=False,
            ),
        }
        return self.async_show_form(step_id="init", data_schema=filled(self, fields, self.config_entry.options))


def _subentries(language: str) -> list[ConfigSubentryData]:
    """Return an agent, ears, a voice and AI tasks with good defaults, named in the language of the home."""
    return [
        ConfigSubentryData(data=settings, subentry_type=kind, title=default_title(kind, language), unique_id=None)
        for kind, settings in FIRST.items()
    ]
