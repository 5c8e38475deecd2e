"""The settings of ears: the names that they should know."""

from __future__ import annotations

from typing import override

import voluptuous as vol

from .const import CONF_HOTWORDS, CONF_HOTWORDS_OF_HOME
from .forms import Fields, list_of_texts
from .settings_flow import SettingsFlow


class EarsFlow(SettingsFlow):
    """Speech-to-text."""

    @override
    async def async_fields(self) -> Fields:
        return {
            vol.Optional(CONF_HOTWORDS): list_of_texts(),
            vol.Required(CONF_HOTWORDS_OF_HOME, default=False): bool,
        }
