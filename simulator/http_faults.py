"""Faults of plain HTTP requests, placed at a path or at an event of a streamed answer."""

from aiohttp import web

from .access import key_refusal, quota_refusal, refusal
from .faults import Fault
from .service import Service


async def strike(service: Service, request: web.Request, moment: str) -> Fault | None:
    """Let the faults strike that are due, and give the one that ends the answer, if one does."""
    for fault in service.faults.due(moment):
        match fault.kind:
            case "abort" | "close":
                if request.transport is not None:
                    request.transport.abort()
                return fault
            case "stall" | "half_open":
                await service.faults.stall()
            case "delay":
                await service.clock.sleep(float(fault.value or 1))
            case "error" | "internal_error" | "moderation" | "drop" | "malformed" | "empty":
                return fault
    return None


def fault_response(fault: Fault) -> web.Response:
    """Give the answer that stands for a fault."""
    match fault.kind:
        case "moderation":
            return refusal(451, "the content was blocked", "censorship_block")
        case "internal_error":
            return refusal(500, fault.value or "internal error", "internal_error")
        case "malformed":
            return web.Response(body=b'{"error": ', content_type="application/json")
        case "empty":
            return web.Response(body=b"")
    return refusal(400, fault.value or "something went wrong", "request_params_invalid")


async def admit(service: Service, request: web.Request, costs: bool = False) -> web.Response | None:
    """Refuse a request for its key, its quota where it costs money, or a fault at its path; or let it pass."""
    for struck in service.faults.refusals(request.path):
        return refusal(int(struck.value or 429), "the request was refused", "refused")
    refused = key_refusal(service, request)
    if refused is None and costs:
        refused = quota_refusal(service, request.path)
    if refused is not None:
        return refused
    fault = await strike(service, request, request.path)
    return fault_response(fault) if fault is not None else None
