"""Account and catalogues over HTTP (sheet 2.3, 4)."""

from aiohttp import web

from .access import PLAN, refusal
from .http_faults import admit
from .service import Service
from .voices import (
    CATALOGUE,
    CATALOGUE_MODEL,
    FILE_RECOGNITION_MODELS,
    PLAN_REALTIME_MODELS,
    PLAN_SPEECH_MODELS,
    REALTIME_MODELS,
    SPEECH_MODELS,
    STREAM_RECOGNITION_MODELS,
    TRANSCRIPTION_MODELS,
    UPLOAD_RECOGNITION_MODELS,
)

CREATED = 1758000000
MODELS = (
    *REALTIME_MODELS,
    *SPEECH_MODELS,
    *UPLOAD_RECOGNITION_MODELS,
    *STREAM_RECOGNITION_MODELS,
    *TRANSCRIPTION_MODELS,
    *FILE_RECOGNITION_MODELS,
)
PLAN_MODELS = (*PLAN_REALTIME_MODELS, *PLAN_SPEECH_MODELS, *UPLOAD_RECOGNITION_MODELS)


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoints of the account."""

    async def models(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request)) is not None:
            return refused
        ids = PLAN_MODELS if request.path.startswith(PLAN) else MODELS
        data = [
            {"id": name, "object": "model", "created": CREATED, "owned_by": "stepai"}
            for name in dict.fromkeys(ids)
            if name != service.switches.withdrawn
        ]
        return web.json_response({"object": "list", "data": data})

    async def accounts(request: web.Request) -> web.StreamResponse:
        if (refused := await admit(service, request)) is not None:
            return refused
        balance = service.switches.balance if service.switches.quota else 0.0
        sums = {"balance": balance, "total_cash_balance": balance, "total_voucher_balance": 0.0}
        return web.json_response({"object": "account", "type": "prepaid"} | sums)

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
        web.get("/v1/audio/system_voices", system_voices),
    ]
