"""Text to be spoken: its sentences, and what of it is read out."""

from __future__ import annotations

import re
from typing import Final

_ENDS: Final = frozenset("。！？；\n")
_NARROW_ENDS: Final = frozenset(".!?;")
_WIDE: Final = 0x2E80
"""From here on, characters are Chinese or alike."""
# Measured on neither model; the middle of what people speak. Too slow an estimate repeats a sentence, too fast a one
# would leave it out.
_MS_PER_WIDE: Final = 240.0
_MS_PER_NARROW: Final = 70.0
# A link whose text goes on for longer than this is none.
_LONGEST_LINK: Final = 300

_IMAGES_AND_LINKS = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s[^)]*)?\)")
# An address ends before a full stop that ends the sentence, and where Chinese goes on without a space.
_ADDRESSES = re.compile(r"<?(?:https?://|www\.)[!-~]*[\w/#=&-]>?", re.IGNORECASE | re.ASCII)
_LINE_MARKS = re.compile(
    r"^\s*(?:#{1,6}\s+|>\s?|[-*+•]\s+(?:\[[ xX]\]\s+)?)|^\s*(?:[-*_=|:\s]{3,}|```\w*)\s*$", re.MULTILINE
)
_EMPHASIS = re.compile(r"\*\*|__(?!\w+__\w)|~~|`+|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u200b-\u200d"
    "\ufe0e\ufe0f\u20e3\u3030\u303d\u2060]+"
)
_SPACES = re.compile(r"\s+")


def sentences(text: str) -> list[tuple[int, str]]:
    """Return the sentences of a text, each with where it starts."""
    found: list[tuple[int, str]] = []
    start = 0
    for index, character in enumerate(text):
        if _ends_sentence(character, text[index + 1 : index + 2]):
            found.append((start, text[start : index + 1]))
            start = index + 1
    if text[start:].strip():
        found.append((start, text[start:]))
    return found


def _ends_sentence(character: str, following: str) -> bool:
    """Whether a character ends a sentence; within numbers, names and addresses none of the narrow ones does."""
    if character in _ENDS:
        return True
    return character in _NARROW_ENDS and (not following or following.isspace() or ord(following) >= _WIDE)


def speaking_time_ms(text: str) -> float:
    """Return about how long it takes to speak a text."""
    return sum(_MS_PER_WIDE if ord(character) >= _WIDE else _MS_PER_NARROW for character in text)


class Sentences:
    """Text as it is written in, whole sentences out, none longer than `limit` characters. Joined, they are the text."""

    def __init__(self, limit: int) -> None:
        """Start with nothing written."""
        self._limit = limit
        self._begun = ""

    def push(self, piece: str) -> list[str]:
        """Return the sentences that are complete now."""
        self._begun += piece
        text, start = self._begun, 0
        found: list[str] = []
        # What follows decides whether a narrow mark ends anything: the last character may have to wait.
        for index in range(len(text) if text[-1:] in _ENDS else len(text) - 1):
            if _ends_sentence(text[index], text[index + 1 : index + 2]) and not _within_link(text[start : index + 1]):
                found.append(text[start : index + 1])
                start = index + 1
        *cut, self._begun = _cut(text[start:], self._limit)
        return [part for sentence in found for part in _cut(sentence, self._limit)] + cut

    def flush(self) -> list[str]:
        """Return the rest."""
        rest, self._begun = self._begun, ""
        return [rest] if rest else []


def _within_link(text: str) -> bool:
    """Whether a text breaks off within the words of a link."""
    opened = text.rfind("[")
    return opened > text.rfind("]") and len(text) - opened < _LONGEST_LINK and not text.endswith("\n")


def _cut(text: str, limit: int) -> list[str]:
    """Return a text in parts of at most `limit` characters, cut at a comma or a space if there is one."""
    parts: list[str] = []
    while len(text) > limit:
        at = max(text.rfind(mark, limit // 2, limit) for mark in "，,、： ") + 1 or limit
        parts.append(text[:at])
        text = text[at:]
    return [*parts, text]


def speakable(sentence: str) -> str:
    """Return what of a sentence is read out: no markup, no addresses, no emoji; empty if nothing remains.

    Parentheses become commas, because the service takes what stands in them for a stage direction (sheet 2.1).
    """
    said = _IMAGES_AND_LINKS.sub(r"\1", sentence)
    said = _ADDRESSES.sub("", said)
    said = _LINE_MARKS.sub("", said)
    said = _EMPHASIS.sub("", said)
    said = _EMOJI.sub("", said)
    said = said.replace("|", " ")
    said = _without_parentheses(said)
    said = _SPACES.sub(" ", said)
    said = re.sub(r" +([,.!?;:，。！？；：])", r"\1", said)
    return said if any(character.isalnum() for character in said) else ""


def _without_parentheses(text: str) -> str:
    text = re.sub(r"\s*[(（]\s*[)）]", "", text)
    text = re.sub(r"\s*\(\s*", ", ", text)
    text = re.sub(r"\s*（\s*", "，", text)
    text = re.sub(r"\s*[)）](?=\s*(?:[,.!?;:，。！？；：、]|$))", "", text)
    return re.sub(r"\s*[)）]", lambda match: "，" if match.group().endswith("）") else ",", text)
