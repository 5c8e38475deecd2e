"""When and how the user's words come (sheet 1.10, 9.7)."""

import itertools

import pytest

from simulator import PROFILES, Fault
from tests.simulator.client import configured, voice_of

COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
WORDS = "Tell me about the sea."


def order(client, *wanted):
    found = client.types()
    places = [found.index(kind) for kind in wanted]
    return places == sorted(places)


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        ("before", (COMPLETED, "response.created")),
        ("within", ("response.audio_transcript.delta", COMPLETED, "response.audio_transcript.done")),
        ("after", ("response.done", COMPLETED)),
    ],
)
async def test_transcription_comes_at_its_moment(start, moment, wanted):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_moment=moment))
    async with configured(simulator) as client:
        await client.ask(WORDS)
        if not client.all(COMPLETED):
            await client.until(COMPLETED)
    assert order(client, *wanted)
    assert client.all(COMPLETED)[0]["transcript"] == WORDS


async def test_transcription_next_comes_when_the_next_turn_began(start):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_moment="next"))
    async with configured(simulator) as client:
        await client.ask(WORDS)
        assert not client.all(COMPLETED)
        await client.ask("And the second turn.")
    assert [event["transcript"] for event in client.all(COMPLETED)] == [WORDS]
    assert client.types().index(COMPLETED) < client.types().index("input_audio_buffer.committed", 9)


async def test_transcription_never_does_not_come(start):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_moment="never"))
    async with configured(simulator) as client:
        await client.ask(WORDS)
        await client.ask(WORDS)
    assert not client.all(COMPLETED)
    assert not client.all(DELTA)


@pytest.mark.parametrize(("profile", "deltas"), [("s3", True), ("s25plan", False), ("doc", False)])
async def test_transcription_deltas_are_the_profiles(start, profile, deltas):
    async with configured(await start(profile=profile)) as client:
        await client.ask(WORDS)
    assert bool(client.all(DELTA)) is deltas


async def test_transcription_cumulative_deltas_repeat_the_whole(start):
    async with configured(await start(profile="s3")) as client:
        await client.ask(WORDS)
    texts = [event["delta"] for event in client.all(DELTA)]
    assert texts[-1] == texts[-2] == WORDS
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))


async def test_transcription_incremental_deltas_add_up(start):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_deltas="incremental"))
    async with configured(simulator) as client:
        await client.ask(WORDS)
    assert "".join(event["delta"] for event in client.all(DELTA)) == WORDS


async def test_transcription_after_calls_alone_still_comes(start):
    tool = {"type": "function", "function": {"name": "HassTurnOn", "parameters": {"type": "object", "properties": {}}}}
    async with configured(await start(), tools=[tool]) as client:
        await client.ask("Turn on the light.")
    assert client.all(COMPLETED)


async def test_transcription_random_comes_once_at_any_moment(start):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_moment="random"))
    moments = set()
    async with configured(simulator) as client:
        for _ in range(12):
            client.events.clear()
            await client.ask(WORDS)
            types = client.types()
            moment = "after" if COMPLETED not in types else "before"
            if moment == "after":
                await client.until(COMPLETED)
            elif types.index(COMPLETED) > types.index("response.created"):
                moment = "within"
            moments.add(moment)
            assert len(client.all(COMPLETED)) == 1
    assert moments == {"before", "within", "after"}


@pytest.mark.parametrize("moment", ["before", "within", "after"])
async def test_transcription_failed_leaves_the_answer(start, moment):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_moment=moment))
    simulator.throw(Fault("internal_error", COMPLETED, value="no ears"))
    async with configured(simulator) as client:
        done = await client.ask(WORDS)
        failed = "conversation.item.input_audio_transcription.failed"
        if not client.all(failed):
            await client.until(failed)
    assert done["response"]["status"] == "completed"
    assert client.all(failed)[0]["error"]["message"] == "no ears"


@pytest.mark.parametrize(
    ("asked", "setting", "told"),
    [(False, None, True), (True, None, False), (True, {"model": "step-asr"}, True), (False, {"model": "x"}, True)],
)
async def test_transcription_has_to_be_asked_for_where_switched(start, asked, setting, told):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_asked=asked))
    async with configured(simulator, input_audio_transcription=setting) as client:
        await client.ask(WORDS)
    assert bool(client.all(COMPLETED)) is told
    assert WORDS in simulator.responses[0].text


async def test_transcription_next_comes_after_the_next_speech_has_started(start):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_moment="next"))
    silence = bytes(96000)
    async with configured(simulator, turn_detection={"type": "server_vad"}) as client:
        await client.append(voice_of(WORDS) + silence)
        await client.until("response.done")
        assert not client.all(COMPLETED)
        await client.append(voice_of("And the second turn.") + silence)
        await client.until(COMPLETED)
    found = [event["type"] for event in client.events]
    assert found.count("input_audio_buffer.speech_started") == 2
    assert client.all(COMPLETED)[0]["transcript"] == WORDS


async def test_transcription_unanswered_comes_after_a_while(start):
    simulator = await start(switches=PROFILES["s3"].replace(transcript_unanswered_s=60))
    async with configured(simulator) as client:
        await client.say(WORDS)
        await client.until("conversation.item.created")
        await client.configure()
        assert not client.all(COMPLETED)
        simulator.clock.advance(61)
        await client.until(COMPLETED)
    assert not client.all("response.created")
