"""The homes to live in: their rooms, what stands in them, and who answers. Their devices are in the folder homes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .api import Json, Socket

_FOLDER = Path(__file__).with_name("homes")


@dataclass(frozen=True)
class Room:
    """One area, with its Chinese name, and the entities in it with theirs."""

    name: str
    chinese: str
    things: Mapping[str, str]
    floor: str | None = None
    thermometer: str | None = None


@dataclass(frozen=True)
class Assistant:
    """Who answers: an Assist pipeline in a language, and a persona of its own."""

    name: str
    language: str
    speech_language: str
    voice: str
    agent: Json
    """What is filled into the forms of a new agent."""


@dataclass(frozen=True)
class Home:
    """Devices, as a folder of Home Assistant packages, the rooms they stand in, and who answers."""

    devices: Path
    rooms: tuple[Room, ...]
    floors: Mapping[str, tuple[str, int]]
    """Their Chinese names and levels."""
    assistants: tuple[Assistant, ...]
    """The first one is preferred; none: the one that the set-up of an account offers."""


SMALL = Home(
    _FOLDER / "small",
    (Room("Kitchen", "厨房", {"light.kitchen_light": "厨房灯"}),),
    {},
    (),
)

FAMILY = Home(
    _FOLDER / "family",
    (
        Room(
            "Living Room",
            "客厅",
            {
                "light.living_room_light": "客厅灯",
                "light.reading_lamp": "阅读灯",
                "cover.living_room_curtains": "客厅窗帘",
                "climate.living_room_heating": "客厅暖气",
                "media_player.living_room_radio": "收音机",
                "sensor.living_room_temperature": "客厅温度",
            },
            "Ground Floor",
            "sensor.living_room_temperature",
        ),
        Room(
            "Kitchen",
            "厨房",
            {
                "light.kitchen_light": "厨房灯",
                "switch.coffee_machine": "咖啡机",
                "binary_sensor.kitchen_window": "厨房窗户",
                "sensor.dishwasher": "洗碗机",
            },
            "Ground Floor",
        ),
        Room(
            "Bedroom",
            "卧室",
            {
                "light.bedroom_light": "卧室灯",
                "cover.bedroom_blinds": "卧室百叶窗",
                "sensor.bedroom_temperature": "卧室温度",
            },
            "Upper Floor",
            "sensor.bedroom_temperature",
        ),
        Room("Study", "书房", {"light.study_light": "书房灯", "fan.study_fan": "书房风扇"}, "Upper Floor"),
        Room(
            "Garden",
            "花园",
            {
                "light.garden_lights": "花园灯",
                "cover.garage_door": "车库门",
                "sensor.outdoor_temperature": "室外温度",
            },
            thermometer="sensor.outdoor_temperature",
        ),
    ),
    {"Ground Floor": ("一楼", 0), "Upper Floor": ("二楼", 1)},
    (
        Assistant(
            "Robin",
            "en",
            "en-US",
            "elegantgentle-female",
            {
                "name": "Robin",
                "scene": "A family's house in the evening; you have known everybody here for years.",
                "tone": "Warm, dry and unhurried.",
                "answer_language": "english",
                "voice": "elegantgentle-female",
            },
        ),
        # Told in English too: on one plan the model calls no tools under Chinese instructions (protocol sheet 1.7).
        Assistant(
            "小满",
            "zh",
            "zh-CN",
            "livelybreezy-female",
            {
                "name": "小满",
                "scene": "A family's house in Shanghai; you grew up with the children.",
                "tone": "Bright, quick and a little cheeky.",
                "answer_language": "chinese",
                "voice": "livelybreezy-female",
            },
        ),
    ),
)


async def furnish(socket: Socket, home: Home) -> None:
    """Give the home its floors and rooms, put everything into its room and show it to Assist."""
    floors = {}
    for name, (chinese, level) in home.floors.items():
        floor = await socket.call("config/floor_registry/create", name=name, aliases=[chinese], level=level)
        floors[name] = floor["floor_id"]
    # Home Assistant begins with a few areas of its own.
    areas = {area["name"].title(): area["area_id"] for area in await socket.call("config/area_registry/list")}
    for room in home.rooms:
        if room.name not in areas:
            areas[room.name] = (await socket.call("config/area_registry/create", name=room.name))["area_id"]
        for thing, chinese in room.things.items():
            # None stands for the entity's own name.
            where = {"area_id": areas[room.name], "aliases": [None, chinese]}
            await socket.call("config/entity_registry/update", entity_id=thing, **where)
        await socket.call(
            "config/area_registry/update",
            area_id=areas[room.name],
            name=room.name,
            aliases=[room.chinese],
            floor_id=floors[room.floor] if room.floor else None,
            temperature_entity_id=room.thermometer,
        )
    things = [thing for room in home.rooms for thing in room.things]
    await socket.call("homeassistant/expose_entity", assistants=["conversation"], entity_ids=things, should_expose=True)
