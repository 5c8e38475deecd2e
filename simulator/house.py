"""The brain that knows its way about a house: small, honest, English and Chinese."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .brain import Call, Prompt, Say, Step
from .text import is_chinese

DOMAINS = {
    "light": ("light", "lights", "lamp", "lamps", "灯"),
    "switch": ("switch", "plug", "socket", "插座", "开关"),
    "fan": ("fan", "风扇"),
    "cover": ("blind", "blinds", "curtain", "curtains", "shutter", "shutters", "cover", "窗帘"),
    "media_player": ("tv", "television", "radio", "music", "speaker", "电视", "音乐"),
    "climate": ("heating", "thermostat", "air conditioner", "空调", "暖气"),
}
OFF = r"\b(?:turn|switch|shut|put)\b.*\boff\b|\bclose\b|关"
ON = r"\b(?:turn|switch|put)\b.*\bon\b|\bopen\b|打开|开灯|开一下|(?<!关)(?<!公)开(?!始|会|心)"
STATE = (
    r"\b(?:is|are)\b.*\b(?:on|off|open|closed)\b|\bstate\b|\bstatus\b|\bhow (?:warm|cold|hot|bright)\b"
    r"|\btemperature\b|状态|温度|多少度|开着|关着|几度"
)
DEGREES = r"(\d+(?:\.\d+)?)\s*(?:degrees|°|度)"
WARMTH = r"\b(?:warm|cold|hot|temperature)\b|温度|几度|多少度|冷|热"
HERE = r"You are in area (.+?)(?: \(floor .+?\))? and all generic commands"
TIME = r"\bwhat(?:'s| is)? (?:the )?time\b|\btime is it\b|几点"
RECALL = r"\bwhat did i (?:just )?(?:say|ask)\b|我刚才说|我说了什么"


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing of the house, as the instructions describe it."""

    names: tuple[str, ...]
    domain: str
    areas: tuple[str, ...]


class HouseBrain:
    """Calls the tools it was given for what it heard, says what they say, and else talks about what it heard."""

    def answer(self, prompt: Prompt) -> Sequence[Step]:
        """Plan one response."""
        words = prompt.user_words()
        heard = words[-1] if words else ""
        chinese = is_chinese(heard)
        if results := prompt.results():
            return [Say(" ".join(say_result(name, output, heard) for name, output in results))]
        if not heard:
            return [Say("Hello. What can I do for you?")]
        if call := self._call(prompt, heard):
            return [call]
        if re.search(TIME, heard, re.IGNORECASE):
            return [Say(time.strftime("现在是%H点%M分。" if chinese else "It is %H:%M."))]
        if re.search(RECALL, heard, re.IGNORECASE):
            before = words[-2] if len(words) > 1 else ""
            if not before:
                return [Say("你还没说过什么。" if chinese else "You have not said anything before.")]
            return [Say(f"你刚才说：{before}" if chinese else f"You said: {before}")]
        if chinese:
            return [Say(f"你说的是：{heard} 我很乐意和你聊这个。")]
        return [Say(f"You said: {heard} That is a nice thing to talk about.")]

    def _call(self, prompt: Prompt, heard: str) -> Call | None:
        if re.search(TIME, heard, re.IGNORECASE):
            name = find_tool(prompt, "GetDateTime")
            return Call(name) if name else None
        if (degrees := re.search(DEGREES, heard)) and (name := find_tool(prompt, "HassClimateSetTemperature")):
            area = find_area(read_entities(prompt.instructions), heard)
            return Call(name, {"temperature": float(degrees[1]), **({"area": area} if area else {})})
        for pattern, tool, placed in (
            (STATE, "GetLiveContext", False),
            (OFF, "HassTurnOff", True),
            (ON, "HassTurnOn", True),
        ):
            if re.search(pattern, heard, re.IGNORECASE) and (name := find_tool(prompt, tool)):
                return Call(name, target(prompt, name, heard) if placed else {})
        return None


def find_tool(prompt: Prompt, ending: str) -> str | None:
    """Find a function by the end of its name, for Home Assistant puts a namespace before it."""
    return next((name for name in prompt.functions if name == ending or name.endswith(f"_{ending}")), None)


def target(prompt: Prompt, tool: str, heard: str) -> dict[str, Any]:
    """Fill name, or area and domain, from what was heard, as far as the tool takes them."""
    known = prompt.functions[tool].get("parameters", {}).get("properties", {})
    entities = read_entities(prompt.instructions)
    here = re.search(HERE, prompt.instructions)
    found: dict[str, Any] = {}
    if entity := find_entity(entities, heard, here[1] if here else None):
        found = {"name": entity.names[0]}
        if entity.areas and any(area.lower() in heard.lower() for area in entity.areas):
            found["area"] = entity.areas[0]
    else:
        domain = find_domain(heard)
        area = find_area(entities, heard) or (here[1] if here and domain else None)
        if area:
            found["area"] = area
        if domain:
            found["domain"] = [domain] if known.get("domain", {}).get("type") == "array" else domain
        if not found:
            found = {"name": heard.strip(" .!?。")}
    return {name: value for name, value in found.items() if not known or name in known}


