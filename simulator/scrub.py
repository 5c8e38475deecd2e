"""Makes a log of the real service fit to be shown: python -m simulator.scrub IN OUT."""

import argparse
import os
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from .items import Event
from .wire import without_audio

LINE_FIELDS = ("at", "connection", "direction", "path", "model", "status", "code", "by")
"""What stays of a line beside its event."""
VOCABULARY = (
    *("type", "object", "status", "role", "code", "param", "reason", "finish_reason", "mode", "model", "modalities"),
    *("format", "codec", "input_audio_format", "output_audio_format", "response_format", "language", "tool_choice"),
    *("voice", "voice_id"),
)
"""Fields whose words are the protocol's own, unless they are a clone's voice."""
MESSAGES = ("message", "error")
"""Sentences of the service; what they quote of the rest is replaced."""
IDS = ("id", "account", "authorization", "key", "organization", "secret", "user")
ENDINGS_OF_IDS = ("_id", "_ids", "_key", "token")
KEYS = re.compile(
    r"\b(?:sk|Bearer)[-_ ][\w.~+/=-]{6,}|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9a-f]{16,}\b"
)
CLONE = "voice-tone"
MOMENT = 1_000_000_000
"""Numbers from here on tell when it was, in seconds or milliseconds."""
LEAST_QUOTE = 6
"""Characters; what is shorter is not looked for in what stays."""


class Scrubber:
    """Replaces what could tell whose log it was: the same by the same, and by what has its length where it is words."""

    def __init__(self, secrets: Iterable[str] = (), keep_words: bool = False) -> None:
        """`secrets` are gone wherever they stand; words other than the instructions stay if they are to."""
        self._keep_words = keep_words
        self._secrets = {secret for secret in secrets if secret}
        self._quotes: set[str] = set()
        self._names: dict[str, str] = {}
        self._start: float | None = None

    def scrub(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give the lines as they may be shown."""
        lines = [line | {"event": without_audio(line["event"])} if "event" in line else line for line in lines]
        for line in lines:
            self._collect(line.get("event"))
        return [self._line(line) for line in lines]

    def _collect(self, value: Any, key: str = "") -> None:
        """Find what must not be quoted where other words stay: ids everywhere, words in the service's sentences."""
        if isinstance(value, dict):
            for name, part in value.items():
                self._collect(part, name)
        elif isinstance(value, list):
            for part in value:
                self._collect(part, key)
        elif isinstance(value, str) and len(value) >= LEAST_QUOTE:
            if value.startswith(CLONE) or _is_id(key):
                self._secrets.add(value)
                self._rename(value, "voice-tone-" if value.startswith(CLONE) else "id-")
            elif key == "instructions" or not (self._keep_words or key == "delta" or key in (*VOCABULARY, *MESSAGES)):
                self._quotes.add(value)

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        at = float(line["at"])
        self._start = at if self._start is None else self._start
        kept = {key: line[key] for key in LINE_FIELDS if key in line} | {"at": round(at - self._start, 6)}
        for key in ("path", "model"):
            if key in kept:
                kept[key] = self._clean(str(kept[key]).partition("?")[0], self._secrets)
        return kept | {"event": self._fields(line["event"])} if "event" in line else kept

    def _fields(self, fields: Event) -> Event:
        return {key: self._value(value, key) for key, value in fields.items()}

    def _value(self, value: Any, key: str) -> Any:
        match value:
            case dict() if key == "parameters" and not self._keep_words:
                return {"type": "object", "properties": {}}
            case dict():
                return self._fields(value)
            case list():
                return [self._value(part, key) for part in value]
            case bool() | None:
                return value
            case str():
                return self._words(value, key)
        if _is_id(key):
            return int(self._rename(str(value), ""))
        return 0 if value >= MOMENT else value

    def _words(self, value: str, key: str) -> str:
        if not value:
            return value
        if value.startswith(CLONE) or _is_id(key):
            return self._rename(value, "id-")
        if key in VOCABULARY:
            return self._clean(value, self._secrets)
        if key in MESSAGES:
            return self._clean(value, self._secrets | self._quotes)
        if key == "instructions":
            return _masked(value)
        if self._keep_words:
            return self._clean(value, self._secrets)
        if key == "name":
            return self._rename(value, "tool-")
        return self._json(value) if key in ("arguments", "output") else _masked(value)

    def _json(self, text: str) -> str:
        """Mask what JSON says, names of fields too, so that it is JSON still."""
        try:
            return orjson.dumps(self._free(orjson.loads(text))).decode()
        except orjson.JSONDecodeError:
            return _masked(text)

    def _free(self, value: Any) -> Any:
        match value:
            case dict():
                return {self._rename(key, "field-"): self._free(part) for key, part in value.items()}
            case list():
                return [self._free(part) for part in value]
            case str():
                return _masked(value)
            case bool() | None:
                return value
        return type(value)(1)

    def _rename(self, name: str, prefix: str) -> str:
        return self._names.setdefault(name, f"{prefix}{len(self._names) + 1}")

    def _clean(self, value: str, secrets: set[str]) -> str:
        """Take out of words that stay what must not be quoted."""
        for secret in sorted(secrets, key=len, reverse=True):
            if secret in value:
                value = value.replace(secret, self._names.get(secret) or _masked(secret))
        return KEYS.sub(lambda match: _masked(match[0]), value)


def _is_id(key: str) -> bool:
    return key not in VOCABULARY and (key in IDS or key.endswith(ENDINGS_OF_IDS))


def _masked(text: str) -> str:
    """Give text of the same length that says nothing: cut anywhere, its pieces are those of the masked whole."""
    return "".join(map(_masked_letter, text))


def _masked_letter(letter: str) -> str:
    match unicodedata.category(letter):
        case "Lu":
            return "X"
        case "Lo":
            return "字"
        case "Nd" | "Nl" | "No":
            return "1"
        case kind if kind.startswith("L"):
            return "x"
    return letter


def main(arguments: list[str] | None = None) -> int:
    """Scrub a file."""
    parser = argparse.ArgumentParser(prog="python -m simulator.scrub", description=__doc__)
    parser.add_argument("log", type=Path, metavar="IN")
    parser.add_argument("scrubbed", type=Path, metavar="OUT")
    parser.add_argument(
        "--keep-words", action="store_true", help="all but the instructions, and what is secret in them"
    )
    parser.add_argument(
        "--secret", action="append", default=[], metavar="TEXT", help="must be gone, wherever it stands"
    )
    options = parser.parse_args(arguments)
    scrubber = Scrubber([*options.secret, os.environ.get("STEPFUN_API_KEY", "")], options.keep_words)
    try:
        lines = [orjson.loads(line) for line in options.log.read_bytes().splitlines()]
        scrubbed = b"".join(orjson.dumps(line) + b"\n" for line in scrubber.scrub(lines))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{options.log} is no log that can be scrubbed: {error!r}", file=sys.stderr)
        return 1
    if left := [secret for secret in options.secret if secret in scrubbed.decode()]:
        print(f"nothing written: {len(left)} secrets would have stayed", file=sys.stderr)
        return 1
    options.scrubbed.write_bytes(scrubbed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
