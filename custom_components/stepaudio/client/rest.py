"""The service's HTTP API: models, voices and balance. The web session is the caller's."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import aiohttp

from .connection import Endpoint, Timeouts, refusal
from .errors import CannotConnectError, NotUnderstoodError, ServiceTimeoutError
from .messages import Body, read_body

# The largest page (sheet 2.3), and far more voices than anybody clones.
_VOICES_PER_PAGE = 100
_MOST_VOICES = 1000


async def list_models(
    web_session: aiohttp.ClientSession, endpoint: Endpoint, *, timeouts: Timeouts | None = None
) -> list[str]:
    """Return the ids of the models that the key may use: the cheapest proof of a key (sheet 4).

    It proves neither the balance nor that the realtime model opens. Raises the errors of `classify`,
    `CannotConnectError`, `ServiceTimeoutError`, `NotUnderstoodError`. Cancelling is safe.
    """
    body = await _get(web_session, endpoint, "/v1/models", timeouts or Timeouts())
    data = body.get("data")
    if not isinstance(data, list):
        raise NotUnderstoodError(code="models")
    return [model["id"] for model in data if isinstance(model, dict) and isinstance(model.get("id"), str)]


async def list_voices(
    web_session: aiohttp.ClientSession, endpoint: Endpoint, *, timeouts: Timeouts | None = None
) -> list[str]:
    """Return the ids of the account's cloned voices, the newest first (sheet 2.3).

    Raises the errors of `classify`, `CannotConnectError`, `ServiceTimeoutError`, `NotUnderstoodError`. Cancelling is
    safe.
    """
    voices: list[str] = []
    while len(voices) < _MOST_VOICES:
        after = f"&after={quote(voices[-1], safe='')}" if voices else ""
        path = f"/v1/audio/voices?limit={_VOICES_PER_PAGE}{after}"
        body = await _get(web_session, endpoint, path, timeouts or Timeouts())
        data = body.get("data")
        if not isinstance(data, list):
            raise NotUnderstoodError(code="voices")
        page = [voice["id"] for voice in data if isinstance(voice, dict) and isinstance(voice.get("id"), str)]
        new = [voice for voice in page if voice not in voices]
        voices += new
        if not new or not body.get("has_more"):
            break
    return voices


async def account_balance(
    web_session: aiohttp.ClientSession, endpoint: Endpoint, *, timeouts: Timeouts | None = None
) -> float:
    """Return what is left of the account's balance, in the currency of its platform (sheet 4).

    Step Plan has no such thing. Raises the errors of `classify`, `CannotConnectError`, `ServiceTimeoutError`,
    `NotUnderstoodError`. Cancelling is safe.
    """
    body = await _get(web_session, endpoint, "/v1/accounts", timeouts or Timeouts())
    try:
        return float(body["balance"])
    except KeyError, TypeError, ValueError:
        raise NotUnderstoodError(code="balance") from None


async def _get(web_session: aiohttp.ClientSession, endpoint: Endpoint, path: str, timeouts: Timeouts) -> Body:
    try:
        async with (
            asyncio.timeout(timeouts.connect_s),
            web_session.get(endpoint.url(path), headers=endpoint.headers) as response,
        ):
            status, raw = response.status, await response.read()
    except TimeoutError:
        raise ServiceTimeoutError from None
    except aiohttp.ClientError, OSError, ValueError:
        raise CannotConnectError from None
    if status >= 400:
        raise refusal(status, raw)
    return read_body(raw)
