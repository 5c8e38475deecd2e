"""The endpoints without a websocket (sheet 2.1, 2.3, 3.2, 4)."""

import base64

import aiohttp
import orjson
import pytest

from house.sound import decode
from simulator import PROFILES, Fault, read_tones
from tests.simulator.client import KEY, voice_of

TEXT = "Good morning to all of you. 今天天气很好。"
SPEECH = {"model": "stepaudio-2.5-tts", "input": TEXT, "voice": "linjiajiejie"}
WORDS = "Turn on the kitchen light, please."


@pytest.fixture
async def web(socket_enabled):
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session


def events(body):
    lines = [line.removeprefix(b"data: ") for line in body.split(b"\n\n") if line]
    return [orjson.loads(line) for line in lines if line != b"[DONE]"], lines[-1] == b"[DONE]"


async def test_models_are_listed_by_path(start, web):
    simulator = await start()
    async with web.get(f"{simulator.url}/v1/models") as response:
        body = await response.json()
    async with web.get(f"{simulator.url}/step_plan/v1/models") as response:
        plan = await response.json()
    ids = {model["id"] for model in body["data"]}
    assert body["object"] == "list"
    assert {"stepaudio-3-realtime-preview", "stepaudio-2.5-realtime"} <= ids
    assert all(model["object"] == "model" and model["owned_by"] == "stepai" for model in body["data"])
    assert "stepaudio-3-realtime-preview" not in {model["id"] for model in plan["data"]}
    assert "stepaudio-2.5-realtime" in {model["id"] for model in plan["data"]}


@pytest.mark.parametrize("path", ["/v1/models", "/v1/accounts", "/v1/audio/voices"])
async def test_bad_key_is_401_everywhere(start, path):
    simulator = await start()
    async with aiohttp.ClientSession() as web, web.get(f"{simulator.url}{path}") as response:
        assert response.status == 401
        assert (await response.json())["error"]["type"] == "invalid_api_key"
        assert response.headers["X-Trace-Id"]


@pytest.mark.parametrize(("quota", "broke"), [(True, False), (False, True)])
async def test_account_shows_its_balance(start, web, quota, broke):
    simulator = await start(switches=PROFILES["s3"].replace(quota=quota))
    async with web.get(f"{simulator.url}/v1/accounts") as response:
        body = await response.json()
    assert (body["object"], body["type"]) == ("account", "prepaid")
    assert (body["balance"] == 0) is broke


async def test_clones_are_listed_by_pages(start, web):
    simulator = await start()
    async with web.get(f"{simulator.url}/step_plan/v1/audio/voices?limit=1&order=asc") as response:
        first = await response.json()
    async with web.get(f"{simulator.url}/v1/audio/voices?limit=1&order=asc&after={first['last_id']}") as response:
        second = await response.json()
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert first["data"][0]["id"] != second["data"][0]["id"]
    assert all(page["data"][0]["id"].startswith("voice-tone-") for page in (first, second))


async def test_clones_with_a_wrong_limit_are_refused(start, web):
    async with web.get(f"{(await start()).url}/v1/audio/voices?limit=101") as response:
        assert response.status == 400


async def test_system_voices_are_those_of_one_model(start, web):
    simulator = await start()
    async with web.get(f"{simulator.url}/v1/audio/system_voices?model=step-tts-2") as response:
        body = await response.json()
    async with web.get(f"{simulator.url}/v1/audio/system_voices?model=stepaudio-2.5-tts") as response:
        assert response.status == 400
    async with web.get(f"{simulator.url}/step_plan/v1/audio/system_voices?model=step-tts-2") as response:
        assert response.status == 404
    assert len(body["voices"]) == 39
    assert body["voices-details"]["linjiajiejie"]["voice-name"]


@pytest.mark.parametrize("path", ["", "/step_plan"])
@pytest.mark.parametrize("response_format", ["mp3", "wav", "flac", "opus", "pcm"])
async def test_speech_says_the_text_in_every_format(start, web, path, response_format):
    simulator = await start()
    body = SPEECH | {"response_format": response_format}
    async with web.post(f"{simulator.url}{path}/v1/audio/speech", json=body) as response:
        assert response.status == 200
        audio = await response.read()
    assert read_tones(audio if response_format == "pcm" else decode(audio, 24_000), 24000) == TEXT
    assert simulator.responses[0].audio == audio


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 48000])
async def test_speech_has_the_rate_asked_for(start, web, rate_hz):
    body = SPEECH | {"response_format": "pcm", "sample_rate": rate_hz}
    async with web.post(f"{(await start()).url}/v1/audio/speech", json=body) as response:
        assert read_tones(await response.read(), rate_hz) == TEXT


