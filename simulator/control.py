"""Watching and steering a simulator that runs as a program; no part of the service."""

import dataclasses
from typing import Any

import orjson
from aiohttp import web

from .access import refusal
from .faults import Fault
from .realtime import RealtimeConnection
from .record import as_line
from .service import Service
from .speech_http import read_json


def routes(service: Service, connections: list[RealtimeConnection]) -> list[web.RouteDef]:
    """Give the endpoints, all under /simulator and without a key."""

    async def state(_request: web.Request) -> web.Response:
        return web.json_response(
            {
                "switches": {
                    switch.name: shown(getattr(service.switches, switch.name))
                    for switch in dataclasses.fields(service.switches)
                },
                "connections": [
                    {
                        "number": connection.number,
                        "path": connection.path,
                        "model": connection.model,
                        "phase": connection.phase,
                        "items": len(connection.items),
                        "heard_bytes": len(connection.heard),
                    }
                    for connection in connections
                ],
                "events": len(service.log),
                "responses": len(service.responses),
                "upgrades": len(service.upgrades),
            }
        )

    async def log(request: web.Request) -> web.Response:
        try:
            since = float(request.query.get("since", "0"))
        except ValueError:
            return refusal(400, "since is a time, as in the lines of the log", "request_params_invalid")
        lines = [as_line(entry, service.clock) for entry in service.wire.since(since)]
        return web.json_response(lines, dumps=lambda value: orjson.dumps(value).decode())

    async def steer(request: web.Request) -> web.Response:
        body = await read_json(request)
        try:
            switches = service.switches
            for name, value in (body.get("set") or {}).items():
                switches = switches.with_text(name, str(value))
            if "faults" in body:
                switches = switches.replace(faults=tuple(Fault.parse(text) for text in body["faults"]))
        except (ValueError, TypeError, AttributeError) as error:
            return refusal(400, str(error), "request_params_invalid")
        service.switches = switches
        if body.get("key"):
            service.key = body["key"]
        if body.get("hear"):
            service.hear(*body["hear"])
        if body.get("release"):
            service.release()
        if body.get("advance_s"):
            service.clock.advance(float(body["advance_s"]))
        return await state(request)

    return [
        web.get("/simulator/state", state),
        web.get("/simulator/log", log),
        web.post("/simulator/steer", steer),
    ]


def shown(value: Any) -> Any:
    """Give a switch's value as JSON can hold it."""
    if isinstance(value, tuple):
        return [str(fault) for fault in value]
    return "inf" if value == float("inf") else value