def read_entities(instructions: str) -> list[Entity]:
    """Read the overview of the house that Home Assistant puts into its prompt."""
    found = []
    for block in re.split(r"(?m)^\s*-\s+(?=names?:)", instructions)[1:]:
        fields = dict(re.findall(r"(?m)^\s*(names?|domain|areas?):[ \t]*(.+?)\s*$", block))
        names = fields.get("names") or fields.get("name", "")
        areas = fields.get("areas") or fields.get("area", "")
        found.append(Entity(_list(names), fields.get("domain", ""), _list(areas)))
    return [entity for entity in found if entity.names]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip(" '\"") for part in text.split(",") if part.strip(" '\""))


def find_entity(entities: list[Entity], heard: str, here: str | None = None) -> Entity | None:
    """Find the thing whose name was heard: whole, else all its words, the longest name first.

    Else the only one of its kind in the room that was heard, or `here`, or anywhere.
    """
    text = heard.lower()
    named = sorted(
        ((name.lower(), entity) for entity in entities for name in entity.names), key=lambda pair: -len(pair[0])
    )
    for name, entity in named:
        if name in text:
            return entity
    words = set(re.findall(r"\w+", text))
    for name, entity in named:
        if words.issuperset(re.findall(r"\w+", name)):
            return entity
    fitting = [entity for entity in entities if entity.domain == find_domain(heard)]
    area = find_area(entities, heard)
    nearby = [entity for entity in fitting if (area or here) in entity.areas]
    if area is None and not nearby:
        nearby = fitting
    return nearby[0] if len(nearby) == 1 else None


def find_thermometer(entities: list[Entity], heard: str) -> Entity | None:
    """Find what measures the warmth that was asked about."""
    if not re.search(WARMTH, heard, re.IGNORECASE):
        return None
    area = find_area(entities, heard)
    named = (entity for entity in entities if "temperature" in entity.names[0].lower() or "温度" in entity.names[0])
    return next((entity for entity in named if area is None or area in entity.areas), None)


def find_area(entities: list[Entity], heard: str) -> str | None:
    """Find the room that was heard."""
    areas = {area for entity in entities for area in entity.areas}
    return next((area for area in sorted(areas, key=len, reverse=True) if area.lower() in heard.lower()), None)


def find_domain(heard: str) -> str | None:
    """Find the kind of thing that was heard."""
    words = set(re.findall(r"[a-z]+", heard.lower()))
    for domain, names in DOMAINS.items():
        if any(name in words if name.isascii() and " " not in name else name in heard.lower() for name in names):
            return domain
    return None


def say_result(name: str, output: str, heard: str) -> str:
    """Say what a tool's result says."""
    chinese = is_chinese(heard)
    try:
        result = json.loads(output)
    except ValueError:
        return output
    if not isinstance(result, dict):
        return str(result)
    if error := result.get("error_text") or result.get("error"):
        return f"没有成功：{error}。" if chinese else f"That did not work: {error}."
    speech = result.get("speech")
    if isinstance(speech, dict) and speech:
        said = next(iter(speech.values())).get("speech", "")
        if said:
            return str(said)
    if name.endswith("GetLiveContext"):
        return say_state(str(result.get("result", "")), heard, chinese)
    if name.endswith("GetDateTime"):
        nested = result.get("result")
        clock = (nested if isinstance(nested, dict) else result).get("time", "")
        return f"现在是{clock}。" if chinese else f"It is {clock}."
    success = (result.get("data") or {}).get("success") or []
    things = ", ".join(str(thing.get("name", "")) for thing in success if thing.get("type") == "entity")
    if things:
        if name.endswith("SetTemperature"):
            return f"{things}已设置好。" if chinese else f"I set {things}."
        if name.endswith("TurnOff"):
            return f"{things}已关闭。" if chinese else f"I turned off {things}."
        return f"{things}已打开。" if chinese else f"I turned on {things}."
    return "好了。" if chinese else "Done."


def say_state(context: str, heard: str, chinese: bool) -> str:
    """Say the state of what was asked about, from Home Assistant's live context."""
    entities = read_entities(context)
    entity = find_entity(entities, heard) or find_thermometer(entities, heard)
    if entity is None:
        return "我没有找到它。" if chinese else "I could not find that."
    block = re.split(r"(?m)^\s*-\s+(?=names?:)", context)[1:][entities.index(entity)]
    state = re.search(r"(?m)^\s*state:\s*['\"]?(.+?)['\"]?\s*$", block)
    value = state[1] if state else "unknown"
    if chinese:
        return f"{entity.names[0]}现在是{ {'on': '开着', 'off': '关着'}.get(value, value) }。"
    return f"The {entity.names[0]} is {value}."