@pytest.mark.parametrize("response_format", ["mp3", "wav", "pcm"])
async def test_speech_streams_events(start, web, response_format):
    body = SPEECH | {"response_format": response_format, "stream_format": "sse"}
    async with web.post(f"{(await start()).url}/v1/audio/speech", json=body) as response:
        assert response.content_type == "text/event-stream"
        found, done = events(await response.read())
    audio = b"".join(base64.b64decode(event["audio"]) for event in found)
    assert done
    assert [event["type"] for event in found][-1] == "speech.audio.done"
    assert read_tones(audio if response_format == "pcm" else decode(audio, 24_000), 24000) == TEXT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input": "Read it (softly) now."}, "Read it  now."),
        ({"input": "**Bold** words.", "markdown_filter": True}, "Bold words."),
        ({"input": "The Bilresa is on.", "pronunciation_map": {"tone": ["Bilresa/Bil resa"]}}, "The Bil resa is on."),
    ],
)
async def test_speech_says_what_the_settings_make_of_the_text(start, web, change, said):
    body = SPEECH | {"response_format": "pcm"} | change
    async with web.post(f"{(await start()).url}/v1/audio/speech", json=body) as response:
        assert read_tones(await response.read(), 24000) == said


@pytest.mark.parametrize(
    "change",
    [
        {"input": ""},
        {"input": "x" * 1001},
        {"voice": "nobody"},
        {"response_format": "mp3_stream"},
        {"sample_rate": 44100},
        {"speed": 2.1},
        {"volume": 0.05},
        {"stream_format": "chunks"},
        {"voice_label": {"emotion": "高兴"}},
        {"model": "unheard-of"},
        {"model": ""},
        {"model": "step-tts-2", "instruction": "softly"},
        {"model": "step-tts-2", "voice_label": {"emotion": "高兴", "style": "慢速"}},
        {"pronunciation_map": {"tone": ["no slash"]}},
        {"instruction": "x" * 201},
        {"model": "stepaudio-3-tts", "instruction": "x" * 501},
        {"model": "stepaudio-3-tts", "voice_label": {"emotion": "高兴"}},
        {"model": "step-tts-2", "voice_label": {"emotion": "happy"}},
        {"model": "step-tts-mini", "voice_label": {"style": "温柔"}},
        {"model": "step-tts-mini", "voice": "vibrant-youth"},
        {"voice": "yingwennansheng"},
        {"stream_format": "sse", "return_url": True},
    ],
)
async def test_speech_wrong_request_is_400(start, web, change):
    async with web.post(f"{(await start()).url}/v1/audio/speech", json=SPEECH | change) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "request_params_invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"instruction": "x" * 200},
        {"model": "stepaudio-3-tts", "instruction": "x" * 500},
        {"model": "step-tts-2", "voice_label": {"emotion": "高兴"}, "voice": "yingwennansheng"},
        {"model": "step-tts-mini", "voice_label": {"style": "极快"}, "voice": "wenrougongzi"},
        {"model": "step-tts-vivid", "voice_label": {"language": "粤语"}},
        {"voice": "voice-tone-mine", "speed": 0.5, "volume": 2.0},
        {"timestamp": True, "stream_format": "sse"},
    ],
)
async def test_speech_allowed_request_is_spoken(start, web, change):
    simulator = await start()
    async with web.post(f"{simulator.url}/v1/audio/speech", json=SPEECH | change) as response:
        assert response.status == 200
        await response.read()
    assert simulator.responses[0].status == "completed"


async def test_speech_older_model_is_not_on_plan(start, web):
    body = SPEECH | {"model": "step-tts-2"}
    async with web.post(f"{(await start()).url}/step_plan/v1/audio/speech", json=body) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/audio/speech", "/v1/audio/asr/sse", "/v1/audio/voices", "/v1/audio/voices/preview",
        "/v1/audio/transcriptions", "/v1/audio/asr/file/submit",
    ],
)  # fmt: skip
async def test_paid_endpoint_without_quota_is_402(start, web, path):
    simulator = await start(switches=PROFILES["s3"].replace(quota=False))
    async with web.post(f"{simulator.url}{path}", json={}) as response:
        assert response.status == 402


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault("refuse", "/v1/audio/speech"), 429),
        (Fault("refuse", "/v1/audio/speech", value="503"), 503),
        (Fault("internal_error", "/v1/audio/speech"), 500),
        (Fault("moderation", "/v1/audio/speech"), 451),
        (Fault("error", "/v1/audio/speech"), 400),
    ],
)
async def test_speech_fault_is_its_status(start, web, fault, status):
    simulator = await start()
    simulator.throw(fault)
    async with web.post(f"{simulator.url}/v1/audio/speech", json=SPEECH) as response:
        assert response.status == status


