"""Text to voice through the speech websocket."""

import asyncio
import itertools

import pytest

from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import (
    ConnectionLostError,
    ModerationError,
    ServiceTimeoutError,
    StepAudioError,
    VoiceError,
)
from custom_components.stepaudio.client.speech import SpeechOptions
from simulator import Fault, read_tones
from simulator.tones import sentences

from .conftest import client_of

OPTIONS = SpeechOptions("stepaudio-2.5-tts", "elegantgentle-female")


async def text(*pieces):
    """Give text as an agent does, piece by piece."""
    for piece in pieces:
        yield piece


async def speak(client, *pieces, options=OPTIONS):
    """Return the whole voice."""
    return b"".join([pcm async for pcm in client.synthesize(text(*pieces), options)])


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000, 48_000])
async def test_text_in_pieces_is_spoken_whole(client, simulator, rate_hz):
    pcm = await speak(
        client, "Hello ", "there, ", "my friend.", options=SpeechOptions(OPTIONS.model, OPTIONS.voice, rate_hz)
    )
    assert read_tones(pcm, rate_hz) == "Hello there, my friend."
    (spoken,) = simulator.responses
    assert (spoken.kind, spoken.sample_rate) == ("speech", rate_hz)


@pytest.mark.parametrize("sentence", ["A sentence. ", "一个句子。", "No end, "])
async def test_text_that_is_too_long_for_one_event_is_cut_and_spoken_whole(client, simulator, sentence):
    long = sentence * 220
    await speak(client, long)
    texts = [entry.event["data"]["text"] for entry in simulator.log if entry.type == "tts.text.delta"]
    assert "".join(texts).strip() == long.strip()
    assert max(map(len, texts)) <= 1000


async def test_first_sentence_is_spoken_while_the_text_is_still_written(client):
    heard = asyncio.Event()

    async def written():
        yield "Yes. "
        yield "And "
        await heard.wait()
        yield "more of it."

    pcm = b""
    async for piece in client.synthesize(written(), OPTIONS):
        heard.set()
        pcm += piece
    assert read_tones(pcm, 24_000) == "Yes. And more of it."


async def test_what_is_no_words_is_not_read_out(client, simulator):
    await speak(client, "**Hel", "lo** 😀 (dear", ") [friend](https://exa", "mple.com/a.b?c). 😀")
    assert [response.text for response in simulator.responses] == ["Hello, dear, friend."]


async def test_text_without_words_is_silence(client, simulator):
    assert await speak(client, "😀", "") == b""


async def test_voice_that_is_not_known_is_told(client, simulator):
    with pytest.raises(VoiceError):
        await speak(client, "Hello.", options=SpeechOptions(OPTIONS.model, "nobody"))


async def test_service_that_never_starts_to_speak_is_given_up(simulator):
    client = client_of(simulator, timeouts=Timeouts(configure_s=0.05, attempts=1))
    simulator.throw(Fault("stall", at="tts.create"))
    with pytest.raises(ServiceTimeoutError):
        await speak(client, "Hello.")
    simulator.release()
    await client.aclose()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("abort", at="tts.response.audio.delta", nth=14),
        Fault("abort", at="tts.text.delta", nth=2),
        Fault("abort", at="tts.response.sentence.end", nth=1),
        Fault("close", at="tts.text.done"),
        Fault("refuse", at="connecting", value="503"),
        Fault("internal_error", at="tts.response.sentence.start", nth=2),
    ],
)
async def test_voice_goes_on_with_the_sentence_that_broke_off(client, simulator, fault):
    simulator.throw(fault)
    pcm = await speak(client, "The first. ", "The second one. ", "And the third.")
    spoken = [sentence.strip() for sentence in sentences(read_tones(pcm, 24_000))]
    # A sentence of which no end was told is heard from its beginning again, and none is left out.
    assert [each for each, _ in itertools.groupby(spoken)] == ["The first.", "The second one.", "And the third."]
    assert len(spoken) <= 4


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("abort", at="tts.response.audio.delta", times=99), ConnectionLostError),
        (Fault("close", at="tts.text.delta", times=99), ConnectionLostError),
        (Fault("moderation", at="tts.response.audio.delta", value="error"), ModerationError),
        (Fault("malformed", at="tts.response.audio.delta", value="json"), StepAudioError),
    ],
)
async def test_speech_that_keeps_breaking_off_raises_an_error_of_the_tree(simulator, fault, error):
    client = client_of(simulator, timeouts=Timeouts(attempts=2))
    simulator.throw(fault)
    with pytest.raises(error):
        await speak(client, "Hello there, my friend.")
    assert len(simulator.upgrades) <= 2
    await client.aclose()


async def test_mistake_of_the_texts_own_source_belongs_to_the_caller(client, simulator):
    async def broken():
        yield "Hello."
        raise LookupError

    with pytest.raises(LookupError):
        async for _ in client.synthesize(broken(), OPTIONS):
            pass


async def test_service_that_falls_silent_while_it_speaks_is_given_up(simulator):
    client = client_of(simulator, timeouts=Timeouts(silence_s=0.05, attempts=1))
    simulator.throw(Fault("stall", at="tts.response.audio.delta", nth=2))
    with pytest.raises(ServiceTimeoutError):
        await speak(client, "Hello there, my friend.")
    simulator.release()
    await client.aclose()
