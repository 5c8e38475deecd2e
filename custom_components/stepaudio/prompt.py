"""What the model is told: instructions, tools and history, out of Home Assistant's chat log."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from operator import is_
from typing import Any, cast

import orjson
from homeassistant.components import conversation
from homeassistant.helpers import llm
from homeassistant.helpers.json import json_dumps
from probatio import Schema, to_openapi

from .client.events import SessionConfig, Tool
from .client.history import Message, Role, tools_text
from .client.signals import Call
from .client.turn import CallResult
from .const import (
    ANSWER_AS_SPOKEN,
    ANSWER_CHINESE,
    ANSWER_ENGLISH,
    CONF_ANSWER_LANGUAGE,
    CONF_FOLLOW_UP,
    CONF_SCENE,
    CONF_TONE,
    CONF_WEB_SEARCH,
    FOLLOW_UP_MODEL,
)
from .follow_up import LISTEN_AGAIN

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LENGTH = 64
_CLOCK_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
# The models speak these two; one plan calls tools only under English instructions (protocol sheet 1.6, 1.7).
_ENGLISH = "Always answer in English."
_CHINESE = "Always answer in Chinese (Mandarin), whatever language these instructions are in."
_AS_SPOKEN = {
    "en": f"{_ENGLISH} Only if the user speaks Chinese, answer in Chinese (Mandarin).",
    "zh": f"{_CHINESE} Only if the user speaks English, answer in English.",
}
_AS_SPOKEN_ELSEWHERE = (
    "Always answer in the language that the user speaks, English or Chinese (Mandarin), whatever language these "
    "instructions are in."
)


@dataclass(frozen=True, slots=True)
class Persona:
    """What an agent is told beside its prompt."""

    answer_language: str = ANSWER_AS_SPOKEN
    """Empty: nothing is said of it."""
    scene: str = ""
    tone: str = ""
    web_search: bool = False
    decides_follow_up: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Persona:
        """Return the persona that the options of a subentry describe."""
        return cls(
            options.get(CONF_ANSWER_LANGUAGE, ANSWER_AS_SPOKEN),
            options.get(CONF_SCENE, "").strip(),
            options.get(CONF_TONE, "").strip(),
            options.get(CONF_WEB_SEARCH, False),
            options.get(CONF_FOLLOW_UP) == FOLLOW_UP_MODEL,
        )

    def lines(self, language: str) -> list[str]:
        """Return the lines that follow the prompt, for a user whose language is set to `language`."""
        lines = []
        # Scene and tone have no field of their own: these models take them from the instructions (sheet 1.5).
        if self.scene:
            lines.append(f"The scene: {self.scene}")
        if self.tone:
            lines.append(f"Your tone of voice: {self.tone}")
        lines.append(self._language_line(language))
        return lines

    def _language_line(self, language: str) -> str:
        if self.answer_language == ANSWER_ENGLISH:
            return _ENGLISH
        if self.answer_language == ANSWER_CHINESE:
            return _CHINESE
        if not self.answer_language:
            return ""
        return _AS_SPOKEN.get(language.split("-", maxsplit=1)[0], _AS_SPOKEN_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The configuration of the session, and Home Assistant's tool names by the names on the wire.

    A tool that is not among the names is ours: Home Assistant's chat log knows nothing of it.
    """

    config: SessionConfig
    tool_names: dict[str, str]

    def says_the_same_as(self, other: SessionConfig) -> bool:
        """Whether an answer under `other` is as good: they differ at most by the seconds the user spoke."""
        return _without_seconds(self.config) == _without_seconds(other)

    def is_ours(self, call: Call) -> bool:
        """Whether a call is for a tool of ours, or Home Assistant has none at all and would not even refuse it."""
        offered = any(tool.name == call.name for tool in self.config.tools)
        return call.name not in self.tool_names and (offered or not self.tool_names)


