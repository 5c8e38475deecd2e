"""Cloned voices: listed, made, and tried (sheet 2.3)."""

import base64

import aiohttp
import pytest

from house.sound import decode
from simulator import read_tones
from tests.simulator.client import KEY

SOURCE = {"model": "stepaudio-2.5-tts", "file_id": "file-of-mine"}


@pytest.fixture
async def web(socket_enabled):
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session


async def listed(web, simulator, query="order=asc"):
    async with web.get(f"{simulator.url}/v1/audio/voices?{query}") as response:
        assert response.status == 200
        return await response.json()


async def made(web, simulator, **change):
    async with web.post(f"{simulator.url}/v1/audio/voices", json=SOURCE | change) as response:
        assert response.status == 200
        return await response.json()


async def test_clone_made_is_listed_and_speaks(start, web):
    simulator = await start()
    voice = await made(web, simulator, text="What I say in it.")
    body = await listed(web, simulator)
    assert voice["object"] == "audio.voice"
    assert voice["id"].startswith("voice-tone-")
    assert (body["data"][-1]["id"], body["data"][-1]["file_id"]) == (voice["id"], "file-of-mine")
    assert body["last_id"] == voice["id"]
    speech = {"model": "stepaudio-2.5-tts", "input": "Hello.", "voice": voice["id"]}
    async with web.post(f"{simulator.url}/v1/audio/speech", json=speech) as response:
        assert response.status == 200


async def test_clone_of_the_same_file_is_the_same_voice(start, web):
    simulator = await start()
    first, second = await made(web, simulator), await made(web, simulator)
    assert second == first | {"duplicated": True}
    assert "duplicated" not in first


async def test_clones_are_listed_before_and_after_one(start, web):
    simulator = await start()
    await made(web, simulator)
    ids = [clone["id"] for clone in (await listed(web, simulator))["data"]]
    assert [clone["id"] for clone in (await listed(web, simulator, "order=desc"))["data"]] == ids[::-1]
    assert [clone["id"] for clone in (await listed(web, simulator, f"order=asc&before={ids[1]}"))["data"]] == ids[:1]
    assert [clone["id"] for clone in (await listed(web, simulator, f"order=asc&after={ids[1]}"))["data"]] == ids[2:]


async def test_clone_preview_says_the_sample_in_a_wav(start, web):
    body = SOURCE | {"sample_text": "This is how I sound.", "sample_rate": 16000}
    async with web.post(f"{(await start()).url}/v1/audio/voices/preview", json=body) as response:
        answer = await response.json()
    audio = base64.b64decode(answer["sample_audio"])
    assert audio.startswith(b"RIFF")
    assert read_tones(decode(audio, 16000), 16000) == answer["sample_text"] == "This is how I sound."
    assert answer["request_id"]


@pytest.mark.parametrize("path", ["/v1/audio/voices", "/v1/audio/voices/preview"])
@pytest.mark.parametrize(
    "change", [{"model": ""}, {"model": "stepaudio-3-tts"}, {"file_id": ""}, {"file_id": None}, {"text": 7}]
)
async def test_clone_wrong_request_is_400(start, web, path, change):
    body = SOURCE | {"sample_text": "This is how I sound."} | change
    async with web.post(f"{(await start()).url}{path}", json=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "request_params_invalid"


@pytest.mark.parametrize("change", [{"sample_text": ""}, {"speed": 9}, {"sample_rate": 44100}])
async def test_clone_wrong_preview_is_400(start, web, change):
    body = SOURCE | {"sample_text": "This is how I sound."} | change
    async with web.post(f"{(await start()).url}/v1/audio/voices/preview", json=body) as response:
        assert response.status == 400
