"""Trying something before it is saved: the service itself is asked, for next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.util.ssl import get_default_context

from .client.client import StepAudioClient
from .client.connection import Endpoint
from .client.events import SessionConfig
from .const import CONF_MODEL, CONF_REGION, VOICES


def endpoint_of(data: Mapping[str, Any]) -> Endpoint:
    """Return where the service of an account is, and its key."""
    return Endpoint(data[CONF_URL], data[CONF_API_KEY])


async def async_try_account(data: Mapping[str, Any], voice: str | None = None) -> None:
    """Open a real session of an account and close it again; in a voice, or the default one.

    Raises what the service says against it.
    """
    client = StepAudioClient(endpoint_of(data), data[CONF_MODEL], ssl=get_default_context())
    try:
        await client.check(SessionConfig("Hello.", voice or VOICES[data[CONF_REGION]][0]))
    finally:
        await client.aclose()
