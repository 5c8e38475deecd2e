"""The TTS websocket (sheet 2.2)."""

import base64
from contextlib import asynccontextmanager

import pytest

from house.sound import decode
from simulator import PROFILES, Fault, read_tones
from tests.simulator.client import opened, voice_of

MODEL = "stepaudio-2.5-tts"
START, DELTA = "tts.response.sentence.start", "tts.response.audio.delta"
TEXT = "Good morning to all of you. The weather is fine today! 今天天气很好。"


@asynccontextmanager
async def speaking(simulator, path="/v1/realtime/audio", model=MODEL, **settings):
    async with opened(simulator, path=path, model=model) as client:
        client.session_id = (await client.until("tts.connection.done"))["data"]["session_id"]
        await tell(client, "tts.create", **{"voice_id": "linjiajiejie", "response_format": "pcm"} | settings)
        yield client


async def tell(client, event_type, **data):
    await client.send(event_type, data={"session_id": client.session_id} | data)


def pieces(client):
    return [base64.b64decode(event["data"]["audio"]) for event in client.all("tts.response.audio.delta")]


async def spoken(simulator, text=TEXT, **settings):
    async with speaking(simulator, **settings) as client:
        for at in range(0, len(text), 5):
            await tell(client, "tts.text.delta", text=text[at : at + 5])
        await tell(client, "tts.text.done")
        await client.until("tts.response.audio.done")
        await client.socket.wait_closed()
    return client


@pytest.mark.parametrize("path", ["/v1/realtime/audio", "/step_plan/v1/realtime/audio"])
async def test_speech_socket_speaks_the_text_and_closes(start, path):
    simulator = await start()
    client = await spoken(simulator, path=path)
    assert b"".join(pieces(client)) == voice_of(TEXT) == simulator.responses[0].audio
    assert client.socket.close_code == 1000
    types = client.types()
    assert types[:2] == ["tts.connection.done", "tts.response.created"]
    assert types[-2:] == ["tts.response.sentence.end", "tts.response.audio.done"]
    assert [event["data"]["text"] for event in client.all("tts.response.sentence.start")] == [
        "Good morning to all of you. ",
        "The weather is fine today! ",
        "今天天气很好。",
    ]
    assert {event["data"]["session_id"] for event in client.events} == {client.session_id}
    assert simulator.responses[0].kind == "speech"
    assert simulator.responses[0].voice == "linjiajiejie"


async def test_speech_socket_last_delta_of_a_sentence_is_finished(start):
    client = await spoken(await start(), text="One sentence of words.")
    statuses = [event["data"]["status"] for event in client.all("tts.response.audio.delta")]
    assert statuses[-1] == "finished"
    assert set(statuses[:-1]) == {"unfinished"}


@pytest.mark.parametrize(("profile", "field"), [("s3", "request_id"), ("doc", "started_at")])
async def test_speech_socket_sentence_fields_are_the_profiles(start, profile, field):
    client = await spoken(await start(profile=profile))
    assert field in client.all("tts.response.sentence.start")[0]["data"]
    assert ("duration" in client.all("tts.response.audio.delta")[0]["data"]) is (profile == "doc")


async def test_speech_socket_flush_speaks_what_has_no_end(start):
    async with speaking(await start()) as client:
        await tell(client, "tts.text.delta", text="No end here")
        await tell(client, "tts.text.flush")
        await client.until("tts.text.flushed")
        await client.until("tts.response.sentence.end")
        assert b"".join(pieces(client)) == voice_of("No end here")


async def test_speech_socket_mode_sentence_speaks_short_sentences_at_once(start):
    async with speaking(await start(), mode="sentence") as client:
        await tell(client, "tts.text.delta", text="Yes!")
        assert (await client.until("tts.response.sentence.start"))["data"]["text"] == "Yes!"


async def test_speech_socket_mode_default_gathers_short_sentences(start):
    async with speaking(await start()) as client:
        await tell(client, "tts.text.delta", text="Yes!")
        await tell(client, "tts.novelty")
        await client.until("tts.response.error")
        assert not client.all("tts.response.sentence.start")
        await tell(client, "tts.text.delta", text=" No, not now!")
        assert (await client.until("tts.response.sentence.start"))["data"]["text"] == "Yes! No, not now!"


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 48000])
@pytest.mark.parametrize("response_format", ["pcm", "wav"])
async def test_speech_socket_rates_say_the_same(start, response_format, rate_hz):
    client = await spoken(await start(), response_format=response_format, sample_rate=rate_hz)
    parts = pieces(client)
    if response_format == "wav":
        assert all(part[:4] == b"RIFF" for part in parts if part)
        parts = [part[44:] for part in parts]
    assert read_tones(b"".join(parts), rate_hz) == TEXT


@pytest.mark.parametrize("response_format", ["mp3", "flac", "opus"])
async def test_speech_socket_deltas_are_files_of_their_own(start, response_format):
    client = await spoken(await start(), response_format=response_format)
    assert read_tones(b"".join(decode(part, 24000) for part in pieces(client) if part), 24000) == TEXT


