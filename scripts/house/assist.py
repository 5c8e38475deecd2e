"""Settles our integration into a Home Assistant: the account, the agents, and an Assist pipeline for each of them."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from .api import Api, Json, Socket
from .home_assistant import INTEGRATION
from .homes import Assistant
from .report import HouseError
from .service import Account

_ENTITIES_TIMEOUT_S = 30.0
_POLL_S = 0.1
_ENTRIES = "/api/config/config_entries/flow"
_OPTIONS = "/api/config/config_entries/options/flow"
_FIRST_AGENT = "StepAudio"  # what an account begins with
_OPTIONS = "/api/config/config_entries/options/flow"
_SUBENTRIES = "/api/config/config_entries/subentries/flow"


async def add_stepaudio(api: Api, account: Account, *, take_assistant: bool) -> str:
    """Add the integration as a user does, form by form, and return the id of its entry."""
    answers: dict[str, Json] = {
        "user": {"region": account.region, "plan": account.plan, "api_key": account.api_key},
        "custom": {"url": account.url},
        "assistant": {"assistant": take_assistant, "preferred": True},
    }
    entry_id: str = (await _fill_in(api, _ENTRIES, "stepaudio", answers))["result"]["entry_id"]
    return entry_id


async def raise_limit(api: Api, socket: Socket, entry_id: str, sessions: int) -> None:
    """Let an account hold so many sessions at once, as a user does whose plan allows it."""
    await _fill_in(api, _OPTIONS, entry_id, {"init": {"max_sessions": sessions}})
    await _until_loaded(socket, entry_id)


async def add_wyoming(api: Api, host: str, port: int) -> str:
    """Add a Wyoming satellite as a user does, and return the id of its entry."""
    answers = {"user": {"host": host, "port": port}}
    entry_id: str = (await _fill_in(api, _ENTRIES, "wyoming", answers))["result"]["entry_id"]
    return entry_id


async def add_openai(api: Api) -> str:
    """Add Home Assistant's own OpenAI integration as a user does, and return the id of its entry."""
    answers = {"user": {"api_key": "any"}}
    entry_id: str = (await _fill_in(api, _ENTRIES, "openai_conversation", answers))["result"]["entry_id"]
    return entry_id


async def set_limits(api: Api, socket: Socket, entry_id: str, limits: Json) -> None:
    """Change an account's limits as a user does, and wait until they are in force."""
    await _fill_in(api, _OPTIONS, entry_id, {"init": limits})
    await _until_loaded(socket, entry_id)


async def _fill_in(api: Api, path: str, handler: str | list[str], answers: Mapping[str, Json]) -> Json:
    """Go through a flow with an answer for each step, what it suggests beside it, and return its end."""
    flow = await api.post(path, {"handler": handler, "show_advanced_options": False})
    left = dict(answers)
    while flow["type"] == "form":
        step = flow["step_id"]
        if flow.get("errors"):
            raise HouseError(f"The form was refused: {_in_words(flow)}")
        if (answer := left.pop(step, None)) is None:
            raise HouseError(f"{handler}: there is a step that this script does not know: “{step}”.")
        flow = await api.post(f"{path}/{flow['flow_id']}", _filled(flow["data_schema"], answer))
    if flow["type"] != "create_entry":
        raise HouseError(f"{handler}: the flow ended with “{flow['type']}”: {flow.get('reason')}.")
    return flow


def _filled(fields: list[Json], answer: Json) -> Json:
    """Return a form as it is sent: what is answered, else what it suggests; what is in a section stays there."""
    form: Json = {}
    for field in fields:
        name = field["name"]
        suggested = (field.get("description") or {}).get("suggested_value", field.get("default"))
        if field.get("type") == "expandable":
            form[name] = _filled(field["schema"], answer)
        elif (value := answer.get(name, suggested)) is not None:
            form[name] = value
    return form


def _in_words(flow: Json) -> str:
    """Say what the form says; the API gives only the names of the texts."""
    texts = json.loads((INTEGRATION / "translations" / "en.json").read_text())["config"]["error"]
    sentences = " ".join(texts.get(error, error) for error in flow["errors"].values())
    for name, value in (flow.get("description_placeholders") or {}).items():
        sentences = sentences.replace(f"{{{name}}}", str(value))
    return sentences


