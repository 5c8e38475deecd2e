"""Real hearing and real speech, where requirements_demo.txt is installed."""

import pytest

from simulator import PiperVoice, Simulator, WhisperEars, read_tones
from tests.simulator.client import configured

pytest.importorskip("faster_whisper")
pytest.importorskip("piper")


@pytest.fixture
async def senses(monkeypatch):
    # The recogniser's progress bar is never shown, but would leave a thread of its own behind.
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)
    ears, voice = WhisperEars(), PiperVoice()
    yield ears, voice
    await ears.close()
    await voice.close()


async def test_real_senses_hear_what_they_say(socket_enabled, senses):
    ears, voice = senses
    question = b"".join([piece async for piece in voice.speak("Turn on the kitchen light, please.")])
    async with Simulator(ears=ears, voice=voice, key="test-key") as simulator, configured(simulator) as client:
        await client.append(question + bytes(48000))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        await client.until("response.done")
        words = client.all("conversation.item.input_audio_transcription.completed")[0]["transcript"]
        answer = await ears.hear(client.audio(), 24000)
    assert "kitchen light" in words.lower()
    assert "kitchen light" in answer.lower()


async def test_real_ears_hear_nothing_in_silence(senses):
    assert await senses[0].hear(bytes(48000), 24000) == ""


async def test_real_voice_says_chinese_as_tones(senses):
    assert read_tones(b"".join([piece async for piece in senses[1].speak("你好。")]), 24000) == "你好。"
