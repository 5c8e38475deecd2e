"""What the account may use (sheet 4)."""

import asyncio
from typing import Any

import aiohttp

from custom_components.stepaudio.client.connection import Endpoint
from house.conformance.bench import Bench
from house.conformance.findings import ProbeError, RefusedError


async def models(bench: Bench) -> None:
    """See which models the key may use; the first request of all, for it proves the key."""
    body = await get(bench, bench.endpoint, "/v1/models")
    data = body.get("data")
    ids = [model.get("id") for model in (data if isinstance(data, list) else []) if isinstance(model, dict)]
    listed = "is one of them" if bench.model in ids else "is not one of them"
    bench.findings.tell("models", f"{len(ids)} models are listed, and {bench.model} {listed}.")


async def balance(bench: Bench) -> None:
    """See whether the balance can be read; it is nobody else's business."""
    try:
        body = await get(bench, bench.root, "/v1/accounts")
    except ProbeError as error:
        bench.findings.tell("balance", f"The balance cannot be read: {error}.")
        return
    bench.findings.tell("balance", f"The balance can be read; the account is {body.get('type', 'of an unknown type')}.")


async def get(bench: Bench, endpoint: Endpoint, path: str) -> dict[str, Any]:
    """Get a JSON object."""
    try:
        async with (
            asyncio.timeout(bench.patience.answer_s),
            bench.web.get(endpoint.url(path), headers=endpoint.headers) as response,
        ):
            if response.status != 200:
                raise RefusedError(response.status, await response.text())
            body = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ProbeError(f"{path} was not reached: {type(error).__name__}") from None
    return body if isinstance(body, dict) else {}
