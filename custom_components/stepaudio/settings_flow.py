"""What the flows of agents, ears, voices and tasks have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers import selector
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .client.errors import StepAudioError
from .client.rest import list_voices
from .const import CONF_RECOMMENDED
from .forms import Fields, filled, flat, one_of_voices
from .settings import FIRST, RECOMMENDED, default_title, follows_recommendation
from .trial import endpoint_of


class SettingsFlow(ConfigSubentryFlow):
    """Adds or changes settings: in one form, and in a second one for who does not take what is recommended."""

    def __init__(self) -> None:
        """Start with nothing typed."""
        self._title = ""
        self._typed: dict[str, Any] = {}
        self._detail = ""
        self.clones: list[str] | None = None

    async def async_fields(self) -> Fields:
        """Return what everybody is asked for."""
        raise NotImplementedError

    def rare_fields(self) -> Fields:
        """Return what only those are asked for who do not take what is recommended; where something is."""
        raise NotImplementedError

    async def async_errors(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong, by field."""
        return {}

    @property
    def _is_new(self) -> bool:
        return self.source == SOURCE_USER

    @property
    def saved(self) -> Mapping[str, Any]:
        """What the form begins with."""
        return FIRST[self._subentry_type] if self._is_new else self._get_reconfigure_subentry().data

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for what everybody needs."""
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := await self.async_errors(user_input)):
            self._title = user_input.pop(CONF_NAME, "")
            is_done = user_input.pop(CONF_RECOMMENDED, True)
            self._typed = user_input
            return self._finish({}) if is_done else await self.async_step_advanced()
        fields: Fields = {}
        if self._is_new:
            title = default_title(self._subentry_type, self.hass.config.language)
            fields[vol.Required(CONF_NAME, default=title)] = str
        fields |= await self.async_fields()
        if RECOMMENDED[self._subentry_type]:
            fields[vol.Required(CONF_RECOMMENDED, default=follows_recommendation(self._subentry_type, self.saved))] = (
                bool
            )
        return self._form("user", fields, user_input or self.saved, errors)

    async_step_reconfigure = async_step_user

    async def async_step_advanced(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the rest."""
        values = {**RECOMMENDED[self._subentry_type], **self.saved}
        errors: dict[str, str] = {}
        if user_input is not None:
            values = flat(user_input)
            if not (errors := await self.async_errors(values)):
                return self._finish(values)
        return self._form("advanced", self.rare_fields(), values, errors)

    def _finish(self, more: Mapping[str, Any]) -> SubentryFlowResult:
        data = {**self._typed, **more}
        if self._is_new:
            return self.async_create_entry(title=self._title, data=data)
        # The account listens for the change and reloads itself.
        return self.async_update_and_abort(self._get_entry(), self._get_reconfigure_subentry(), data=data)

    def _form(
        self, step_id: str, fields: Fields, values: Mapping[str, Any], errors: dict[str, str]
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=filled(self, fields, values),
            errors=errors,
            description_placeholders={"detail": self._detail},
        )

    def wrong(self, field: str, reason: str, detail: str = "") -> dict[str, str]:
        """Return an error at a field; `detail` is for its sentence."""
        self._detail = detail
        return {field: reason}

    async def async_voices(self, voices: Iterable[str]) -> selector.SelectSelector:
        """Return a choice of these voices and of the account's own, by name, that takes any other id."""
        if self.clones is None:
            endpoint = endpoint_of(self._get_entry().data)
            try:
                self.clones = await list_voices(async_get_clientsession(self.hass), endpoint)
            except StepAudioError:
                self.clones = []  # they can still be typed
        return one_of_voices(voices, self.clones, self.hass.config.language)
