"""Setting up an account: proven by opening a real session before anything is saved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, override
from urllib.parse import urlsplit

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_API_KEY, CONF_LLM_HASS_API, CONF_NAME, CONF_PROMPT, CONF_URL
from homeassistant.core import callback
from homeassistant.helpers import llm, selector
from homeassistant.util.ssl import get_default_context

from .client.client import StepAudioClient
from .client.connection import Endpoint
from .client.errors import StepAudioError
from .client.events import SessionConfig
from .const import (
    ANSWER_AS_SPOKEN,
    ANSWER_LANGUAGES,
    CONF_ANSWER_LANGUAGE,
    CONF_EARLY_ANSWER,
    CONF_FOLLOW_UP,
    CONF_HOTWORDS,
    CONF_HOTWORDS_OF_HOME,
    CONF_MAX_SESSIONS,
    CONF_MODEL,
    CONF_PLAN,
    CONF_REGION,
    CONF_SCENE,
    CONF_SPARES,
    CONF_TONE,
    CONF_TURNS_KEPT,
    CONF_VOICE,
    CONF_WEB_SEARCH,
    DEFAULT_EARLY_ANSWER,
    DEFAULT_MAX_SESSIONS,
    DEFAULT_MODEL,
    DEFAULT_PROMPT,
    DEFAULT_SPARES,
    DEFAULT_TITLES,
    DEFAULT_TURNS_KEPT,
    DOMAIN,
    FOLLOW_UP_AUTOMATIC,
    FOLLOW_UPS,
    MODEL_ALIASES,
    PLAN_PAY_AS_YOU_GO,
    PLAN_STEP_PLAN,
    PLANS,
    REGION_CHINA,
    REGION_CUSTOM,
    REGION_URLS,
    REGIONS,
    STEP_PLAN_PATH,
    SUBENTRY_AGENT,
    SUBENTRY_STT,
    SUBENTRY_TASK,
    SUBENTRY_TTS,
    SUGGESTED_MODELS,
    VOICES,
)
from .voice_flow import VoiceSubentryFlow

_PASSWORD = selector.TextSelector(selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD))
_LONG_TEXT = selector.TextSelector(selector.TextSelectorConfig(multiline=True))
_ACCOUNT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_REGION, default=REGION_CHINA): selector.SelectSelector(
            selector.SelectSelectorConfig(options=list(REGIONS), translation_key=CONF_REGION)
        ),
        vol.Required(CONF_PLAN, default=PLAN_PAY_AS_YOU_GO): selector.SelectSelector(
            selector.SelectSelectorConfig(options=list(PLANS), translation_key=CONF_PLAN)
        ),
        vol.Required(CONF_API_KEY): _PASSWORD,
        vol.Required(CONF_MODEL, default=DEFAULT_MODEL): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=list(SUGGESTED_MODELS), custom_value=True, mode=selector.SelectSelectorMode.DROPDOWN
            )
        ),
    }
)
_URL_SCHEMA = vol.Schema(
    {vol.Required(CONF_URL): selector.TextSelector(selector.TextSelectorConfig(type=selector.TextSelectorType.URL))}
)
_KEY_SCHEMA = vol.Schema({vol.Required(CONF_API_KEY): _PASSWORD})


class StepAudioConfigFlow(ConfigFlow, domain=DOMAIN):
    """Asks for region, plan, key and model, and tries them."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        self._account: dict[str, Any] = {}
        self._detail = ""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._account = user_input
            if user_input[CONF_REGION] == REGION_CUSTOM:
                return await self.async_step_custom()
            url = REGION_URLS[user_input[CONF_REGION]]
            if (result := await self._async_finish(url, errors)) is not None:
                return result
        return self._form("user", _ACCOUNT_SCHEMA, self._account, errors)

    async def async_step_custom(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a service of one's own."""
        errors: dict[str, str] = {}
        if user_input is not None:
            url = user_input[CONF_URL].strip().rstrip("/")
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                errors[CONF_URL] = "invalid_url"
            elif (result := await self._async_finish(url, errors)) is not None:
                return result
        return self._form("custom", _URL_SCHEMA, user_input or {}, errors)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start over with the key: the service refused it."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another key of the same account."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, CONF_API_KEY: user_input[CONF_API_KEY].strip()}
            if await self._async_works(data, errors):
                # A loaded account listens for the change and reloads itself.
                update = self.async_update_and_abort if entry.update_listeners else self.async_update_reload_and_abort
                return update(entry, data=data, unique_id=_unique_id(data))
        return self._form("reauth_confirm", _KEY_SCHEMA, {}, errors)

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
            SUBENTRY_AGENT: AgentSubentryFlow,
            SUBENTRY_TASK: TaskSubentryFlow,
            SUBENTRY_STT: EarsSubentryFlow,
            SUBENTRY_TTS: VoiceSubentryFlow,
        }

    def _form(
        self, step_id: str, schema: vol.Schema, values: Mapping[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult:
        """Show a form with what was typed still in it."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),  # type: ignore[arg-type]  # a shim gives probatio's class
            errors=errors,
            description_placeholders={"detail": self._detail},
        )

    async def _async_finish(self, url: str, errors: dict[str, str]) -> ConfigFlowResult | None:
        """Try the account and create its entry; None, with the reason in `errors`, if it does not work."""
        account = self._account
        model = account[CONF_MODEL].strip()
        data = {
            **account,
            CONF_URL: url + (STEP_PLAN_PATH if account[CONF_PLAN] == PLAN_STEP_PLAN else ""),
            CONF_API_KEY: account[CONF_API_KEY].strip(),
            CONF_MODEL: MODEL_ALIASES.get(model, model),
        }
        await self.async_set_unique_id(_unique_id(data))
        self._abort_if_unique_id_configured()
        if not await self._async_works(data, errors):
            return None
        return self.async_create_entry(title=DEFAULT_TITLES[SUBENTRY_AGENT], data=data, subentries=_subentries())

    async def _async_works(self, data: Mapping[str, Any], errors: dict[str, str]) -> bool:
        """Open a real session and close it again."""
        client = StepAudioClient(
            Endpoint(data[CONF_URL], data[CONF_API_KEY]), data[CONF_MODEL], ssl=get_default_context()
        )
        try:
            await client.check(SessionConfig("Hello.", VOICES[data[CONF_REGION]][0]))
        except StepAudioError as error:
            errors["base"] = error.key
            self._detail = error.detail or str(error)
            return False
        finally:
            await client.aclose()
        return True


class AccountOptionsFlow(OptionsFlow):
    """The limits of an account."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the limits."""
        if user_input is not None:
            return self.async_create_entry(data={name: int(value) for name, value in user_input.items()})
        schema = vol.Schema(
            {
                vol.Required(CONF_MAX_SESSIONS, default=DEFAULT_MAX_SESSIONS): _whole_number(1, 100),
                vol.Required(CONF_SPARES, default=DEFAULT_SPARES): _whole_number(0, 2),
            }
        )
        values = self.config_entry.options
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, values),  # type: ignore[arg-type]  # a shim gives probatio's class
        )


