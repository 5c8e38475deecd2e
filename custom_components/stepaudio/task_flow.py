"""The settings of AI tasks: what they are told beside the task itself."""

from __future__ import annotations

from typing import override

import voluptuous as vol
from homeassistant.const import CONF_PROMPT

from .const import CONF_WEB_SEARCH
from .forms import Fields, long_text
from .settings_flow import SettingsFlow


class TaskFlow(SettingsFlow):
    """AI tasks."""

    @override
    async def async_fields(self) -> Fields:
        return {vol.Optional(CONF_PROMPT): long_text(), vol.Required(CONF_WEB_SEARCH, default=False): bool}
