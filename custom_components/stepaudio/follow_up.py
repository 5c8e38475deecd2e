"""Whether the satellite listens again after an answer: by its words, by a rule, or as the model decides."""

from __future__ import annotations

import re

from .client.events import Tool
from .const import FOLLOW_UP_ALWAYS, FOLLOW_UP_MODEL, FOLLOW_UP_NEVER

LISTEN_AGAIN = Tool(
    "listen_again",
    "Decides whether the microphone opens again after you have spoken. Say your whole answer, and call this in the "
    "same response: with listen true if the user should reply, with listen false if the conversation is over.",
    {
        "type": "object",
        "properties": {"listen": {"type": "boolean", "description": "Whether to listen for a reply."}},
        "required": ["listen"],
    },
)

_BEHIND_THE_END = re.compile(r"[^\w?？.。!！]+$")
"""Quotes, brackets, emoji."""
_FULL_STOPS = ".。!！"
_ASKING = ("?", "？", "吗", "嗎")
_ASKING_WITHOUT_FULL_STOP = "呢"
"""With a full stop it tells that something lasts: 门还开着呢。"""


def listens(mode: str, words: str, *, decision: bool | None = None) -> bool:
    """Return whether to listen again; `decision` is the model's, None if it made none."""
    if mode == FOLLOW_UP_ALWAYS:
        return True
    if mode == FOLLOW_UP_NEVER:
        return False
    if mode == FOLLOW_UP_MODEL and decision is not None:
        return decision
    return is_question(words)


def is_question(words: str) -> bool:
    """Return whether the words end in a question, in English or Chinese, marked as one or not."""
    end = _BEHIND_THE_END.sub("", words)
    return end.endswith(_ASKING_WITHOUT_FULL_STOP) or end.rstrip(_FULL_STOPS).endswith(_ASKING)
