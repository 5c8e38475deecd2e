"""Data in a shape that was asked for: what the model is told of it, and how its answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from homeassistant.helpers.json import json_dumps
from probatio import Invalid, Schema, to_openapi

_FENCED = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)


class DoesNotFitError(ValueError):
    """The answer holds no data of that shape; says why, for the model to read."""


def instruction(structure: Schema, serializer: Callable[[Any], Any] | None) -> str:
    """Return what the model is told of the shape: the service has no field for it (protocol sheet 1.5)."""
    schema = json_dumps(to_openapi(structure, custom_serializer=serializer, openapi_version="3.1.0"))
    return (
        "Answer with JSON alone: no other words, no comments, no code fence. "
        f"It is one value that fits this JSON schema:\n{schema}"
    )


def correction(error: DoesNotFitError) -> str:
    """Return what the model is told when its answer did not fit."""
    return f"That does not fit the schema: {error}. Answer again, with the JSON alone."


def read(text: str, structure: Schema) -> Any:
    """Return the data in an answer, whatever the model has put around it.

    Raises `DoesNotFitError` if there is none of that shape.
    """
    reason = "it is no JSON"
    for candidate in _candidates(text):
        try:
            data = orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
        try:
            return structure(data)
        except Invalid as error:
            reason = str(error)
    raise DoesNotFitError(reason)


def _candidates(text: str) -> Iterator[str]:
    """Yield what may be the JSON: all of it, what is fenced, and from the first bracket to the last."""
    yield text
    yield from _FENCED.findall(text)
    for opening, closing in ("{}", "[]"):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            yield text[start : end + 1]
