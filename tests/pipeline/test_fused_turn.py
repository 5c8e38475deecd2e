"""One voice turn through a real Assist pipeline, the client and the simulator over loopback."""

import asyncio

from simulator import Call, Say, ScriptedBrain

from ..seen import sent
from .conftest import LIGHT


async def test_fused_turn_answers_with_the_models_own_voice(voice, simulator):
    simulator.brain = ScriptedBrain(Say("It is a lovely evening."))
    answered = await voice.ask(await voice.pipeline(), "How is the evening?")
    assert answered.transcript == "How is the evening?"
    assert answered.reply == "It is a lovely evening."
    (response,) = simulator.responses
    assert response.kind == "voice"
    assert answered.pcm == response.audio
    assert [upgrade.path for upgrade in simulator.upgrades] == ["/v1/realtime"]


async def test_fused_turn_adopts_the_answer_that_was_started_early(voice, simulator):
    await voice.ask(await voice.pipeline(), "How is the evening?")
    kinds = [entry.type for entry in simulator.log if entry.direction == "in"]
    assert [kind for kind in kinds if kind != "input_audio_buffer.append"] == [
        "session.update",
        "input_audio_buffer.commit",
        "response.create",
    ]


async def test_fused_turn_of_another_user_area_is_asked_again_on_the_same_audio(voice, simulator, satellite):
    # The run does not name the satellite's device, so the area in the prompt is known only when the agent is called.
    simulator.brain = ScriptedBrain(Say("The wrong answer."), Say("The right answer."))
    answered = await voice.ask(await voice.pipeline(), "Where am I?", device_id=satellite.id)
    assert answered.reply == "The right answer."
    wrong, right = simulator.responses
    assert answered.pcm == right.audio
    assert wrong.status != "completed" or sent(simulator, "conversation.item.delete")
    assert "Kitchen" in right.instructions
    assert len(sent(simulator, "input_audio_buffer.commit")) == 1


async def test_fused_turn_with_a_short_reply_starts_the_voice_before_the_words_are_complete(voice, simulator):
    simulator.brain = ScriptedBrain(Say("Yes."))
    answered = await voice.ask(await voice.pipeline(), "Is it late?")
    started = [
        index
        for index, event in enumerate(answered.events)
        if event.type == "intent-progress" and event.data.get("tts_start_streaming")
    ]
    assert started
    assert started[0] < answered.types().index("intent-end")
    assert answered.data("tts-start")["tts_input"] == "Yes."


async def test_fused_turn_with_the_same_two_words_twice_speaks_each_with_its_own_voice(voice, simulator):
    simulator.brain = ScriptedBrain(Say("Good night."), Say("Good night."))
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Good night then.")
    second = await voice.ask(pipeline, "Good night again.")
    assert len(simulator.responses) == 2
    assert first.pcm == simulator.responses[0].audio
    assert second.pcm == simulator.responses[1].audio


async def test_fused_turn_in_chinese_keeps_its_words(voice, simulator):
    simulator.brain = ScriptedBrain(Say("厨房的灯已经打开了。"))
    pipeline = await voice.pipeline(stt_language="zh-CN", tts_language="zh-CN")
    answered = await voice.ask(pipeline, "打开厨房的灯")
    assert answered.transcript == "打开厨房的灯"
    assert answered.reply == "厨房的灯已经打开了。"
    assert answered.pcm == simulator.responses[0].audio
    assert "Always answer in Chinese" in simulator.responses[0].instructions


async def test_fused_turn_with_a_tool_call_acts_once_and_then_speaks(voice, simulator, house):
    answered = await voice.ask(await voice.pipeline(), "Turn on the kitchen light, please.")
    (call,) = house
    assert call.data["entity_id"] == [LIGHT]
    asked, spoken = simulator.responses
    assert [name for _, name, _ in asked.calls] == ["intent__HassTurnOn"]
    assert answered.reply == spoken.text
    assert answered.pcm == spoken.audio


async def test_fused_turn_with_words_before_a_call_speaks_both(voice, simulator, house):
    simulator.brain = ScriptedBrain(
        [Say("One moment."), Call("intent__HassTurnOn", {"name": "Kitchen Light"})], Say("It is on.")
    )
    answered = await voice.ask(await voice.pipeline(), "Light please.")
    assert len(house) == 1
    first, second = simulator.responses
    assert answered.pcm == first.audio + second.audio
    assert answered.reply == "It is on."


async def test_fused_turn_goes_on_in_the_same_conversation_and_session(voice, simulator):
    simulator.brain = ScriptedBrain()
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "My name is Ada.")
    second = await voice.ask(pipeline, "What is my name?", conversation_id=first.conversation_id)
    assert second.conversation_id == first.conversation_id
    assert len(simulator.upgrades) == 1
    assert simulator.brain.prompts[-1].user_words() == ["My name is Ada.", "What is my name?"]
    assert not sent(simulator, "conversation.item.create")


async def test_fused_turn_with_a_pipeline_voice_is_spoken_in_it(voice, simulator):
    answered = await voice.ask(await voice.pipeline(tts_voice="ruyananshi"), "Who are you?")
    assert simulator.responses[0].voice == "ruyananshi"
    assert answered.pcm == simulator.responses[0].audio


async def test_fused_turn_of_silence_gives_no_text(voice, simulator):
    answered = await voice.ask(await voice.pipeline(), bytes(32_000))
    assert answered.data("error")["code"] == "stt-no-text-recognized"
    assert "intent-start" not in answered.types()


async def test_fused_turn_that_home_assistant_no_longer_remembers_stays_one_turn(voice, simulator, monkeypatch):
    monkeypatch.setattr("homeassistant.components.assist_pipeline.run.STORED_PIPELINE_RUNS", 1)
    pipeline = await voice.pipeline()
    others_have_begun = asyncio.Event()
    first = asyncio.ensure_future(voice.ask(pipeline, "How is the evening?", end=others_have_begun))
    await simulator.seen("input_audio_buffer.append")
    await voice.ask(pipeline, "Am I the second one?")
    others_have_begun.set()
    assert (await first).transcript == "How is the evening?"
    assert [response.kind for response in simulator.responses] == ["voice", "voice"]
    assert not sent(simulator, "response.cancel")
