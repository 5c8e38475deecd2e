"""What the model would think: plans of words and calls."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .items import Item


@dataclass(frozen=True, slots=True)
class Say:
    """Words that are spoken, or written where no voice is asked for."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    call_id: str = ""
    """Given by the service where it is empty."""

    def arguments_json(self) -> str:
        """Give the arguments as they are sent."""
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Think:
    """Thoughts ahead of the answer, sent as response.thinking events (sheet 1.10)."""

    text: str


type Step = Say | Call | Think


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a response is made from."""

    instructions: str
    items: Sequence[Item]
    """The whole history, with the words of what was said."""
    tools: Sequence[dict[str, Any]]

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The function tools by name."""
        return {tool["function"]["name"]: tool["function"] for tool in self.tools if tool["type"] == "function"}

    def user_words(self) -> list[str]:
        """Give what the user said or typed, oldest first."""
        return [item.text for item in self.items if item.type == "message" and item.role == "user"]

    def results(self) -> list[tuple[str, str]]:
        """Name and output of the calls since the user's last words, oldest first."""
        names = {item.call_id: item.name for item in self.items if item.type == "function_call"}
        found: list[tuple[str, str]] = []
        for item in self.items:
            if item.type == "message" and item.role == "user":
                found = []
            elif item.type == "function_call_output":
                found.append((names.get(item.call_id, ""), item.text))
        return found


class Brain(Protocol):
    """Decides what a response holds."""

    def answer(self, prompt: Prompt) -> Sequence[Step]:
        """Plan one response."""


class ScriptedBrain:
    """Follows a plan: each response takes its next entry, one step or a list of them."""

    def __init__(self, *plan: Step | Sequence[Step], otherwise: Brain | None = None) -> None:
        """When the plan is used up, `otherwise` answers; without it the last words are repeated."""
        self.plan: deque[Step | Sequence[Step]] = deque(plan)
        self.otherwise = otherwise
        self.prompts: list[Prompt] = []
        """What each response was made from, as it was then."""

    def answer(self, prompt: Prompt) -> Sequence[Step]:
        """Take the next entry."""
        self.prompts.append(prompt)
        if self.plan:
            entry = self.plan.popleft()
            return [entry] if isinstance(entry, Say | Call | Think) else entry
        if self.otherwise is not None:
            return self.otherwise.answer(prompt)
        words = prompt.user_words()
        return [Say(f"You said: {words[-1]}" if words else "Hello.")]
