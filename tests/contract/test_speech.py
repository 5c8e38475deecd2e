"""Text to voice through the speech websocket."""

import asyncio
from dataclasses import replace

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
from simulator import Fault, Simulator, read_tones
from simulator.tones import sentences

from ..conftest import KEY
from ..seen import paths
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


async def test_connection_ahead_carries_what_is_said_next_and_nothing_after_it(client, simulator):
    client.prepare_speech(OPTIONS.model)
    client.prepare_speech(OPTIONS.model)
    await simulator.seen("tts.connection.done")
    for said in ("The first.", "The second."):
        assert read_tones(await speak(client, said), 24_000) == said
    assert paths(simulator) == ["/v1/realtime/audio"] * 2


async def test_text_waits_for_the_connection_ahead_that_is_being_opened(client, simulator):
    client.prepare_speech(OPTIONS.model)
    assert read_tones(await speak(client, "Hello."), 24_000) == "Hello."
    assert paths(simulator) == ["/v1/realtime/audio"]


async def test_connection_ahead_that_is_refused_or_lost_is_replaced(client, simulator):
    simulator.throw(Fault("refuse", at="connecting", value="503"))
    client.prepare_speech(OPTIONS.model)
    assert read_tones(await speak(client, "It was refused."), 24_000) == "It was refused."
    simulator.throw(Fault("close", at="tts.connection.done"))
    client.prepare_speech(OPTIONS.model)
    await (await client._ahead[OPTIONS.model][0])._socket.wait_closed()
    assert read_tones(await speak(client, "It was lost."), 24_000) == "It was lost."
    assert [upgrade.status for upgrade in simulator.upgrades] == [503, 101, 101, 101]


async def test_connection_ahead_that_nobody_speaks_on_is_closed_after_its_time(simulator):
    client = client_of(simulator, timeouts=Timeouts(speech_ahead_s=0.05))
    client.prepare_speech(OPTIONS.model)
    connection = await client._ahead[OPTIONS.model][0]
    await connection._socket.wait_closed()
    assert read_tones(await speak(client, "Hello."), 24_000) == "Hello."
    assert paths(simulator) == ["/v1/realtime/audio"] * 2
    await client.aclose()


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
        Fault("abort", at="tts.text.delta", nth=2),
        Fault("close", at="tts.text.done"),
        Fault("refuse", at="connecting", value="503"),
        Fault("internal_error", at="tts.response.sentence.start", nth=2),
    ],
)
async def test_voice_goes_on_with_the_sentence_that_broke_off(client, simulator, fault):
    simulator.throw(fault)
    pcm = await speak(client, "The first. ", "The second one. ", "And the third.")
    assert read_tones(pcm, 24_000).split(". ") == ["The first", "The second one", "And the third."]


SENTENCES = ("The first.", "The second one.", "第三句也在这里。", "And the last.")
STARTS, ENDS = "tts.response.sentence.start", "tts.response.sentence.end"
MOMENTS = [
    *((moment, nth) for moment in (STARTS, ENDS) for nth in range(1, 5)),
    *(("tts.response.audio.delta", nth) for nth in range(2, 28, 4)),
    ("tts.response.audio.done", 1),
]
"""Of what the service tells while it speaks the sentences."""


async def broken_off(*faults, options=OPTIONS):
    """Return how many sentences were spoken whole before the voice broke off, and the first that was spoken then."""
    async with Simulator(profile="s25plan", key=KEY) as service:
        for fault in faults:
            service.throw(fault)
        client = client_of(service)
        pcm = await speak(client, *(f"{sentence} " for sentence in SENTENCES), options=options)
        await client.aclose()
        first, *rest = (sentences(response.text) for response in service.responses)
        again = rest[0] if rest else []
        assert len(rest) <= 1
        assert [sentence.strip() for sentence in again] == list(SENTENCES[len(SENTENCES) - len(again) :])
        assert pcm.endswith(service.responses[-1].audio)
        return len(first), len(SENTENCES) - len(again)


async def broken_off_anywhere(*faults, **more):
    """Return the same for many moments at which the connection can break, with the moment."""
    broken = (broken_off(*faults, Fault("abort", at=at, nth=nth), **more) for at, nth in MOMENTS)
    return [(at, *counts) for (at, _), counts in zip(MOMENTS, await asyncio.gather(*broken), strict=True)]


async def test_voice_that_breaks_off_anywhere_goes_on_with_the_sentence_that_broke_off(socket_enabled):
    for moment, whole, resumed in await broken_off_anywhere():
        # Between its last sample and the word that it is whole, a sentence counts as broken off.
        assert whole - (moment == "tts.response.audio.delta") <= resumed <= whole, moment


@pytest.mark.parametrize("untold", [STARTS, ENDS])
async def test_voice_that_breaks_off_where_the_service_tells_less_repeats_one_sentence_at_most(socket_enabled, untold):
    for moment, whole, resumed in await broken_off_anywhere(Fault("drop", at=untold, times=99)):
        assert whole - 1 <= resumed <= whole, moment


async def test_voice_of_which_all_is_told_twice_leaves_no_sentence_out(socket_enabled):
    faults = [Fault("duplicate", at=moment, times=99) for moment in (STARTS, ENDS)]
    for moment, whole, resumed in await broken_off_anywhere(*faults):
        assert whole - 1 <= resumed <= whole, moment


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
async def test_voice_of_which_nothing_is_told_leaves_no_sentence_out(socket_enabled, speed):
    faults = [Fault("drop", at=moment, times=99) for moment in (STARTS, ENDS)]
    broken = await broken_off_anywhere(*faults, options=replace(OPTIONS, speed=speed))
    for moment, whole, resumed in broken:
        assert resumed <= whole, moment
    assert any(resumed for _, _, resumed in broken)


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


async def test_voice_that_comes_whole_again_at_its_end_is_heard_once(socket_enabled):
    async with Simulator(profile="doc", key=KEY) as service:
        client = client_of(service)
        pcm = await speak(client, *SENTENCES)
        await client.aclose()
    assert pcm == service.responses[0].audio


async def test_text_that_pauses_for_longer_than_the_services_minute_is_spoken_whole(client, simulator):
    async def written():
        yield "The first. "
        await simulator.seen(ENDS)
        simulator.clock.advance(61)
        await simulator.seen("tts.response.audio.done")
        for _ in range(50):
            await asyncio.sleep(0)  # it is on its way
        yield "The last."

    pcm = b"".join([piece async for piece in client.synthesize(written(), OPTIONS)])
    assert read_tones(pcm, OPTIONS.rate_hz).split() == ["The", "first.", "The", "last."]
