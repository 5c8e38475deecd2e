"""Text to voice through the speech websocket."""

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


async def test_text_that_is_too_long_for_one_event_is_cut(client, simulator):
    long = "A sentence. " * 200
    await speak(client, long)
    sizes = [len(entry.event["data"]["text"]) for entry in simulator.log if entry.type == "tts.text.delta"]
    assert sum(sizes) == len(long)
    assert max(sizes) <= 1000


async def test_voice_that_is_not_known_is_told(client, simulator):
    with pytest.raises(VoiceError):
        await speak(client, "Hello.", options=SpeechOptions(OPTIONS.model, "nobody"))


async def test_service_that_never_starts_to_speak_is_given_up(simulator):
    client = client_of(simulator, timeouts=Timeouts(configure_s=0.05))
    simulator.throw(Fault("stall", at="tts.create"))
    with pytest.raises(ServiceTimeoutError):
        await speak(client, "Hello.")
    simulator.release()
    await client.aclose()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("abort", at="tts.response.audio.delta", nth=2), ConnectionLostError),
        (Fault("close", at="tts.text.delta"), ConnectionLostError),
        (Fault("moderation", at="tts.response.audio.delta", value="error"), ModerationError),
        (Fault("malformed", at="tts.response.audio.delta", value="json"), StepAudioError),
    ],
)
async def test_speech_that_breaks_off_raises_an_error_of_the_tree(client, simulator, fault, error):
    simulator.throw(fault)
    with pytest.raises(error):
        await speak(client, "Hello there, my friend.")


async def test_mistake_of_the_texts_own_source_belongs_to_the_caller(client, simulator):
    async def broken():
        yield "Hello."
        raise LookupError

    with pytest.raises(LookupError):
        async for _ in client.synthesize(broken(), OPTIONS):
            pass


async def test_service_that_falls_silent_while_it_speaks_is_given_up(simulator):
    client = client_of(simulator, timeouts=Timeouts(silence_s=0.05))
    simulator.throw(Fault("stall", at="tts.response.audio.delta", nth=2))
    with pytest.raises(ServiceTimeoutError):
        await speak(client, "Hello there, my friend.")
    simulator.release()
    await client.aclose()
