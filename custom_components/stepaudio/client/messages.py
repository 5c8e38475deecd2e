"""What all messages of the service have in common, whichever socket or request they come from."""

from __future__ import annotations

from binascii import Error as Base64Error, a2b_base64
from collections.abc import Mapping
from typing import Any

import orjson

from .errors import NotUnderstoodError, StepAudioError, classify

type Body = Mapping[str, Any]


def read_body(raw: str | bytes) -> Body:
    """Return the object in a message. Raises `NotUnderstoodError`."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise NotUnderstoodError(code="json") from None
    if not isinstance(body, dict):
        raise NotUnderstoodError(code="json")
    return body


def read_event(raw: str | bytes) -> tuple[str, Body]:
    """Return the type of an event, and the event. Raises `NotUnderstoodError`."""
    body = read_body(raw)
    if not isinstance(kind := body.get("type"), str):
        raise NotUnderstoodError(code="type")
    return kind, body


def read_text(body: Body, name: str, default: str | None = None) -> str:
    """Return a text; one that is missing or null is `default`. Raises `NotUnderstoodError`."""
    value = body.get(name, default)
    if value is None:
        value = default
    if not isinstance(value, str):
        raise NotUnderstoodError(code=name)
    return value


def read_pcm(body: Body, name: str, default: str | None = None) -> bytes:
    """Return audio, which travels in base64; what is missing or null is `default`. Raises `NotUnderstoodError`."""
    try:
        return a2b_base64(read_text(body, name, default))
    except Base64Error, ValueError:
        raise NotUnderstoodError(code=name) from None


def read_error(body: object, *, status: int | None = None) -> StepAudioError:
    """Return the error that a message tells of, nested or flat (sheet 1.11), or that an HTTP status stands for."""
    body = body if isinstance(body, dict) else {}
    inner = body.get("error")
    source: Body = inner if isinstance(inner, dict) else body
    code = source.get("code")
    kind = source.get("type")
    message = source.get("message") or (inner if isinstance(inner, str) else "")
    return classify(
        status=status,
        error_type=kind if isinstance(kind, str) else "",
        code=code if isinstance(code, str | int) else None,
        message=message if isinstance(message, str) else "",
    )
