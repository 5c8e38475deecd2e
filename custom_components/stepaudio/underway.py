"""Whose answers are under way, so that they can be broken off."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from homeassistant.components.conversation import ConversationInput
from homeassistant.core import callback

from .client.client import StepAudioClient


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who was asked, and from where."""

    entities: frozenset[str]
    """The agent, and the satellite if one is known."""
    device: str | None


class Underway:
    """The conversations of an account, by whom was asked in them last."""

    def __init__(self, client: StepAudioClient) -> None:
        """Nobody has asked yet."""
        self._client = client
        self._asked: dict[str, _Asked] = {}

    @callback
    def async_note(self, conversation_id: str, user_input: ConversationInput) -> None:
        """Take note of a question, and forget the conversations that are over."""
        self._asked = {key: asked for key, asked in self._asked.items() if self._client.find_session(key)}
        entities = (each for each in (user_input.agent_id, user_input.satellite_id) if each)
        self._asked[conversation_id] = _Asked(frozenset(entities), user_input.device_id)

    @callback
    def async_cancel(self, entities: AbstractSet[str], devices: AbstractSet[str]) -> None:
        """Break off the answers of these agents, satellites and devices."""
        for key, asked in self._asked.items():
            if asked.entities & entities or asked.device in devices:
                self._cancel(key)

    @callback
    def async_cancel_all(self) -> None:
        """Break off every answer."""
        for key in self._asked:
            self._cancel(key)

    def _cancel(self, key: str) -> None:
        session = self._client.find_session(key)
        if session is not None:
            session.interrupt()
