"""The user speaks over the answer, or a tool takes its time: what the satellite hears."""

import asyncio

import voluptuous as vol
from homeassistant.components.tts import async_get_stream
from homeassistant.helpers import llm

from simulator import Call, Say, ScriptedBrain, read_tones

from ..seen import sent
from .library import Library
from .phone import configure

LONG = "This is a very long answer. " * 8


async def test_next_question_ends_the_voice_of_the_answer_that_is_still_played(hass, voice, simulator):
    simulator.brain = ScriptedBrain(Say(LONG), Say("Yes?"))
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Tell me a long story, please.")
    assert first.pcm == simulator.responses[0].audio
    second = await voice.ask(pipeline, "Stop it now, please, I heard enough.", conversation_id=first.conversation_id)
    assert second.reply == "Yes?"
    assert second.pcm == simulator.responses[1].audio
    # The whole answer left at once here, so it was heard for a moment only when the second question came.
    (truncate,) = sent(simulator, "conversation.item.truncate")
    assert 0 < truncate["audio_end_ms"] < len(simulator.responses[0].audio) / 48


class SlowTool(llm.Tool):
    """A tool that takes until it is released."""

    name = "look_up"
    description = "Looks something up."
    parameters = vol.Schema({})
    integration = "test"

    def __init__(self):
        self.release = asyncio.Event()

    async def async_call(self, hass, tool_input, llm_context):
        await self.release.wait()
        return llm.ToolResult(data={})


async def test_slow_tool_is_bridged_by_silence(hass, entry, voice, simulator):
    tool = SlowTool()

    llm.async_register_api(hass, Library(hass, tool))
    await configure(hass, entry, llm_hass_api=["library"])
    simulator.brain = ScriptedBrain([Say("One moment."), Call("look_up")], Say("It is on."))
    pipeline = await voice.pipeline()
    asking = asyncio.ensure_future(voice.ask(pipeline, "Look it up for me, please."))
    await simulator.seen("response.done")
    stream = None
    while stream is None:
        await asyncio.sleep(0)
        stream = next(iter(hass.data["tts_manager"].token_to_stream.values()), None)
    heard = b""
    async for chunk in async_get_stream(hass, stream.token).async_stream_result():
        heard += chunk
        if len(heard) > 44 + len(simulator.responses[0].audio) and not any(chunk):
            tool.release.set()
    answered = await asking
    assert tool.release.is_set()
    assert answered.audio == heard
    assert len(answered.pcm) > sum(len(response.audio) for response in simulator.responses)
    assert read_tones(answered.pcm, 24_000) == "One moment.It is on."


async def test_endless_calls_end_with_a_spoken_sentence(voice, simulator, house):
    simulator.brain = ScriptedBrain(*[Call("intent__HassTurnOn", {"name": "Kitchen Light"}) for _ in range(30)])
    answered = await voice.ask(await voice.pipeline(), "Turn on the light again and again.")
    assert answered.reply == "That took too many steps, and I stopped."
    assert read_tones(answered.pcm, 24_000) == answered.reply