def _without_seconds(config: SessionConfig) -> SessionConfig:
    return replace(config, instructions=_CLOCK_TIME.sub("", config.instructions))


def build_prompt(
    chat_log: conversation.ChatLog,
    persona: Persona,
    *,
    language: str,
    voice: str,
    with_voice: bool,
    more: Iterable[str] = (),
) -> Prompt:
    """Return what the chat log's prompt and tools are on the wire; `more` is said after all else."""
    system = cast(conversation.SystemContent, chat_log.content[0]).content
    ours = (LISTEN_AGAIN,) if persona.decides_follow_up else ()
    api = chat_log.llm_api
    names = _wire_names((tool.name for tool in api.tools), {tool.name for tool in ours}) if api else {}
    tools = tuple(_tool(name, tool, api) for name, tool in zip(names, api.tools, strict=True)) if api else ()
    instructions = "\n".join(line for line in (system, *persona.lines(language), *more) if line)
    return Prompt(SessionConfig(instructions, voice, tools + ours, with_voice, persona.web_search), names)


def _wire_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Return names the service takes, none of those that are `taken`, each with the one it stands for."""
    wire: dict[str, str] = {}
    for name in names:
        candidate = plain = _NOT_IN_NAMES.sub("_", name)[:_NAME_LENGTH]
        number = 2
        while candidate in wire or candidate in taken:
            candidate = f"{plain[: _NAME_LENGTH - 4]}_{number}"
            number += 1
        wire[candidate] = name
    return wire


def _tool(name: str, tool: llm.Tool, api: llm.APIInstance) -> Tool:
    return Tool(name, tool.description or "", _rendered(_Parameters(tool.parameters), api.custom_serializer))


class _Parameters:
    """The parameters of a tool, to be looked up: the same as others that are made of the very same parts.

    Home Assistant makes every tool anew for every turn, out of parts that it keeps. Parts that are merely equal may
    differ in what they tell: markers are equal whatever their description.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        fields = schema.schema
        self._parts: tuple[object, ...] = (schema,)
        if isinstance(fields, dict):
            self._parts = (schema.required, schema.extra, *chain.from_iterable(fields.items()))

    def __hash__(self) -> int:
        return hash(tuple(map(id, self._parts)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Parameters)
            and len(self._parts) == len(other._parts)
            and all(map(is_, self._parts, other._parts, strict=True))
        )


@lru_cache(maxsize=256)  # more than any home offers its agents
def _rendered(parameters: _Parameters, custom_serializer: Callable[[Any], Any] | None) -> dict[str, Any]:
    """Return parameters as JSON schema; for a home's tools that takes milliseconds, and each turn asks twice."""
    schema = to_openapi(parameters.schema, custom_serializer=custom_serializer, openapi_version="3.1.0")
    # Through JSON once, so that two renderings of the same tool compare equal and every value can be sent.
    rendered: dict[str, Any] = orjson.loads(json_dumps(schema))
    return rendered


def history(content: Iterable[conversation.Content]) -> list[Message]:
    """Return what was said and done, in order."""
    messages: list[Message] = []
    calls: dict[str, Call] = {}
    results: list[CallResult] = []

    def tell_results() -> None:
        if results:
            messages.append(Message(Role.TOOLS, tools_text(results)))
            results.clear()

    for item in content:
        if isinstance(item, conversation.ToolResultContent):
            call = calls.get(item.tool_call_id) or Call(item.tool_call_id, item.tool_name, "{}")
            results.append(CallResult(call, json_dumps(item.result.data)))
            continue
        tell_results()
        if isinstance(item, conversation.UserContent | conversation.AssistantContent) and item.content:
            messages.append(Message(Role(item.role), item.content))
        if isinstance(item, conversation.AssistantContent) and item.tool_calls:
            calls = {call.id: Call(call.id, call.tool_name, json_dumps(call.tool_args)) for call in item.tool_calls}
    tell_results()
    return messages
