"""Trying something before it is saved: the service itself is asked, for next to nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.util.ssl import get_default_context

from .client.client import StepAudioClient
from .client.connection import Endpoint
from .client.errors import VoiceError
from .client.events import SessionConfig
from .client.speech import SpeechOptions
from .const import CONF_MODEL, CONF_REGION, DEFAULT_SPEECH_MODEL, VOICES


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


async def async_try_voice_of_model(client: StepAudioClient, voice: str) -> None:
    """Open a session with a voice. Raises what the service says against it, `VoiceError` also if it takes another."""
    if await client.check(SessionConfig("Hello.", voice)) != voice:
        raise VoiceError


async def async_try_voice_of_speech(client: StepAudioClient, voice: str) -> None:
    """Have a voice say a word. Raises what the service says against it."""
    async with aclosing(client.synthesize(_a_word(), SpeechOptions(DEFAULT_SPEECH_MODEL, voice))) as pieces:
        async for _ in pieces:
            pass


async def _a_word() -> AsyncIterator[str]:
    yield "Hello."
