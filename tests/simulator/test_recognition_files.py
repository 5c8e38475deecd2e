"""Recognition of whole files (sheet 3.1, 3.3)."""

import io

import aiohttp
import orjson
import pytest
from aiohttp import web as server
from aiohttp.test_utils import TestServer

from house.sound import wav
from simulator.recognition_files import MAX_FILE_BYTES
from tests.simulator.client import KEY, voice_of

WORDS = "Turn on the kitchen light, please."
RATE_HZ = 16000


@pytest.fixture
async def web(socket_enabled):
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session


def form(audio=None, name="words.wav", **change):
    fields = {"model": "step-asr", "response_format": "json", "hotwords": '["Bilresa"]'} | change
    made = aiohttp.FormData({key: value for key, value in fields.items() if value is not None})
    if audio is not None:
        made.add_field("file", io.BytesIO(audio), filename=name)
    return made


@pytest.mark.parametrize("name", ["words.wav", "words.pcm"])
@pytest.mark.parametrize("response_format", ["json", "text"])
async def test_transcription_of_a_form_is_words_or_json(start, web, name, response_format):
    pcm = voice_of(WORDS, RATE_HZ)
    data = form(pcm if name.endswith("pcm") else wav(pcm, RATE_HZ), name, response_format=response_format)
    async with web.post(f"{(await start()).url}/v1/audio/transcriptions", data=data) as response:
        answer = await response.text()
    assert response.status == 200
    assert (answer if response_format == "text" else orjson.loads(answer)["text"]) == WORDS


@pytest.mark.parametrize(
    "change",
    [
        {"response_format": None},
        {"response_format": "srt"},
        {"model": None},
        {"model": "stepaudio-2.5-asr"},
        {"audio": None},
        {"audio": b"no audio at all"},
        {"name": "words.flac"},
        {"hotwords": "Bilresa"},
        {"audio": bytes(MAX_FILE_BYTES), "name": "words.pcm"},
    ],
    ids=" ".join,
)
async def test_transcription_wrong_form_is_400(start, web, change):
    data = form(**{"audio": wav(voice_of(WORDS, RATE_HZ), RATE_HZ)} | change)
    async with web.post(f"{(await start()).url}/v1/audio/transcriptions", data=data) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "request_params_invalid"


async def test_transcription_of_what_is_no_form_is_400(start, web):
    async with web.post(f"{(await start()).url}/v1/audio/transcriptions", json={"model": "step-asr"}) as response:
        assert response.status == 400


@pytest.fixture
async def files(socket_enabled):
    """Serve one file, as a client's own web server would."""
    pcm = voice_of(WORDS, RATE_HZ)

    async def give(request):
        kinds = {"/words.wav": wav(pcm, RATE_HZ), "/words.pcm": pcm}
        return server.Response(body=kinds[request.path]) if request.path in kinds else server.Response(status=404)

    app = server.Application()
    app.router.add_get("/{name}", give)
    async with TestServer(app) as running:
        yield running


def task(url, kind="wav", **wanted):
    audio = {"url": str(url), "format": kind, "codec": "raw", "rate": RATE_HZ, "bits": 16, "channel": 1}
    return {"audio": audio, "request": {"model_name": "step-asr-1.1", "show_utterances": True} | wanted}


async def post(web, simulator, path, body):
    async with web.post(f"{simulator.url}/v1/audio/asr/file/{path}", json=body) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("kind", ["wav", "pcm"])
@pytest.mark.parametrize("shown", [True, False])
async def test_file_task_runs_and_gives_the_words(start, web, files, kind, shown):
    simulator = await start()
    body = task(files.make_url(f"/words.{kind}"), kind, show_utterances=shown)
    _, submitted = await post(web, simulator, "submit", body)
    assert await post(web, simulator, "query", submitted) == (200, {"status": "RUNNING"})
    _, done = await post(web, simulator, "query", submitted)
    [result] = done["result"]
    assert result["text"] == WORDS
    assert done["duration"] == len(voice_of(WORDS, RATE_HZ)) // 32
    assert ("utterances" in result) is shown
    if shown:
        [utterance] = result["utterances"]
        assert (utterance["start_time"], utterance["end_time"]) == (0, done["duration"])
        assert "".join(word["text"] for word in utterance["words"]) == WORDS


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("submit", {}),
        ("submit", task("http://127.0.0.1:1/words.wav")),
        ("submit", task("no address")),
        ("submit", task("http://127.0.0.1:1/words.wav", model_name="step-asr")),
        ("submit", task("http://127.0.0.1:1/words.aac", "aac")),
        ("query", {"task_id": "unknown"}),
        ("query", {}),
    ],
)
async def test_file_wrong_request_is_400(start, web, path, body):
    status, answer = await post(web, await start(), path, body)
    assert (status, answer["error"]["type"]) == (400, "request_params_invalid")


async def test_file_that_its_server_does_not_have_is_400(start, web, files):
    status, _ = await post(web, await start(), "submit", task(files.make_url("/other.wav")))
    assert status == 400
