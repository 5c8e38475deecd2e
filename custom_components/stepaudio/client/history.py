"""What was said in a conversation, as the model has been told it or will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .audio import SERVICE_HZ, duration_ms
from .turn import CallResult, Turn


class Role(StrEnum):
    """Whose a message is; TOOLS tells what functions gave."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `heard` marks what the model heard or said itself: its wording may differ from the log's."""

    role: Role
    text: str
    heard: bool = False

    @property
    def wire_role(self) -> str:
        """The role on the wire; the service takes no messages but the user's and the assistant's (sheet 1.9)."""
        return "assistant" if self.role is Role.ASSISTANT else "user"

    @property
    def wire_text(self) -> str:
        """The text on the wire."""
        return f"(What the home reports back: {self.text})" if self.role is Role.TOOLS else self.text


class History:
    """The messages of a conversation, oldest first. Messages are only added, or all replaced."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Message] = []

    def take_over(self, logged: Sequence[Message]) -> bool:
        """Take over what Home Assistant's log holds; False if it contradicts what is here, which is then replaced."""
        known = self.messages
        agrees = len(logged) >= len(known) and all(
            ours.role is theirs.role and (ours.heard or ours.text == theirs.text)
            for ours, theirs in zip(known, logged, strict=False)
        )
        if not agrees:
            self.messages = list(logged)
            return False
        # A transcript that came late is known to the log only; what was cut short is known here only.
        self.messages = [
            ours if ours.text else replace(theirs, heard=True) for ours, theirs in zip(known, logged, strict=False)
        ]
        self.messages += logged[len(known) :]
        return True

    def add(self, messages: Sequence[Message]) -> None:
        """Add what was said."""
        self.messages += messages

    def cut_last_answer(self, text: str) -> None:
        """Note that the user heard only `text` of the last answer."""
        for index in range(len(self.messages) - 1, -1, -1):
            if self.messages[index].role is Role.ASSISTANT:
                self.messages[index] = replace(self.messages[index], text=text)
                return

    def start_of_last(self, turns: int) -> int:
        """Return where the last `turns` begin; a turn begins with the user's words, so no call loses its result."""
        starts = [index for index, message in enumerate(self.messages) if message.role is Role.USER]
        return starts[-turns] if 0 < turns < len(starts) else 0


def said_in(turn: Turn) -> list[Message]:
    """Return what was said in a turn, in the shape that Home Assistant's log has of it."""
    said = [Message(Role.USER, turn.transcript or "", heard=True)]
    for answer in turn.answers:
        if answer.status not in {"completed", "incomplete"}:
            continue
        if answer.words:
            said.append(Message(Role.ASSISTANT, answer.words, heard=True))
        if tools := tools_text([result for result in turn.results if result.logged and result.call in answer.calls]):
            said.append(Message(Role.TOOLS, tools, heard=True))
    return said


def tools_text(results: Sequence[CallResult]) -> str:
    """Return function calls and what they gave, as the model reads it in a history."""
    return "; ".join(f"{result.call.name}({result.call.arguments}) gave {result.output}" for result in results)


def heard_words(turn: Turn, heard_ms: int) -> str:
    """Return about as many of the last answer's words as were heard, and that it was cut short."""
    words = turn.answers[-1].words if turn.answers else ""
    total_ms = duration_ms(turn.voice_bytes, SERVICE_HZ)
    heard = words[: int(len(words) * heard_ms / total_ms)] if total_ms else ""
    return f"{heard.rstrip()}… (interrupted by the user)"
