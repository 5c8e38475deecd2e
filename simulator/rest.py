"""Account and catalogue over HTTP (sheet 2.3, 4)."""

from aiohttp import web

from .access import PLAN, refusal
from .http_faults import admit
from .service import Service
from .voices import (
    CLONES,
    PLAN_REALTIME_MODELS,
    PLAN_SPEECH_MODELS,
    REALTIME_MODELS,
    SPEECH_MODELS,
    SPEECH_VOICES,
    STREAM_RECOGNITION_MODELS,
    UPLOAD_RECOGNITION_MODELS,
)

CREATED = 1758000000
CATALOGUE_MODEL = "step-tts-2"
CATALOGUE = (*SPEECH_VOICES, "energeticconfident-female", "yingwennansheng", "yingwennvsheng")


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoints of the account."""

    async def models(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request)) is not None:
            return refused
        ids: tuple[str, ...]
        if request.path.startswith(PLAN):
            ids = (*PLAN_REALTIME_MODELS, *PLAN_SPEECH_MODELS, *UPLOAD_RECOGNITION_MODELS)
        else:
            ids = (*REALTIME_MODELS, *SPEECH_MODELS, *UPLOAD_RECOGNITION_MODELS, *STREAM_RECOGNITION_MODELS)
        data = [
            {"id": name, "object": "model", "created": CREATED, "owned_by": "stepai"} for name in dict.fromkeys(ids)
        ]
        return web.json_response({"object": "list", "data": data})

    async def accounts(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request)) is not None:
            return refused
        balance = 42.5 if service.switches.quota else 0.0
        sums = {"balance": balance, "total_cash_balance": balance, "total_voucher_balance": 0.0}
        return web.json_response({"object": "account", "type": "prepaid"} | sums)

    async def voices(request: web.Request) -> web.StreamResponse:
        return await admit(service, request) or list_clones(request)

    async def system_voices(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request)) is not None:
            return refused
        if request.query.get("model") != CATALOGUE_MODEL:
            return refusal(400, f"model {request.query.get('model', '')} not supported", "request_params_invalid")
        details = {
            voice: {"voice-name": voice, "voice-description": f"The voice {voice}.", "recommended_scene": "assistant"}
            for voice in CATALOGUE
        }
        return web.json_response({"voices": list(CATALOGUE), "voices-details": details})

    return [
        *(web.get(f"{path}/v1/models", models) for path in ("", PLAN)),
        web.get("/v1/accounts", accounts),
        *(web.get(f"{path}/v1/audio/voices", voices) for path in ("", PLAN)),
        web.get("/v1/audio/system_voices", system_voices),
    ]


def list_clones(request: web.Request) -> web.Response:
    """Give a page of the account's cloned voices."""
    try:
        limit = int(request.query.get("limit", "20"))
    except ValueError:
        limit = 0
    order = request.query.get("order", "desc")
    if not 1 <= limit <= 100 or order not in ("asc", "desc"):
        return refusal(400, "limit or order is not valid", "request_params_invalid")
    clones = [{"id": clone, "file_id": f"file-{at}", "created_at": CREATED + at} for at, clone in enumerate(CLONES)]
    if order == "desc":
        clones.reverse()
    ids = [clone["id"] for clone in clones]
    if (after := request.query.get("after")) in ids:
        clones = clones[ids.index(after) + 1 :]
    elif (before := request.query.get("before")) in ids:
        clones = clones[: ids.index(before)]
    page = clones[:limit]
    edges = {"first_id": page[0]["id"] if page else "", "last_id": page[-1]["id"] if page else ""}
    return web.json_response({"object": "list", "data": page, "has_more": len(clones) > limit} | edges)
