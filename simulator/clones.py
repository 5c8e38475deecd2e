"""Cloned voices: listed, made, and tried (sheet 2.3)."""

import base64
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .access import PLAN, model_refusal, refusal
from .containers import wav_file
from .http_faults import admit
from .service import Service, SpokenResponse
from .speech_http import encoded, read_json
from .speech_request import speech_problem
from .voices import CLONE_PREFIX, CLONES, CLONING_MODELS

CREATED = 1758000000


@dataclass(frozen=True, slots=True)
class Clone:
    """One cloned voice of the account, and what it was made of."""

    id: str
    file_id: str
    created_at: int

    def wire(self) -> dict[str, Any]:
        """Give the clone as it is listed."""
        return {"id": self.id, "file_id": self.file_id, "created_at": self.created_at}


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoints of one account, which remembers the voices made."""
    clones = [Clone(clone, f"file-{at}", CREATED + at) for at, clone in enumerate(CLONES)]

    async def listed(request: web.Request) -> web.StreamResponse:
        return await admit(service, request) or list_clones(request, clones)

    async def make(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request, costs=True)) is not None:
            return refused
        body = await read_json(request)
        if (wrong := source_refusal(request, body)) is not None:
            return wrong
        # A file that was cloned before gives the voice it gave.
        known = next((clone for clone in clones if clone.file_id == body["file_id"]), None)
        if known is not None:
            return web.json_response({"id": known.id, "object": "audio.voice", "duplicated": True})
        made = Clone(f"{CLONE_PREFIX}{uuid.uuid4().hex[:10]}", body["file_id"], CREATED + len(clones))
        clones.append(made)
        return web.json_response({"id": made.id, "object": "audio.voice"})

    async def preview(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request, costs=True)) is not None:
            return refused
        body = await read_json(request)
        if (wrong := source_refusal(request, body)) is not None:
            return wrong
        text = body.get("sample_text")
        if not isinstance(text, str) or not text:
            return refusal(400, "sample_text is required", "request_params_invalid")
        settings = body | {"voice": CLONE_PREFIX}
        if (problem := speech_problem(settings, body["model"], voice_field="voice")) is not None:
            return refusal(400, problem, "request_params_invalid")
        rate_hz = body.get("sample_rate", 24000)
        record = SpokenResponse(uuid.uuid4().hex, 0, "speech", text, format="pcm", sample_rate=rate_hz)
        audio = b"".join([part async for part in encoded(service, settings, record)])
        sample = base64.b64encode(wav_file(audio, rate_hz)).decode()
        return web.json_response({"sample_text": text, "sample_audio": sample, "request_id": uuid.uuid4().hex})

    return [
        *(web.get(f"{path}/v1/audio/voices", listed) for path in ("", PLAN)),
        web.post("/v1/audio/voices", make),
        web.post("/v1/audio/voices/preview", preview),
    ]


def source_refusal(request: web.Request, body: dict[str, Any]) -> web.Response | None:
    """Refuse a model that cannot clone, or a file that is not named."""
    if (refused := model_refusal(request.path, body.get("model", ""), CLONING_MODELS, ())) is not None:
        return refused
    if not isinstance(body.get("file_id"), str) or not body["file_id"] or not isinstance(body.get("text", ""), str):
        return refusal(400, "file_id is required", "request_params_invalid")
    return None


def list_clones(request: web.Request, clones: list[Clone]) -> web.Response:
    """Give a page of the account's cloned voices."""
    try:
        limit = int(request.query.get("limit", "20"))
    except ValueError:
        limit = 0
    order = request.query.get("order", "desc")
    if not 1 <= limit <= 100 or order not in ("asc", "desc"):
        return refusal(400, "limit or order is not valid", "request_params_invalid")
    found = clones if order == "asc" else clones[::-1]
    ids = [clone.id for clone in found]
    if (after := request.query.get("after")) in ids:
        found = found[ids.index(after) + 1 :]
    elif (before := request.query.get("before")) in ids:
        found = found[: ids.index(before)]
    page = found[:limit]
    edges = {"first_id": page[0].id if page else "", "last_id": page[-1].id if page else ""}
    more = {"has_more": len(found) > limit}
    return web.json_response({"object": "list", "data": [clone.wire() for clone in page]} | more | edges)