async def entities_of(socket: Socket, entry_id: str) -> dict[str, str]:
    """Return an entry's entity ids by platform, as soon as all that a pipeline needs are there."""
    found: dict[str, str] = {}
    try:
        async with asyncio.timeout(_ENTITIES_TIMEOUT_S):
            while not {"conversation", "stt", "tts"} <= found.keys():
                await asyncio.sleep(_POLL_S)
                for entry in await socket.call("config/entity_registry/list"):
                    if entry["config_entry_id"] == entry_id:
                        found.setdefault(entry["entity_id"].partition(".")[0], entry["entity_id"])
    except TimeoutError:
        listed = ", ".join(found.values()) or "none"
        raise HouseError(f"What an assistant needs did not all appear; this did: {listed}.") from None
    return found


async def welcome(api: Api, socket: Socket, entry_id: str, assistants: Sequence[Assistant]) -> str:
    """Set up who answers, prefer the first, and return its pipeline's id; without any, that of the set-up."""
    entities = await entities_of(socket, entry_id)
    if not assistants:
        return await _assistant_of_set_up(socket, entities)
    pipelines = []
    for assistant in assistants:
        persona = {"user": {**assistant.agent, "recommended": False}, "advanced": assistant.agent}
        await _fill_in(api, _SUBENTRIES, [entry_id, "conversation"], persona)
        await _until_loaded(socket, entry_id)
        agent = await _agent_of(socket, entry_id, assistant)
        pipelines.append(await create_pipeline(socket, {**entities, "conversation": agent}, assistant))
    await _dismiss_first_agent(socket, entry_id)
    await socket.call("assist_pipeline/pipeline/set_preferred", pipeline_id=pipelines[0])
    return pipelines[0]


async def _assistant_of_set_up(socket: Socket, entities: Mapping[str, str]) -> str:
    listed = await socket.call("assist_pipeline/pipeline/list")
    pipeline_id: str = listed["preferred_pipeline"]
    pipeline = next(each for each in listed["pipelines"] if each["id"] == pipeline_id)
    if any(pipeline[f"{stage}_engine"] != entities[stage] for stage in ("conversation", "stt", "tts")):
        raise HouseError(f"The preferred assistant is “{pipeline['name']}”, and not of StepAudio's entities.")
    return pipeline_id


async def _agent_of(socket: Socket, entry_id: str, assistant: Assistant) -> str:
    """Return the entity id of an assistant's agent."""
    subentry_id = await _agent_called(socket, entry_id, assistant.agent["name"])
    entries = await socket.call("config/entity_registry/list")
    agent: str = next(entry["entity_id"] for entry in entries if entry["config_subentry_id"] == subentry_id)
    return agent


async def _dismiss_first_agent(socket: Socket, entry_id: str) -> None:
    subentry_id = await _agent_called(socket, entry_id, _FIRST_AGENT)
    await socket.call("config_entries/subentries/delete", entry_id=entry_id, subentry_id=subentry_id)
    await _until_loaded(socket, entry_id)


async def _agent_called(socket: Socket, entry_id: str, name: str) -> str:
    """Return the id of an agent's subentry."""
    subentries = await socket.call("config_entries/subentries/list", entry_id=entry_id)
    kind_and_title = ("conversation", name)
    subentry_id: str = next(s["subentry_id"] for s in subentries if (s["subentry_type"], s["title"]) == kind_and_title)
    return subentry_id


async def _until_loaded(socket: Socket, entry_id: str) -> None:
    """Wait until an account that was changed has been set up again."""
    state = ""
    try:
        async with asyncio.timeout(_ENTITIES_TIMEOUT_S):
            while state != "loaded":
                await asyncio.sleep(_POLL_S)
                entry = await socket.call("config_entries/get_single", entry_id=entry_id)
                state = entry["config_entry"]["state"]
    except TimeoutError:
        raise HouseError(f"StepAudio was not set up again after a change of its agents: {state}.") from None


async def create_pipeline(socket: Socket, engines: Mapping[str, str], assistant: Assistant) -> str:
    """Have an assistant answer through these entities, given by platform, and return its pipeline's id."""
    pipeline = await socket.call(
        "assist_pipeline/pipeline/create",
        name=assistant.name,
        language=assistant.language,
        conversation_engine=engines["conversation"],
        conversation_language=assistant.language,
        stt_engine=engines["stt"],
        stt_language=assistant.speech_language,
        tts_engine=engines["tts"],
        tts_language=assistant.speech_language,
        tts_voice=assistant.voice,
        wake_word_entity=None,
        wake_word_id=None,
    )
    pipeline_id: str = pipeline["id"]
    return pipeline_id


async def state_of(socket: Socket, entity_id: str) -> str:
    """Return an entity's state."""
    states = await socket.call("get_states")
    state: str = next(s["state"] for s in states if s["entity_id"] == entity_id)
    return state
