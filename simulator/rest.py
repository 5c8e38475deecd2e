"""Account and catalogue over HTTP (sheet 2.3, 4)."""

from aiohttp import web

from .access import PLAN, key_refusal
from .service import Service
from .voices import (
    PLAN_REALTIME_MODELS,
    PLAN_SPEECH_MODELS,
    REALTIME_MODELS,
    SPEECH_MODELS,
    STREAM_RECOGNITION_MODELS,
    UPLOAD_RECOGNITION_MODELS,
)

CREATED = 1758000000


def routes(service: Service) -> list[web.RouteDef]:
    """Give the endpoints of the account."""

    async def models(request: web.Request) -> web.StreamResponse:
        if (refused := key_refusal(service, request)) is not None:
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

    return [web.get(f"{path}/v1/models", models) for path in ("", PLAN)]
