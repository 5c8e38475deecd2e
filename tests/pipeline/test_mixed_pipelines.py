"""Pipelines in which only some of the three engines are ours."""

import asyncio

from homeassistant.components.assist_pipeline import PipelineStage

from simulator import Fault, Say, ScriptedBrain, read_tones

from ..seen import paths


async def test_ears_alone_give_the_transcript_and_ask_for_no_answer(hass, voice, simulator, entry, others):
    pipeline = await voice.pipeline(conversation_engine=others["conversation"], tts_engine=others["tts"])
    answered = await voice.ask(pipeline, "Hear me only.")
    assert answered.transcript == "Hear me only."
    assert answered.reply == "Others say: Hear me only."
    assert not simulator.responses
    await hass.config_entries.async_unload(entry.entry_id)
    assert not simulator.connections


async def test_run_that_ends_with_the_words_is_recognised_and_holds_no_session(voice, simulator, entry):
    # assist_satellite.ask_question: our agent is in the pipeline, and is never asked.
    pipeline = await voice.pipeline()
    await voice.ask(pipeline, "Good evening to everybody.", conversation_id="evening")
    answered = await voice.ask(pipeline, "Yes.", conversation_id="evening", end_stage=PipelineStage.STT)
    assert answered.transcript == "Yes."
    assert paths(simulator) == ["/v1/realtime", "/v1/realtime/asr/stream"]
    assert len(simulator.responses) == 1
    assert entry.runtime_data.client.find_session("evening").is_idle


async def test_agent_alone_answers_in_words(voice, simulator, others):
    simulator.brain = ScriptedBrain(Say("Only words."))
    pipeline = await voice.pipeline(stt_engine=others["stt"], tts_engine=others["tts"])
    answered = await voice.ask(pipeline, "ignored")
    assert answered.reply == "Only words."
    assert answered.audio == b"Only words."
    assert [response.kind for response in simulator.responses] == ["words"]
    assert simulator.brain.prompts[0].user_words() == ["Heard by others."]


async def test_voice_alone_speaks_the_text_through_the_speech_socket(voice, simulator, others):
    pipeline = await voice.pipeline(stt_engine=others["stt"], conversation_engine=others["conversation"])
    answered = await voice.ask(pipeline, "ignored")
    assert answered.reply == "Others say: Heard by others."
    assert paths(simulator) == ["/v1/realtime/audio"]
    (spoken,) = simulator.responses
    assert (spoken.kind, spoken.text) == ("speech", "Others say: Heard by others.")
    assert answered.pcm == spoken.audio


async def test_agent_and_voice_with_foreign_ears_answer_with_the_models_own_voice(voice, simulator, others):
    simulator.brain = ScriptedBrain(Say("By my own voice."))
    answered = await voice.ask(await voice.pipeline(stt_engine=others["stt"]), "ignored")
    assert answered.reply == "By my own voice."
    (response,) = simulator.responses
    assert response.kind == "voice"
    assert answered.pcm == response.audio
    assert paths(simulator) == ["/v1/realtime"]


async def test_ears_and_agent_with_a_foreign_voice_ask_for_words_alone(voice, simulator, others):
    simulator.brain = ScriptedBrain(Say("For another voice."))
    pipeline = await voice.pipeline(tts_engine=others["tts"])
    answered = await voice.ask(pipeline, "Do you hear me?")
    assert answered.transcript == "Do you hear me?"
    assert answered.audio == b"For another voice."
    assert [response.kind for response in simulator.responses] == ["words"]


async def test_foreign_voice_is_given_no_word_twice_when_the_connection_is_lost_within(voice, simulator, others):
    weather = "It is warm today, with a little wind from the west, and there will be some sun later in the evening."
    simulator.brain = ScriptedBrain(Say(weather), Say(weather))
    simulator.throw(Fault("abort", at="response.audio_transcript.delta", nth=18))  # the voice has been given the start
    answered = await voice.ask(await voice.pipeline(tts_engine=others["tts"]), "How is the weather today?")
    assert answered.reply == weather
    assert answered.audio.decode() == weather
    assert paths(simulator) == ["/v1/realtime"] * 2


async def test_ears_and_voice_with_a_foreign_agent_synthesise_its_text(voice, simulator, others):
    pipeline = await voice.pipeline(conversation_engine=others["conversation"])
    answered = await voice.ask(pipeline, "Say it to everybody.")
    assert answered.reply == "Others say: Say it to everybody."
    assert answered.pcm == simulator.responses[-1].audio
    assert [response.kind for response in simulator.responses] == ["speech"]


async def test_ears_and_voice_with_a_foreign_agent_connect_once_each_while_the_user_speaks(voice, simulator, others):
    pipeline = await voice.pipeline(conversation_engine=others["conversation"])
    spoken = asyncio.Event()
    asked = asyncio.create_task(voice.ask(pipeline, "Say it to everybody.", end=spoken))
    await simulator.seen("tts.connection.done")
    assert not [entry for entry in simulator.log if entry.type == "input_audio_buffer.commit"]
    spoken.set()
    assert read_tones((await asked).pcm, 24_000) == "Others say: Say it to everybody."
    assert sorted(paths(simulator)) == ["/v1/realtime/asr/stream", "/v1/realtime/audio"]
    assert all(upgrade.status == 101 for upgrade in simulator.upgrades)


async def test_voice_of_text_to_speech_alone_connects_while_the_user_speaks(voice, simulator):
    pipeline = await voice.pipeline(tts_voice="tianmeinvsheng")
    spoken = asyncio.Event()
    asked = asyncio.create_task(voice.ask(pipeline, "A question of some length.", end=spoken))
    await simulator.seen("tts.connection.done")
    assert not [entry for entry in simulator.log if entry.type == "input_audio_buffer.commit"]
    spoken.set()
    assert (await asked).pcm == simulator.responses[-1].audio
    assert sorted(paths(simulator)) == ["/v1/realtime", "/v1/realtime/audio"]


async def test_ears_with_a_foreign_voice_connect_for_none(voice, simulator, others):
    pipeline = await voice.pipeline(conversation_engine=others["conversation"], tts_engine=others["tts"])
    await voice.ask(pipeline, "Hear me only.")
    assert paths(simulator) == ["/v1/realtime/asr/stream"]
