"""What a fused turn makes and sends, counted: what is done once, what for each piece, and what not at all."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from custom_components import stepaudio
from custom_components.stepaudio import prompt, tts
from custom_components.stepaudio.client import wire
from simulator import Say, ScriptedBrain, tones

from ..seen import sent
from .sounds import listen

OURS = str(Path(stepaudio.__file__).parent)
QUESTION = "How is the evening?"
REPLY = "It still is."
WAV_16K = {"preferred_format": "wav", "preferred_sample_rate": 16_000}
FLAC_48K = {"preferred_format": "flac", "preferred_sample_rate": 48_000}
SHAPES = pytest.mark.parametrize("shape", [WAV_16K, FLAC_48K, {}], ids=["wav", "flac", "mp3"])


@pytest.fixture
async def next_turn(voice, simulator):
    """Give a function that asks in a conversation whose session is connected, where audio leaves as it comes."""
    simulator.brain = ScriptedBrain(Say("It is lovely."), Say(REPLY))
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Good evening.")
    simulator.log.clear()

    async def ask(shape=WAV_16K, words=QUESTION):
        return await voice.ask(pipeline, words, conversation_id=first.conversation_id, tts_audio_output=dict(shape))

    return ask


@pytest.fixture
def made(monkeypatch):
    """Count what is made for the audio; an encoder opens its codec when it is made."""
    counts = Counter()

    def count(module, name):
        make = getattr(module, name)

        def counted(*args):
            counts[name] += 1
            return make(*args)

        monkeypatch.setattr(module, name, counted)

    count(wire, "Resampler")
    count(tts, "Encoder")
    return counts


@pytest.fixture
async def started():
    """List the names of our functions that tasks are started for."""
    names = []
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()

    def start(loop, coro, **how):
        if getattr(coro, "cr_code", None) and coro.cr_code.co_filename.startswith(OURS):
            names.append(coro.cr_code.co_qualname)
        return before(loop, coro, **how) if before else asyncio.Task(coro, loop=loop, **how)

    loop.set_task_factory(start)
    yield names
    loop.set_task_factory(before)


@pytest.mark.parametrize("length_ms", [1190, 1200, 1210])
async def test_turn_sends_an_append_for_each_60_ms_one_for_the_rest_and_one_commit(next_turn, simulator, length_ms):
    await next_turn(words=tones(QUESTION, 16_000)[: length_ms * 32])
    appends = [event["audio"] for event in sent(simulator, "input_audio_buffer.append")]
    assert len(appends) == length_ms // 60 + 1
    # At the service's 24 kHz, and all of it.
    assert sum(appends) == pytest.approx(length_ms * 48, abs=4)
    assert len(sent(simulator, "input_audio_buffer.commit")) == 1
    assert len(sent(simulator, "response.create")) == 1


async def test_turn_is_resampled_once_for_each_append(next_turn, simulator, monkeypatch):
    pieces = []
    push = wire.Resampler.push

    def counted(resampler, pcm):
        pieces.append(len(pcm))
        return push(resampler, pcm)

    monkeypatch.setattr(wire.Resampler, "push", counted)
    await next_turn()
    assert len(pieces) == len(sent(simulator, "input_audio_buffer.append"))


@SHAPES
async def test_turn_makes_one_resampler_and_one_encoder_and_no_process(next_turn, made, no_process, shape):
    answered = await next_turn(shape)
    assert listen(answered.audio)[3] == REPLY
    assert made == {"Resampler": 1, "Encoder": 1}


async def test_turn_renders_no_tool_that_an_earlier_one_has_rendered(voice, monkeypatch):
    rendered = []
    render = prompt.to_openapi

    def counted(schema, **how):
        rendered.append(schema)
        return render(schema, **how)

    monkeypatch.setattr(prompt, "to_openapi", counted)
    pipeline = await voice.pipeline()
    await voice.ask(pipeline, QUESTION)
    rendered.clear()
    await voice.ask(pipeline, QUESTION)
    assert rendered == []


async def test_turn_of_a_connected_session_starts_no_task(next_turn, started):
    assert listen((await next_turn()).audio)[3] == REPLY
    assert started == []


async def test_turn_of_a_new_session_starts_one_and_those_of_its_connection(voice, simulator, started):
    pipeline = await voice.pipeline()
    started.clear()
    await voice.ask(pipeline, QUESTION)
    assert started == ["Session.run", "Connection._read", "Connection._write"]
