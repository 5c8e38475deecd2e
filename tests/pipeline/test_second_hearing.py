"""What the model refuses to hear, or heard and does not tell, goes once to recognition."""

import pytest

from house.haste import hasten
from simulator import PROFILES, Fault, Say, ScriptedBrain

from ..seen import TRANSCRIBED, paths
from .sounds import CHIME, NOISE


@pytest.mark.parametrize("way", ["", "/step_plan"])
async def test_word_that_is_too_short_for_the_model_is_answered_with_its_own_voice(voice, simulator, way):
    simulator.brain = ScriptedBrain(Say("Then I will do it."))
    answered = await voice.ask(await voice.pipeline(), "Yes.")
    assert answered.transcript == "Yes."
    assert answered.reply == "Then I will do it."
    (response,) = simulator.responses
    assert response.kind == "voice"
    assert answered.pcm == response.audio
    assert simulator.brain.prompts[0].user_words() == ["Yes."]
    assert paths(simulator).count("/v1/realtime/asr/stream") == (not way)


@pytest.mark.parametrize("refused_at", ["create", "commit"])
async def test_conversation_goes_on_over_the_same_connection_after_a_word_too_short(voice, simulator, refused_at):
    simulator.switches = PROFILES["s25plan"].replace(no_speech_at=refused_at)
    simulator.brain = ScriptedBrain(Say("Shall I?"), Say("Then I will do it."), Say("You are welcome."))
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Could you turn on the music?")
    for words in ("Yes.", "Thank you, that is very kind."):
        await voice.ask(pipeline, words, conversation_id=first.conversation_id)
    asked = ["Could you turn on the music?", "Yes.", "Thank you, that is very kind."]
    assert [prompt.user_words() for prompt in simulator.brain.prompts] == [asked[:1], asked[:2], asked]
    assert paths(simulator).count("/v1/realtime") == 1


async def test_noise_costs_the_conversation_neither_its_connection_nor_a_word(voice, simulator):
    simulator.brain = ScriptedBrain(Say("Shall I?"), Say("Then I will do it."))
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Could you turn on the music?")
    await voice.ask(pipeline, NOISE, conversation_id=first.conversation_id)
    await voice.ask(pipeline, "Yes, please turn it on.", conversation_id=first.conversation_id)
    assert simulator.brain.prompts[-1].user_words() == ["Could you turn on the music?", "Yes, please turn it on."]
    assert paths(simulator).count("/v1/realtime") == 1


@pytest.mark.parametrize("sound", [bytes(64_000), NOISE], ids=["silence", "noise"])
async def test_sound_without_speech_is_not_answered(voice, simulator, sound):
    answered = await voice.ask(await voice.pipeline(), sound)
    assert answered.data("error")["code"] == "stt-no-text-recognized"
    assert not simulator.responses


async def test_chime_that_is_heard_as_a_full_stop_is_not_answered(voice, simulator):
    simulator.hear("。")
    answered = await voice.ask(await voice.pipeline(), CHIME)
    assert answered.data("error")["code"] == "stt-no-text-recognized"
    assert not simulator.responses


async def test_words_that_the_model_does_not_tell_are_recognised(entry, voice, simulator):
    hasten(entry.runtime_data.client)
    simulator.switches = PROFILES["s25plan"].replace(transcript_moment="never")
    simulator.brain = ScriptedBrain(Say("I heard you well."))
    answered = await voice.ask(await voice.pipeline(), "Do you hear me, I wonder?")
    assert answered.transcript == "Do you hear me, I wonder?"
    assert answered.reply == "I heard you well."
    assert answered.pcm == simulator.responses[0].audio


async def test_words_that_nobody_tells_are_answered_all_the_same(entry, voice, simulator):
    hasten(entry.runtime_data.client)
    simulator.switches = PROFILES["s25plan"].replace(transcript_moment="never")
    simulator.throw(Fault("moderation", at=TRANSCRIBED, value="error"))
    simulator.brain = ScriptedBrain(Say("I heard you well."))
    answered = await voice.ask(await voice.pipeline(), "Do you hear me, I wonder?")
    assert answered.transcript == "…"
    assert answered.reply == "I heard you well."
