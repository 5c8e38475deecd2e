"""scripts/develop as a developer runs it: a family's home, two personas, nothing fetched, nothing left behind."""

import json
import signal
import subprocess
import uuid
from types import SimpleNamespace

import aiohttp
import pytest

from house.api import Api
from house.assist import state_of
from house.homes import FAMILY
from house.satellite import Satellite
from house.sound import RATE_HZ, decode
from simulator import read_tones, tones

from .shell import REPOSITORY, environment, processes_of

# A package that is missing would be looked for nowhere, and be told of in Home Assistant's log.
OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Open a house for all, with ears and a voice that need no model; when it ends, see that nothing is left behind."""
    folder, mark = tmp_path_factory.mktemp("develop"), uuid.uuid4().hex
    with subprocess.Popen(
        [REPOSITORY / "scripts/develop", "--port", "0", "--ears", "script", "--voice", "tone"],
        env=environment(mark, TMPDIR=str(folder), **OFFLINE),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        note = REPOSITORY / ".houses" / f"{run.pid}.json"
        try:
            invitation = next((line for line in run.stdout if "open http" in line), None)
            assert invitation is not None, run.stderr.read()
            plate = json.loads(note.read_text())
            yield SimpleNamespace(invitation=invitation, note=note, folder=folder, **plate)
        finally:
            run.send_signal(signal.SIGINT)
            _, errors = run.communicate(timeout=60)
    assert run.returncode == 128 + signal.SIGINT, errors
    assert "Traceback" not in errors
    assert processes_of(mark) == []
    assert list(folder.glob("stepaudio-*")) == []
    assert not note.exists()


@pytest.fixture
async def api(opened):
    async with aiohttp.ClientSession() as session:
        yield Api(session, opened.url, opened.token)


@pytest.fixture
async def socket(api):
    async with api.socket() as socket:
        yield socket


async def test_develop_invites_to_where_a_browser_may_use_the_microphone(opened, api):
    assert f"{opened.url.replace('127.0.0.1', 'localhost')} " in opened.invitation
    async with api.session.get(opened.url) as page:
        assert page.ok
        assert "<home-assistant" in await page.text()


async def test_develop_tells_only_its_user_the_way_in(opened):
    assert opened.note.stat().st_mode & 0o077 == 0
    assert opened.note.parent.stat().st_mode & 0o077 == 0
    assert opened.service_url.startswith("http://127.0.0.1:")


async def test_develop_home_stays_at_its_address_and_needs_no_repair(socket):
    # What is pending is reverted after five minutes, by a restart.
    assert (await socket.call("http/config"))["pending"] is None
    assert (await socket.call("repairs/list_issues"))["issues"] == []


async def test_develop_home_has_its_rooms_on_their_floors(socket):
    floors = {each["floor_id"]: each for each in await socket.call("config/floor_registry/list")}
    assert {(each["name"], *each["aliases"]) for each in floors.values()} == {
        ("Ground Floor", "一楼"),
        ("Upper Floor", "二楼"),
    }
    areas = await socket.call("config/area_registry/list")
    told = {(each["name"], *each["aliases"], floors.get(each["floor_id"], {}).get("name")) for each in areas}
    assert told == {(room.name, room.chinese, room.floor) for room in FAMILY.rooms}


async def test_develop_home_has_every_thing_in_its_room_with_a_state_and_exposed(socket):
    areas = {each["area_id"]: each["name"] for each in await socket.call("config/area_registry/list")}
    placed = {
        each["entity_id"]: areas.get(each["area_id"]) for each in await socket.call("config/entity_registry/list")
    }
    things = {thing: room.name for room in FAMILY.rooms for thing in room.things}
    assert {thing: placed.get(thing) for thing in things} == things
    assert {area for area in placed.values() if area} == set(things.values())
    kinds = {thing.partition(".")[0] for thing in things}
    assert {"light", "cover", "climate", "media_player", "sensor", "switch", "fan", "binary_sensor"} == kinds
    exposed = (await socket.call("homeassistant/expose_entity/list"))["exposed_entities"]
    assert {each for each, where in exposed.items() if where.get("conversation")} == set(things)
    states = {each["entity_id"]: each["state"] for each in await socket.call("get_states")}
    assert {states[thing] for thing in things}.isdisjoint({"unknown", "unavailable"})


async def test_develop_has_an_assistant_in_english_and_one_in_chinese(socket):
    told = await socket.call("assist_pipeline/pipeline/list")
    ours = [each for each in told["pipelines"] if each["stt_engine"] == "stt.stepaudio_ears"]
    assert [(each["name"], each["language"], each["stt_language"], each["tts_language"]) for each in ours] == [
        ("Robin", "en", "en-US", "en-US"),
        ("小满", "zh", "zh-CN", "zh-CN"),
    ]
    assert [each["conversation_engine"] for each in ours] == ["conversation.robin", "conversation.xiao_man"]
    assert {each["tts_engine"] for each in ours} == {"tts.stepaudio_voice"}
    assert len({each["tts_voice"] for each in ours} - {None}) == 2
    assert told["preferred_pipeline"] == ours[0]["id"]


async def test_develop_home_does_what_its_first_assistant_hears(api, socket):
    preferred = (await socket.call("assist_pipeline/pipeline/list"))["preferred_pipeline"]
    heard = await Satellite(api, socket, preferred).ask(tones("Open the bedroom blinds.", RATE_HZ))
    assert heard.error is None
    assert heard.transcript == "Open the bedroom blinds."
    assert read_tones(decode(bytes(heard.audio)), RATE_HZ) == heard.reply
    assert await state_of(socket, "cover.bedroom_blinds") == "open"


@pytest.mark.parametrize(
    ("agent", "words", "thing", "state"),
    [
        ("robin", "Turn on the study light.", "light.study_light", "on"),
        ("robin", "Turn on the radio in the living room.", "media_player.living_room_radio", "on"),
        ("xiao_man", "打开客厅灯。", "light.living_room_light", "on"),
        ("xiao_man", "关上客厅窗帘。", "cover.living_room_curtains", "closed"),
    ],
)
async def test_develop_home_does_what_its_agents_read(socket, agent, words, thing, state):
    assert await state_of(socket, thing) != state
    await tell(socket, agent, words)
    assert await state_of(socket, thing) == state


async def test_develop_home_can_be_warmed(socket):
    await tell(socket, "robin", "Set the living room to 23 degrees.")
    states = await socket.call("get_states")
    heating = next(each for each in states if each["entity_id"] == "climate.living_room_heating")
    assert heating["state"] == "heat"
    assert heating["attributes"]["temperature"] == 23


def test_develop_starts_without_an_error_and_without_fetching_anything(opened):
    (log,) = opened.folder.glob("stepaudio-*/config/output.log")
    lines = log.read_text().splitlines()
    assert [line for line in lines if " ERROR " in line] == []
    assert [
        line for line in lines if "WARNING" in line and "stepaudio" in line and "custom integration" not in line
    ] == []


async def tell(socket, agent, words):
    """Type to an agent."""
    await socket.call("conversation/process", text=words, language="en", agent_id=f"conversation.{agent}")
