"""Audio, commit, and what is no speech (sheet 1.8, 1.11)."""

import base64

import pytest

from simulator import PROFILES
from tests.simulator.client import SILENCE, configured, voice_of

WORDS = "Turn on the kitchen light, please."


async def test_manual_turn_commit_is_acknowledged_and_starts_no_reply(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.say(WORDS)
        committed = await client.until("input_audio_buffer.committed")
        created = await client.until("conversation.item.created")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        await client.configure()
    assert committed["item_id"] == created["item"]["id"] == completed["item_id"]
    assert created["item"]["content"] == [{"type": "audio", "transcript": ""}]
    assert created["item"]["status"] == "in_progress"
    assert completed["transcript"] == WORDS
    assert not client.all("response.created")


async def test_manual_turn_answer_has_exactly_the_audio_of_the_record(start):
    simulator = await start()
    async with configured(simulator) as client:
        done = await client.ask(WORDS)
    [response] = simulator.responses
    assert done["response"]["status"] == response.status == "completed"
    assert client.audio() == response.audio == voice_of(response.text)
    assert WORDS in response.text


async def test_manual_turn_says_the_same_words_with_the_same_audio(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.ask(WORDS)
        await client.ask(WORDS)
    first, second = simulator.responses
    assert first.audio == second.audio


async def test_manual_turn_chinese_is_heard_and_answered(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.ask("今天天气很好，我们去公园吧。")
    assert "今天天气很好，我们去公园吧。" in simulator.responses[0].text


async def test_manual_turn_queue_is_heard_where_audio_says_nothing(start):
    simulator = await start()
    noise = bytes(
        value for at in range(24000) for value in ((at * 7919 % 20000) - 10000).to_bytes(2, "little", signed=True)
    )
    simulator.hear("first words", "second words")
    async with configured(simulator) as client:
        for _ in range(2):
            await client.append(noise)
            await client.send("input_audio_buffer.commit")
            await client.send("response.create")
            await client.until("response.done")
    assert ["first words" in simulator.responses[0].text, "second words" in simulator.responses[1].text] == [True, True]


async def test_manual_turn_empty_commit_is_an_error(start):
    async with configured(await start()) as client:
        await client.send("input_audio_buffer.commit", event_id="c3")
        error = (await client.until("error"))["error"]
    assert error["event_id"] == "c3"


async def test_manual_turn_cleared_audio_is_not_committed(start):
    async with configured(await start()) as client:
        await client.append(voice_of(WORDS))
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        await client.send("input_audio_buffer.commit")
        await client.until("error")
        await client.ask("Only this.")
        assert client.all("conversation.item.input_audio_transcription.completed")[0]["transcript"] == "Only this."


@pytest.mark.parametrize("place", ["create", "commit"])
@pytest.mark.parametrize("pcm", [SILENCE * 30, voice_of("yes")], ids=["silence", "half a second"])
async def test_manual_turn_without_speech_is_refused_without_response_done(start, place, pcm):
    simulator = await start(switches=PROFILES["s3"].replace(no_speech_at=place))
    async with configured(simulator) as client:
        await client.append(pcm)
        await client.send("input_audio_buffer.commit", event_id="commit")
        await client.send("response.create", event_id="create")
        error = (await client.until("error"))["error"]
        assert (error["message"], error["event_id"]) == ("no speech found", place)
        await client.type("What is left?")
        await client.send("response.create")
        await client.until("response.done")
    assert len(client.all("response.done")) == 1


@pytest.mark.parametrize("audio", ["$$$", base64.b64encode(b"odd").decode(), 7])
async def test_manual_turn_broken_audio_is_an_error(start, audio):
    async with configured(await start()) as client:
        await client.send("input_audio_buffer.append", audio=audio)
        assert (await client.until("error"))["error"]["code"] in ("invalid_param", "400")


async def test_manual_turn_append_over_15_mb_is_an_error(start):
    async with configured(await start()) as client:
        await client.send("input_audio_buffer.append", audio=base64.b64encode(bytes(16 * 1024 * 1024)).decode())
        assert (await client.until("error"))["error"]["code"] == "invalid_param"


async def test_manual_turn_commit_with_detection_on_is_an_error(start):
    async with configured(await start(), turn_detection={"type": "server_vad"}) as client:
        await client.say(WORDS)
        error = (await client.until("error"))["error"]
    assert (error["message"], error["type"]) == ("commit when server vad", "invalid_request_error")


def hum(length_ms, level=8000):
    return (level.to_bytes(2, "little", signed=True) * 24 + (-level).to_bytes(2, "little", signed=True) * 24) * (
        length_ms // 2
    )


async def heard(start, pcm, **changes):
    """Tell whether audio is answered."""
    async with configured(await start(switches=PROFILES["s3"].replace(**changes))) as client:
        await client.append(pcm)
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        return (await client.until("response.done", "error"))["type"] == "response.done"


@pytest.mark.parametrize(("length_ms", "answered"), [(400, False), (700, False), (1000, True)])
async def test_manual_turn_of_less_than_a_second_is_no_speech(start, length_ms, answered):
    assert await heard(start, bytes(48000) + hum(length_ms)) is answered


@pytest.mark.parametrize(("level", "answered"), [(100, False), (500, True)])
async def test_manual_turn_level_of_speech_is_switched(start, level, answered):
    assert await heard(start, hum(1000, level)) is answered
    assert await heard(start, hum(1000, level), speech_level=50)