@pytest.mark.parametrize("response_format", ["mp3_stream", "flac_stream", "opus_stream"])
async def test_speech_socket_stream_deltas_are_one_file(start, response_format):
    client = await spoken(await start(), response_format=response_format)
    assert len([part for part in pieces(client) if part]) > 3
    assert read_tones(decode(b"".join(pieces(client)), 24000), 24000) == TEXT


async def test_speech_socket_speed_and_volume_change_the_audio(start):
    simulator = await start()
    await spoken(simulator, text="One sentence of words.", speed_ratio=2.0, volume_ratio=0.5)
    plain = voice_of("One sentence of words.")
    assert abs(len(simulator.responses[0].audio) / len(plain) - 0.5) < 0.1


async def test_speech_socket_subtitles_come_before_the_end(start):
    client = await spoken(await start(), timestamp=True)
    subtitles = client.all("tts.response.subtitle")
    assert [len(event["data"]["items"]) for event in subtitles] == [6, 5, 7]
    times = [item["start_time"] for event in subtitles for item in event["data"]["items"]]
    assert times == sorted(times)
    assert isinstance(subtitles[0]["timestamp"], int)


@pytest.mark.parametrize(
    "settings",
    [
        {"voice_id": "nobody"},
        {"response_format": "aac"},
        {"sample_rate": 44100},
        {"speed_ratio": 3},
        {"volume_ratio": 0},
        {"mode": "novel"},
        {"voice_label": {"emotion": "高兴"}},
        {"instruction": "x" * 201},
        {"text_normalization": "none"},
    ],
)
async def test_speech_socket_wrong_settings_are_an_error(start, settings):
    async with speaking(await start(), **settings) as client:
        error = (await client.until("tts.response.error"))["data"]
    assert error["code"] == "400"
    assert error["message"]


async def test_speech_socket_instruction_is_refused_by_older_models(start):
    async with speaking(await start(), model="step-tts-2", instruction="softly") as client:
        await client.until("tts.response.error")


async def test_speech_socket_older_model_is_not_on_plan(start):
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refused:
        async with opened(await start(), path="/step_plan/v1/realtime/audio", model="step-tts-2"):
            pass
    assert refused.value.response.status_code == 404


async def test_speech_socket_long_text_is_an_error(start):
    async with speaking(await start()) as client:
        await tell(client, "tts.text.delta", text="x" * 1001)
        await client.until("tts.response.error")


async def test_speech_socket_wrong_session_is_an_error(start):
    async with speaking(await start()) as client:
        await client.send("tts.text.delta", data={"session_id": "another", "text": "Hello."})
        await client.until("tts.response.error")


async def test_speech_socket_idle_for_a_minute_is_closed(start):
    simulator = await start()
    async with speaking(simulator) as client:
        await client.until("tts.response.created")
        simulator.clock.advance(61)
        await client.socket.wait_closed()
    assert client.socket.close_code == 1000


async def test_speech_socket_fault_is_an_error_in_its_own_shape(start):
    simulator = await start(
        switches=PROFILES["s3"].replace(faults=(Fault("internal_error", "tts.response.audio.delta", nth=2),))
    )
    async with speaking(simulator) as client:
        await tell(client, "tts.text.delta", text=TEXT)
        error = (await client.until("tts.response.error"))["data"]
    assert error["code"] == "503"


@pytest.mark.parametrize(("profile", "whole"), [("s3", False), ("s25plan", False), ("doc", True)])
async def test_speech_socket_audio_of_the_last_event_is_the_profiles(start, profile, whole):
    client = await spoken(await start(profile=profile))
    done = base64.b64decode(client.all("tts.response.audio.done")[0]["data"]["audio"])
    assert done == (voice_of(TEXT) if whole else b"")


async def test_speech_socket_last_event_has_the_name_of_the_table_where_switched(start):
    simulator = await start(switches=PROFILES["s3"].replace(speech_done_event="response.audio.done"))
    async with speaking(simulator) as client:
        await tell(client, "tts.text.delta", text="Hello there.")
        await tell(client, "tts.text.done")
        await client.until("response.audio.done")


async def test_speech_socket_idle_says_the_rest_before_it_closes(start):
    simulator = await start()
    async with speaking(simulator) as client:
        await tell(client, "tts.text.delta", text="No end here")
        await simulator.seen("tts.text.delta")
        simulator.clock.advance(61)
        await client.until("tts.response.audio.done")
        await client.socket.wait_closed()
    assert read_tones(b"".join(pieces(client)), 24000) == "No end here"
    assert client.socket.close_code == 1000


async def test_speech_socket_is_paced(start):
    switches = PROFILES["s3"].replace(speech_first_audio_s=1.0, speech_speed=4.0)
    simulator = await start(switches=switches, pace=0.1)
    await spoken(simulator, text="One sentence of many words.")
    times = {kind: [entry.at_s for entry in simulator.log if entry.type == kind] for kind in (START, DELTA)}
    assert times[DELTA][0] - times[START][0] >= 0.1
    length_s = len(voice_of("One sentence of many words.")) / 48000
    assert times[DELTA][-1] - times[DELTA][0] >= 0.1 * (length_s - 0.2) / 4.0
