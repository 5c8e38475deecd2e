"""What the model is told: instructions, tools and history, out of Home Assistant's chat log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import orjson
from homeassistant.components import conversation
from homeassistant.helpers import llm
from homeassistant.helpers.json import json_dumps
from probatio import to_openapi

from .client.events import SessionConfig, Tool
from .client.history import Message, Role, tools_text
from .client.protocol import Call
from .client.turn import CallResult

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LENGTH = 64
_CLOCK_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
# The models speak these two; one plan calls tools only under English instructions (protocol sheet 1.6, 1.7).
_LANGUAGE_LINES = {
    "en": "Always answer in English.",
    "zh": "Always answer in Chinese (Mandarin), whatever language these instructions are in.",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """The configuration of the session, and Home Assistant's tool names by the names on the wire."""

    config: SessionConfig
    tool_names: dict[str, str]

    def says_the_same_as(self, other: SessionConfig) -> bool:
        """Whether an answer under `other` is as good: they differ at most by the seconds the user spoke."""
        ours = self.config
        return (ours.voice, ours.tools, ours.with_voice) == (other.voice, other.tools, other.with_voice) and (
            _CLOCK_TIME.sub("", ours.instructions) == _CLOCK_TIME.sub("", other.instructions)
        )


def build_prompt(chat_log: conversation.ChatLog, *, language: str, voice: str, with_voice: bool) -> Prompt:
    """Return what the chat log's prompt and tools are on the wire."""
    system = cast(conversation.SystemContent, chat_log.content[0]).content
    line = _LANGUAGE_LINES.get(language.split("-", maxsplit=1)[0], "Answer in the language that the user speaks.")
    api = chat_log.llm_api
    names = _wire_names(tool.name for tool in api.tools) if api else {}
    tools = tuple(_tool(name, tool, api) for name, tool in zip(names, api.tools, strict=True)) if api else ()
    return Prompt(SessionConfig(f"{system}\n{line}", voice, tools, with_voice), names)


def _wire_names(names: Iterable[str]) -> dict[str, str]:
    """Return names the service takes, each with the one it stands for."""
    wire: dict[str, str] = {}
    for name in names:
        candidate = plain = _NOT_IN_NAMES.sub("_", name)[:_NAME_LENGTH]
        number = 2
        while candidate in wire:
            candidate = f"{plain[: _NAME_LENGTH - 4]}_{number}"
            number += 1
        wire[candidate] = name
    return wire


def _tool(name: str, tool: llm.Tool, api: llm.APIInstance) -> Tool:
    schema = to_openapi(tool.parameters, custom_serializer=api.custom_serializer, openapi_version="3.1.0")
    # Through JSON once, so that two renderings of the same tool compare equal and every value can be sent.
    parameters: dict[str, Any] = orjson.loads(json_dumps(schema))
    return Tool(name, tool.description or "", parameters)


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
