"""Recognition while the user speaks (sheet 3.4)."""

import base64
from contextlib import asynccontextmanager

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from simulator import PROFILES, Fault
from tests.simulator.client import APPEND_BYTES, KEY, opened, voice_of

DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
WORDS = "Turn on the kitchen light, please."
RATE_HZ = 16000


def configuration(model="step-asr-1.1-stream", **fields):
    form = {"type": "pcm", "codec": "pcm_s16le", "rate": RATE_HZ, "bits": 16, "channel": 1}
    transcription = {"model": model, "language": "en", "enable_itn": True}
    return {"audio": {"input": {"format": form, "transcription": transcription} | fields}}


@asynccontextmanager
async def listening(simulator, **fields):
    async with opened(simulator, path="/v1/realtime/asr/stream", model="") as client:
        await client.until("session.created")
        await client.send("session.update", session=configuration(**fields))
        await client.until("session.updated", "error")
        yield client


async def append(client, pcm):
    for at in range(0, len(pcm), APPEND_BYTES):
        audio = base64.b64encode(pcm[at : at + APPEND_BYTES]).decode()
        await client.send("input_audio_buffer.append", audio=audio)


@pytest.mark.parametrize("words", [WORDS, "打开厨房的灯。", "Yes."])
async def test_recognition_commit_gives_the_words(start, words):
    async with listening(await start()) as client:
        await append(client, voice_of(words, RATE_HZ))
        await client.send("input_audio_buffer.commit")
        completed = await client.until(COMPLETED)
    assert completed["transcript"] == words
    assert completed["reason"] == "commit"
    assert completed["item_id"] == client.all("input_audio_buffer.committed")[0]["item_id"]
    assert client.all("conversation.item.created")[0]["item"]["content"] == [{"type": "input_audio"}]
    assert all(event["meta"]["session_id"] for event in client.events)


async def test_recognition_deltas_come_while_the_user_speaks(start):
    simulator = await start()
    simulator.hear(WORDS)
    async with listening(simulator) as client:
        noise = (b"\x00\x20" * 40 + b"\x00\xe0" * 40) * 400
        await append(client, noise)
        delta = await client.until(DELTA)
        assert not client.all("input_audio_buffer.committed")
        await client.send("input_audio_buffer.commit")
        completed = await client.until(COMPLETED)
    assert WORDS.startswith(delta["text"] + delta["stash"])
    assert completed["transcript"] == WORDS
    last = client.all(DELTA)[-1]
    assert last["text"] + last["stash"] == WORDS


async def test_recognition_stash_is_missing_in_the_documents(start):
    async with listening(await start(profile="doc")) as client:
        await append(client, voice_of(WORDS, RATE_HZ))
        await client.send("input_audio_buffer.commit")
        await client.until(COMPLETED)
    assert all("stash" not in event for event in client.all(DELTA))


async def test_recognition_detection_ends_the_turn_and_ignores_commit(start):
    detection = {"type": "server_vad", "silence_duration_ms": 500, "threshold": 0.5}
    async with listening(await start(), turn_detection=detection) as client:
        await append(client, voice_of(WORDS, RATE_HZ))
        await client.send("input_audio_buffer.commit")
        await append(client, bytes(RATE_HZ * 2))
        completed = await client.until(COMPLETED)
    assert completed["transcript"] == WORDS
    assert completed["reason"] == "vad"
    assert client.all("input_audio_buffer.speech_started")[0]["audio_start_ms"] == 0
    assert client.all("input_audio_buffer.speech_stopped")[0]["audio_end_ms"] > 1000
    assert not client.all("error")


async def test_recognition_silence_has_no_words(start):
    async with listening(await start()) as client:
        await append(client, bytes(RATE_HZ * 2))
        await client.send("input_audio_buffer.commit")
        assert (await client.until(COMPLETED))["transcript"] == ""


