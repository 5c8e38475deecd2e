"""Who may use what: the refusals of HTTP requests and upgrades (sheet 1.2, 4)."""

from collections import deque

from aiohttp import web

from .service import Service
from .switches import Switches
from .voices import PLAN_REALTIME_MODELS, PLAN_SPEECH_MODELS, REALTIME_MODELS, SPEECH_MODELS

PLAN = "/step_plan"


def refusal(status: int, message: str, kind: str) -> web.Response:
    """Give the service's error envelope."""
    return web.json_response({"error": {"message": message, "type": kind}}, status=status)


def key_refusal(service: Service, request: web.Request, bad_key_status: int = 401) -> web.Response | None:
    """Refuse a request whose key is missing or wrong."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and key and service.key in (None, key):
        return None
    return refusal(bad_key_status, "Incorrect API key provided", "invalid_api_key")


def has_quota(switches: Switches, path: str) -> bool:
    """Tell whether there is money for what costs some: the plan has its own."""
    return switches.plan_quota if path.startswith(PLAN) else switches.quota


def quota_refusal(service: Service, path: str) -> web.Response | None:
    """Refuse what costs money when there is none."""
    if has_quota(service.switches, path):
        return None
    return refusal(402, "You have exceeded your current quota", "quota_exceeded")


def model_refusal(path: str, model: str, models: tuple[str, ...], plan_models: tuple[str, ...]) -> web.Response | None:
    """Refuse a model that is missing, unknown, or not on this path."""
    if not model:
        return refusal(400, "model is required", "request_params_invalid")
    if path.startswith(PLAN) and model not in plan_models:
        return refusal(404, f"model {model} not found", "not_found")
    if model not in models:
        return refusal(400, f"model {model} not supported", "request_params_invalid")
    return None


class Gate:
    """Decides on upgrades, which may be too many or too fast."""

    def __init__(self, service: Service) -> None:
        """Nobody has come yet."""
        self._service = service
        self._recent: deque[float] = deque()

    def realtime_refusal(self, request: web.Request, open_sessions: int) -> web.Response | None:
        """Refuse the upgrade of a realtime session, or let it pass."""
        switches = self._service.switches
        most = switches.max_connections
        if most and open_sessions >= most:
            return refusal(429, "too many concurrent requests", "rate_limit_exceeded")
        models = [
            tuple(model for model in offered if model != switches.withdrawn)
            for offered in (REALTIME_MODELS, PLAN_REALTIME_MODELS)
        ]
        return self._upgrade_refusal(request) or model_refusal(request.path, request.query.get("model", ""), *models)

    def speech_refusal(self, request: web.Request) -> web.Response | None:
        """Refuse the upgrade of a TTS websocket, or let it pass."""
        models = (SPEECH_MODELS, PLAN_SPEECH_MODELS)
        return self._upgrade_refusal(request) or model_refusal(request.path, request.query.get("model", ""), *models)

    def recognition_refusal(self, request: web.Request) -> web.Response | None:
        """Refuse the upgrade of a recognition websocket, which names its model later, or let it pass."""
        return self._upgrade_refusal(request)

    def _upgrade_refusal(self, request: web.Request) -> web.Response | None:
        service, switches = self._service, self._service.switches
        for fault in [*service.faults.refusals("connecting"), *service.faults.refusals(request.path)]:
            return refusal(int(fault.value or 429), "the upgrade was refused", "refused")
        now = service.clock.now()
        while self._recent and self._recent[0] <= now - switches.rapid_window_s:
            self._recent.popleft()
        self._recent.append(now)
        if switches.rapid_connects and len(self._recent) >= switches.rapid_connects:
            return refusal(429, "too many requests", "rate_limit_exceeded")
        return key_refusal(service, request, switches.bad_key_status) or quota_refusal(service, request.path)