async def test_speech_fault_cuts_the_connection(start, web):
    simulator = await start()
    simulator.throw(Fault("abort", "/v1/audio/speech"))
    with pytest.raises(aiohttp.ClientError):
        await web.post(f"{simulator.url}/v1/audio/speech", json=SPEECH)


async def test_speech_stream_fails_in_the_middle(start, web):
    simulator = await start()
    simulator.throw(Fault("internal_error", "speech.audio.delta", nth=3))
    async with web.post(f"{simulator.url}/v1/audio/speech", json=SPEECH | {"stream_format": "sse"}) as response:
        found, done = events(await response.read())
    assert [event["type"] for event in found] == ["speech.audio.delta", "speech.audio.delta", "speech.audio.error"]
    assert not done


def upload(audio, **form):
    form = {"type": "pcm", "codec": "pcm_s16le", "rate": 16000, "bits": 16, "channel": 1} | form
    transcription = {"model": "stepaudio-2.5-asr", "language": "en"}
    data = base64.b64encode(audio).decode()
    return {"audio": {"data": data, "input": {"transcription": transcription, "format": form}}}


@pytest.mark.parametrize("path", ["", "/step_plan"])
async def test_upload_is_recognised(start, web, path):
    body = upload(voice_of(WORDS, 16000))
    async with web.post(f"{(await start()).url}{path}/v1/audio/asr/sse", json=body) as response:
        found, _ = events(await response.read())
    assert "".join(event["delta"] for event in found[:-1]) == WORDS
    assert (found[-1]["type"], found[-1]["text"]) == ("transcript.text.done", WORDS)
    assert found[-1]["usage"]["type"] == "realtime_asr"
    assert all(event["meta"]["session_id"] for event in found)


@pytest.mark.parametrize("response_format", ["wav", "mp3"])
async def test_upload_of_a_file_is_recognised(start, web, response_format):
    simulator = await start()
    body = SPEECH | {"response_format": response_format, "input": WORDS}
    async with web.post(f"{simulator.url}/v1/audio/speech", json=body) as response:
        audio = await response.read()
    body = upload(audio, type=response_format)
    async with web.post(f"{simulator.url}/v1/audio/asr/sse", json=body) as response:
        found, _ = events(await response.read())
    assert found[-1]["text"] == WORDS


async def test_upload_of_silence_has_no_words(start, web):
    async with web.post(f"{(await start()).url}/v1/audio/asr/sse", json=upload(bytes(32000))) as response:
        found, _ = events(await response.read())
    assert [event["type"] for event in found] == ["transcript.text.done"]
    assert found[0]["text"] == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        upload(bytes(320), type="aac"),
        upload(bytes(320), rate=None),
        upload(b"no audio at all", type="mp3"),
        {"audio": upload(b"")["audio"] | {"data": "$$$"}},
    ],
)
async def test_upload_wrong_request_is_400(start, web, body):
    async with web.post(f"{(await start()).url}/v1/audio/asr/sse", json=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "request_params_invalid"


async def test_upload_model_of_another_endpoint_is_400(start, web):
    body = upload(bytes(320))
    body["audio"]["input"]["transcription"]["model"] = "step-asr"
    async with web.post(f"{(await start()).url}/v1/audio/asr/sse", json=body) as response:
        assert "not supported" in (await response.json())["error"]["message"]


async def test_unknown_path_is_404_with_the_envelope(start, web):
    async with web.get(f"{(await start()).url}/v1/novelty") as response:
        assert response.status == 404
        assert "error" in await response.json()


async def test_paid_endpoint_of_the_plan_has_its_own_quota(start, web):
    simulator = await start(switches=PROFILES["s25plan"].replace(quota=False))
    async with web.post(f"{simulator.url}/step_plan/v1/audio/speech", json=SPEECH) as response:
        assert response.status == 200
        await response.read()


@pytest.mark.parametrize(
    "path", ["/v1/audio/transcriptions", "/v1/audio/asr/file/submit", "/v1/audio/voices", "/v1/audio/voices/preview"]
)
async def test_endpoint_that_is_not_on_plan_is_404(start, web, path):
    async with web.post(f"{(await start()).url}/step_plan{path}", json={}) as response:
        assert response.status == 404


async def test_speech_takes_its_time(start, web):
    simulator = await start(switches=PROFILES["s3"].replace(speech_http_s=1.0), pace=0.1)
    before_s = simulator.clock.now()
    async with web.post(f"{simulator.url}/v1/audio/speech", json=SPEECH) as response:
        await response.read()
    assert simulator.clock.now() - before_s >= 0.1
