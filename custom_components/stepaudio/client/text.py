"""Text to be spoken: its sentences, and what of it is read out."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_ENDS: Final = frozenset("。！？；\n")
_NARROW_ENDS: Final = frozenset(".!?;")
_WIDE: Final = 0x2E80
"""From here on, characters are Chinese or alike."""
_CHINESE = re.compile(r"[\u2e80-\u9fff]")
# Measured on neither model; the middle of what people speak. Too slow an estimate repeats a sentence, too fast a one
# would leave it out.
_MS_PER_WIDE: Final = 240.0
_MS_PER_NARROW: Final = 70.0
SLOWEST_PACE: Final = 0.75
"""How the slowest speaker compares with the usual one: rather is a sentence heard twice than not at all."""
# A link whose text goes on for longer than this is none.
_LONGEST_LINK: Final = 300

_ABBREVIATION = re.compile(r"(?<!\w)(?:dr|mr|mrs|ms|prof|st|vs|approx|e\.g|i\.e)$", re.IGNORECASE)
_LONGEST_ABBREVIATION: Final = 8
_NUMBER_OF_ITEM = re.compile(r"[\s*_]*\d{1,3}")
_PLACES_TO_CUT = re.compile(r"[，、：；]|[,:;](?=\s)|\s")

_FENCE = re.compile(r"\s*(?:```|~~~)[^`]*")
_ESCAPES = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_TAGS = re.compile(r"</?(?:br|b|i|u|em|strong|su[bp]|p|span|div|code|pre|[uo]l|li)\b[^<>]*>", re.IGNORECASE)
_CITATIONS = re.compile(r"\[\^?\d{1,3}\](?:\([^()\s]*\))?|【\d[^】]*†[^】]*】")
# An address may have one pair of parentheses of its own.
_IMAGES_AND_LINKS = re.compile(r"!?\[([^\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s[^)]*)?\)")
# An address ends before a full stop that ends the sentence, and where Chinese goes on without a space.
_ADDRESSES = re.compile(r"<?(?:[a-z][a-z+.-]*://|(?<![a-z\d])www\.)[!-~]*[\w/#=&-]>?", re.IGNORECASE | re.ASCII)
_LINE_MARKS = re.compile(
    r"^\s*(?:[-*_=|:\s]{3,}|```\w*)\s*$"
    r"|^\s*(?:(?:>\s?)+|#{2,6}\s*|#\s+|[-*+•·‣▪●○◦–—]\s+(?:\[[ xX]\]\s+)?)+|\s#{2,}\s*$",
    re.MULTILINE,
)
# Between digits they are arithmetic, within words they are names.
_EMPHASIS = re.compile(
    r"(?<![\d*])\*{2,3}|\*{2,3}(?![\d*])|__(?!\w+__\w)|~~|`+|(?<![\w*])[*_](?=[^\s*])|(?<=[^\s*])[*_](?![\w*])"
    r"|[*_](?=[\u2e80-\u9fff])|(?<=[\u2e80-\u9fff])[*_]"
)
_EMOTICONS = re.compile(r"(?<!\w)[:;=]-?[()DP](?!\w)")
_ARROWS = re.compile(r"\s*[\u2190-\u21ff\u27a1\u279c]\ufe0f?\s*")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2600-\u27bf\u2b00-\u2bff\u25a0-\u25ff\u2300-\u23ff"
    "\u200b-\u200d\u2060\ufe0e\ufe0f\u20e3\u2139\u24c2\u3030\u303d\u3297\u3299]+"
)
_PLURAL = re.compile(r"(?<=\w)\((e?s)\)")
_SPACES = re.compile(r"\s+")
_PAUSES: Final = frozenset(".,!?;:，。！？；：、…—–-")


def sentences(text: str) -> list[tuple[int, str]]:
    """Return the sentences of a text, each with where it starts."""
    found: list[tuple[int, str]] = []
    start = 0
    for index in range(len(text)):
        if _ends_sentence(text, start, index):
            found.append((start, text[start : index + 1]))
            start = index + 1
    if text[start:].strip():
        found.append((start, text[start:]))
    return found


def _ends_sentence(text: str, start: int, index: int) -> bool:
    """Whether the character at `index` ends the sentence that begins at `start`.

    Within numbers, names and addresses none of the narrow ones does, nor after the number of an item in a list.
    """
    character, following = text[index], text[index + 1 : index + 2]
    if character in _ENDS:
        return True
    if character not in _NARROW_ENDS or not (not following or following.isspace() or ord(following) >= _WIDE):
        return False
    return character != "." or not (
        _NUMBER_OF_ITEM.fullmatch(text, start, index)
        or _ABBREVIATION.search(text[max(start, index - _LONGEST_ABBREVIATION) : index])
    )


def speaking_time_ms(text: str) -> float:
    """Return about how long it takes to speak a text."""
    return sum(_MS_PER_WIDE if ord(character) >= _WIDE else _MS_PER_NARROW for character in text)


class Sentences:
    """Text as it is written in, whole sentences out, none longer than `limit` characters. Joined, they are the text.

    Into which pieces the text came makes no difference.
    """

    def __init__(self, limit: int) -> None:
        """Start with nothing written."""
        self._limit = limit
        self._begun = ""
        self._given = 0
        """How much of what has begun is given already, because it is too long."""
        self._seen = 0

    def push(self, piece: str) -> list[str]:
        """Return the sentences that are complete now."""
        text = self._begun + piece
        start = 0
        found: list[str] = []
        # What follows decides whether a narrow mark ends anything: the last character may have to wait.
        end = len(text) if text[-1:] in _ENDS else len(text) - 1
        for index in range(self._seen, end):
            if _ends_sentence(text, start, index) and not _within_link(text[start : index + 1]):
                found += _cut(text[start + self._given : index + 1], self._limit)
                start, self._given = index + 1, 0
        self._begun = text[start:]
        self._seen = max(end - start, 0)
        *parts, _ = _cut(self._begun[self._given :], self._limit)
        self._given += sum(map(len, parts))
        return found + parts

    def flush(self) -> list[str]:
        """Return the rest."""
        rest = self._begun[self._given :]
        self._begun, self._given, self._seen = "", 0, 0
        return [rest] if rest else []


def _within_link(text: str) -> bool:
    """Whether a text breaks off within the words of a link, or within its address."""
    opened = max(text.rfind("["), text.rfind("]("))
    if opened < 0 or len(text) - opened > _LONGEST_LINK or text.endswith("\n"):
        return False
    if text[opened] == "[":
        return "]" not in text[opened:]
    return text.count("(", opened) > text.count(")", opened)


def _cut(text: str, limit: int) -> list[str]:
    """Return a text in parts of at most `limit` characters, cut at a comma or a space if there is one."""
    parts: list[str] = []
    while len(text) > limit:
        at = max((each.end() for each in _PLACES_TO_CUT.finditer(text, limit // 2, limit)), default=limit)
        parts.append(text[:at])
        text = text[at:]
    return [*parts, text]


class Reader:
    """Text as it is written in; out come the sentences that are read out, none longer than `limit` characters."""

    def __init__(self, limit: int) -> None:
        """Start with nothing written."""
        self._limit = limit
        self._sentences = Sentences(limit)
        self._line_begins = True
        self._within_code = False

    def push(self, piece: str) -> list[str]:
        """Return what can be read out now."""
        return self._read(self._sentences.push(piece))

    def flush(self) -> list[str]:
        """Return the rest."""
        return self._read(self._sentences.flush())

    def _read(self, found: list[str]) -> list[str]:
        said: list[str] = []
        for sentence in found:
            fence = self._line_begins and _FENCE.fullmatch(sentence) is not None
            self._line_begins = sentence.endswith("\n")
            if fence:
                self._within_code = not self._within_code
            elif not self._within_code:
                said += [part for part in _cut(speakable(sentence), self._limit) if part]
        return said


def speakable(sentence: str) -> str:
    """Return what of a sentence is read out: no markup, no addresses, no emoji; empty if nothing remains.

    Parentheses become commas, because the service takes what stands in them for a stage direction (sheet 2.1), and so
    do the borders of a table. A line without a mark at its end gets one, so that it is not read into the next.
    """
    wide = _CHINESE.search(sentence) is not None
    comma = "，" if wide else ", "
    said = _TAGS.sub(" ", _ESCAPES.sub("", unescape(sentence)))
    said = _IMAGES_AND_LINKS.sub(r"\1", _CITATIONS.sub("", said))
    said = _ADDRESSES.sub("", said)
    said = _LINE_MARKS.sub("", said)
    said = _EMPHASIS.sub("", said)
    said = _EMOTICONS.sub("", _ARROWS.sub(comma, said))
    said = _EMOJI.sub("", said)
    said = _without_parentheses(_PLURAL.sub(r"\1", said))
    if "|" in said:
        said = comma.join(cell.strip() for cell in said.split("|") if cell.strip())
    said = _SPACES.sub(" ", said)
    said = re.sub(r" +([,.!?;:，。！？；：])", r"\1", said)
    said = re.sub(r"([,，])(?:\s*[,，])+", r"\1", said)
    said = re.sub(r"^(\s*)[,，]\s*", r"\1", said)
    if not any(character.isalnum() for character in said):
        return ""
    line = said.rstrip()
    if sentence.endswith("\n") and line[-1] not in _PAUSES:
        return f"{line}。" if wide else f"{line}. "
    return said


def _without_parentheses(text: str) -> str:
    text = re.sub(r"\s*[(（]\s*[)）]", "", text)
    text = re.sub(r"\s*\(\s*", ", ", text)
    text = re.sub(r"\s*（\s*", "，", text)
    text = re.sub(r"\s*[)）](?=\s*(?:[,.!?;:，。！？；：、]|$))", "", text)
    return re.sub(r"\s*[)）]", lambda match: "，" if match.group().endswith("）") else ",", text)
