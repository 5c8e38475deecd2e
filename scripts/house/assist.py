"""Settles our integration into a Home Assistant: the account, a light to switch, a pipeline of our entities."""

import asyncio
import json
from typing import Any

from .api import Api, Socket
from .home_assistant import INTEGRATION
from .report import HouseError
from .service import Account

_ENTITIES_TIMEOUT_S = 30.0
_POLL_S = 0.1
_FLOW = "/api/config/config_entries/flow"

LIGHT_NAME = "Kitchen Light"
LIGHT_AREA = "Kitchen"


async def add_stepaudio(api: Api, account: Account) -> None:
    """Add the integration as a user does, form by form."""
    answers: dict[str, dict[str, Any]] = {
        "user": {"region": account.region, "plan": account.plan, "api_key": account.api_key},
        "custom": {"url": account.url},
    }
    flow = await api.post(_FLOW, {"handler": "stepaudio", "show_advanced_options": False})
    while flow["type"] == "form":
        step = flow["step_id"]
        if flow.get("errors"):
            raise HouseError(f"StepAudio refused the account: {_in_words(flow)}")
        if (answer := answers.pop(step, None)) is None:
            raise HouseError(f"StepAudio's config flow shows a step that this script does not know: “{step}”.")
        defaults = {name["name"]: name["default"] for name in flow["data_schema"] if "default" in name}
        flow = await api.post(f"{_FLOW}/{flow['flow_id']}", {**defaults, **answer})
    if flow["type"] != "create_entry":
        raise HouseError(f"StepAudio's config flow ended with “{flow['type']}”: {flow.get('reason')}.")


def _in_words(flow: dict[str, Any]) -> str:
    """Say what the form says; the API gives only the names of the texts."""
    texts = json.loads((INTEGRATION / "translations" / "en.json").read_text())["config"]["error"]
    sentences = " ".join(texts.get(error, error) for error in flow["errors"].values())
    for name, value in (flow.get("description_placeholders") or {}).items():
        sentences = sentences.replace(f"{{{name}}}", str(value))
    return sentences


async def stepaudio_entities(socket: Socket) -> dict[str, str]:
    """Return our entity ids by platform, as soon as all that a pipeline needs are there."""
    found: dict[str, str] = {}
    try:
        async with asyncio.timeout(_ENTITIES_TIMEOUT_S):
            while not {"conversation", "stt", "tts"} <= found.keys():
                await asyncio.sleep(_POLL_S)
                for entry in await socket.call("config/entity_registry/list"):
                    if entry["platform"] == "stepaudio":
                        found.setdefault(entry["entity_id"].partition(".")[0], entry["entity_id"])
    except TimeoutError:
        listed = ", ".join(found.values()) or "none"
        raise HouseError(f"StepAudio's entities did not all appear; these did: {listed}.") from None
    return found


async def create_pipeline(socket: Socket, entities: dict[str, str]) -> str:
    """Create an Assist pipeline of our three entities, make it the preferred one, and return its id."""
    pipeline = await socket.call(
        "assist_pipeline/pipeline/create",
        name="StepAudio",
        language="en",
        conversation_engine=entities["conversation"],
        conversation_language="en",
        stt_engine=entities["stt"],
        stt_language="en-US",
        tts_engine=entities["tts"],
        tts_language="en-US",
        tts_voice=None,
        wake_word_entity=None,
        wake_word_id=None,
    )
    pipeline_id: str = pipeline["id"]
    await socket.call("assist_pipeline/pipeline/set_preferred", pipeline_id=pipeline_id)
    return pipeline_id


async def place_light(socket: Socket) -> str:
    """Put the light into the kitchen, dark, show it to Assist, and return its entity id."""
    states = await socket.call("get_states")
    light = next((s["entity_id"] for s in states if s["attributes"].get("friendly_name") == LIGHT_NAME), None)
    if light is None:
        raise HouseError(f"Home Assistant has no {LIGHT_NAME}.")
    areas = {area["name"]: area["area_id"] for area in await socket.call("config/area_registry/list")}
    if LIGHT_AREA not in areas:
        areas[LIGHT_AREA] = (await socket.call("config/area_registry/create", name=LIGHT_AREA))["area_id"]
    await socket.call("config/entity_registry/update", entity_id=light, area_id=areas[LIGHT_AREA])
    await socket.call(
        "homeassistant/expose_entity", assistants=["conversation"], entity_ids=[light], should_expose=True
    )
    # Never switched, a template light has no state yet.
    await socket.call("call_service", domain="light", service="turn_off", target={"entity_id": light})
    entity_id: str = light
    return entity_id


async def state_of(socket: Socket, entity_id: str) -> str:
    """Return an entity's state."""
    states = await socket.call("get_states")
    state: str = next(s["state"] for s in states if s["entity_id"] == entity_id)
    return state