class AgentSubentryFlow(ConfigSubentryFlow):
    """A persona: what it is told, what it may do, and how it speaks."""

    _defaults: Mapping[str, Any] = {CONF_PROMPT: DEFAULT_PROMPT, CONF_LLM_HASS_API: [llm.LLM_API_ASSIST]}

    @property
    def _is_new(self) -> bool:
        return self.source == SOURCE_USER

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add or change an agent."""
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            if CONF_TURNS_KEPT in user_input:
                user_input[CONF_TURNS_KEPT] = int(user_input[CONF_TURNS_KEPT])
            if self._is_new:
                return self.async_create_entry(title=user_input.pop(CONF_NAME), data=user_input)
            return self.async_update_and_abort(self._get_entry(), self._get_reconfigure_subentry(), data=user_input)
        values = self._defaults if self._is_new else dict(self._get_reconfigure_subentry().data)
        schema = self._schema()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(schema, values),  # type: ignore[arg-type]  # a shim gives probatio's class
        )

    async_step_reconfigure = async_step_user

    def _schema(self) -> vol.Schema:
        apis = [selector.SelectOptionDict(value=api.id, label=api.name) for api in llm.async_get_apis(self.hass)]
        fields: dict[vol.Marker, Any] = {}
        if self._is_new:
            fields[vol.Required(CONF_NAME, default=DEFAULT_TITLES[SUBENTRY_AGENT])] = str
        fields |= {
            vol.Optional(CONF_PROMPT): selector.TemplateSelector(),
            vol.Optional(CONF_SCENE): _LONG_TEXT,
            vol.Optional(CONF_TONE): selector.TextSelector(),
            vol.Required(CONF_ANSWER_LANGUAGE, default=ANSWER_AS_SPOKEN): _one_of(
                CONF_ANSWER_LANGUAGE, ANSWER_LANGUAGES
            ),
            vol.Optional(CONF_VOICE): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=list(VOICES[self._get_entry().data[CONF_REGION]]),
                    custom_value=True,
                    mode=selector.SelectSelectorMode.DROPDOWN,
                )
            ),
            vol.Optional(CONF_LLM_HASS_API): selector.SelectSelector(
                selector.SelectSelectorConfig(options=apis, multiple=True)
            ),
            vol.Required(CONF_WEB_SEARCH, default=False): bool,
            vol.Required(CONF_FOLLOW_UP, default=FOLLOW_UP_AUTOMATIC): _one_of(CONF_FOLLOW_UP, FOLLOW_UPS),
            vol.Required(CONF_EARLY_ANSWER, default=DEFAULT_EARLY_ANSWER): bool,
            vol.Required(CONF_TURNS_KEPT, default=DEFAULT_TURNS_KEPT): _whole_number(0, 200),
        }
        return vol.Schema(fields)


class TaskSubentryFlow(AgentSubentryFlow):
    """AI tasks: what they are told beside the task itself."""

    _defaults: Mapping[str, Any] = {}

    @override
    def _schema(self) -> vol.Schema:
        fields: dict[vol.Marker, Any] = {}
        if self._is_new:
            fields[vol.Required(CONF_NAME, default=DEFAULT_TITLES[SUBENTRY_TASK])] = str
        fields |= {vol.Optional(CONF_PROMPT): _LONG_TEXT, vol.Required(CONF_WEB_SEARCH, default=False): bool}
        return vol.Schema(fields)


def _one_of(name: str, values: Iterable[str]) -> selector.SelectSelector:
    return selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=list(values), translation_key=name, mode=selector.SelectSelectorMode.DROPDOWN
        )
    )


class EarsSubentryFlow(ConfigSubentryFlow):
    """Ears: the names that they should know."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add or change ears."""
        is_new = self.source == SOURCE_USER
        if user_input is not None:
            if is_new:
                return self.async_create_entry(title=user_input.pop(CONF_NAME), data=user_input)
            return self.async_update_and_abort(self._get_entry(), self._get_reconfigure_subentry(), data=user_input)
        fields: dict[vol.Marker, Any] = (
            {vol.Required(CONF_NAME, default=DEFAULT_TITLES[SUBENTRY_STT]): str} if is_new else {}
        )
        fields |= {
            vol.Optional(CONF_HOTWORDS): selector.TextSelector(selector.TextSelectorConfig(multiple=True)),
            vol.Required(CONF_HOTWORDS_OF_HOME, default=False): bool,
        }
        values = {} if is_new else self._get_reconfigure_subentry().data
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), values),  # type: ignore[arg-type]  # a shim gives probatio's class
        )

    async_step_reconfigure = async_step_user


def _whole_number(least: int, most: int) -> selector.NumberSelector:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(min=least, max=most, step=1, mode=selector.NumberSelectorMode.BOX)
    )


def _unique_id(data: Mapping[str, Any]) -> str:
    """Return what tells accounts apart: the service names none, so a digest of where and with which key."""
    return hashlib.sha256(f"{data[CONF_URL]} {data[CONF_API_KEY]}".encode()).hexdigest()[:32]


def _subentries() -> list[ConfigSubentryData]:
    """Return an agent, ears, a voice and AI tasks with good defaults."""
    data: dict[str, dict[str, Any]] = {
        SUBENTRY_AGENT: {CONF_PROMPT: DEFAULT_PROMPT, CONF_LLM_HASS_API: [llm.LLM_API_ASSIST]},
        SUBENTRY_STT: {},
        SUBENTRY_TTS: {},
        SUBENTRY_TASK: {},
    }
    return [
        ConfigSubentryData(data=values, subentry_type=kind, title=DEFAULT_TITLES[kind], unique_id=None)
        for kind, values in data.items()
    ]