async def test_recognition_finish_is_not_known(start):
    async with listening(await start()) as client:
        await client.send("session.finish")
        await client.until("transcript.response.error")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"transcription": {"language": "en"}}, "missing_param"),
        ({"transcription": {"model": "stepaudio-2.5-asr"}}, "invalid_value"),
        ({"format": {"type": "mp3"}}, "invalid_value"),
        ({"turn_detection": {"type": "semantic"}}, "invalid_value"),
    ],
)
async def test_recognition_wrong_configuration_is_an_error(start, fields, code):
    async with listening(await start(), **fields) as client:
        error = client.all("error")[0]["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", code)


async def test_recognition_audio_before_configuration_is_an_error(start):
    async with opened(await start(), path="/v1/realtime/asr/stream", model="") as client:
        await client.until("session.created")
        await append(client, bytes(320))
        await client.until("error")


async def test_recognition_is_not_on_plan(start):
    with pytest.raises(InvalidStatus) as refused:
        async with opened(await start(), path="/step_plan/v1/realtime/asr/stream", model=""):
            pass
    assert refused.value.response.status_code == 404


async def test_recognition_idle_ends_with_its_code(start):
    simulator = await start()
    async with listening(simulator) as client:
        simulator.clock.advance(61)
        error = (await client.until("error"))["error"]
        await client.socket.wait_closed()
    assert (error["type"], error["code"]) == ("internal_error", "max_idle_timeout")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("internal_error", ("internal_error", "internal_error")), ("moderation", ("risk", "risk_blocked"))],
)
async def test_recognition_fault_has_the_codes_of_the_endpoint(start, kind, wanted):
    simulator = await start(switches=PROFILES["s3"].replace(faults=(Fault(kind, COMPLETED),)))
    async with listening(simulator) as client:
        await append(client, voice_of(WORDS, RATE_HZ))
        await client.send("input_audio_buffer.commit")
        error = (await client.until("error"))["error"]
    assert (error["type"], error["code"]) == wanted


async def test_recognition_pong_that_does_not_come_ends_with_its_code(start):
    simulator = await start(switches=PROFILES["s3"].replace(server_ping_s=20))
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{simulator.url}/v1/realtime/asr/stream"
    async with aiohttp.ClientSession(headers=headers) as web, web.ws_connect(url, autoping=False) as socket:
        await socket.receive()
        simulator.clock.advance(21)
        assert (await socket.receive()).type == aiohttp.WSMsgType.PING
        simulator.clock.advance(21)
        error = (await socket.receive_json())["error"]
    assert (error["type"], error["code"]) == ("internal_error", "pong_timeout")


async def test_recognition_events_have_the_fields_of_the_sheet(start):
    detection = {"type": "server_vad", "silence_duration_ms": 500, "threshold": 0.5}
    async with listening(await start(), turn_detection=detection) as client:
        await append(client, voice_of(WORDS, RATE_HZ) + bytes(RATE_HZ * 2))
        completed = await client.until(COMPLETED)
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} == set(completed["usage"])
    assert {"audio_start_ms", "item_id"} <= set(client.all("input_audio_buffer.speech_stopped")[0])
    assert {"item_id", "previous_item_id"} <= set(client.all("input_audio_buffer.committed")[0])
    assert client.all("conversation.item.created")[0]["item"]["status"] == "in_progress"
    assert all({"session_id", "timestamp"} == set(event["meta"]) for event in client.events)


async def test_recognition_takes_its_time(start):
    simulator = await start(switches=PROFILES["s3"].replace(recognition_words_s=1.0), pace=0.1)
    async with listening(simulator) as client:
        await append(client, voice_of(WORDS, RATE_HZ))
        await client.send("input_audio_buffer.commit")
        await client.until(COMPLETED)
    times = {entry.type: entry.at_s for entry in simulator.log}
    assert times[COMPLETED] - times["input_audio_buffer.committed"] >= 0.1
