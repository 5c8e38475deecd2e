"""Sentence triggers and local intents answer first; the model takes its early answer back and learns what was said."""

import pytest
from homeassistant.components.conversation import async_converse
from homeassistant.core import Context
from homeassistant.setup import async_setup_component

from simulator import Fault, Say, ScriptedBrain

from ..seen import sent
from .conftest import LIGHT
from .phone import configure


async def test_local_intent_answers_and_the_early_answer_is_taken_back(voice, simulator, house):
    simulator.brain = ScriptedBrain(Say("An answer that nobody wants."), Say("You are welcome."))
    simulator.throw(Fault("stall", at="response.audio.delta"))
    pipeline = await voice.pipeline(prefer_local_intents=True)
    local = await voice.ask(pipeline, "Turn on the kitchen light.")
    assert local.data("intent-end")["processed_locally"]
    assert [call.data["entity_id"] for call in house] == [[LIGHT]]
    await simulator.seen("response.cancel")
    simulator.mend()
    following = await voice.ask(pipeline, "Thank you very much for that.", conversation_id=local.conversation_id)
    assert following.reply == "You are welcome."
    heard = [item.text for item in simulator.brain.prompts[-1].items]
    assert (heard[0], heard[-1]) == ("Turn on the kitchen light.", "Thank you very much for that.")
    assert local.reply in heard
    assert "An answer that nobody wants." not in heard
    # The local answer is spoken through the speech socket, and the model's own connection goes on.
    assert [upgrade.path for upgrade in simulator.upgrades] == ["/v1/realtime", "/v1/realtime/audio"]


async def test_sentence_trigger_answers_and_the_model_learns_of_it(hass, voice, simulator):
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "trigger": {"platform": "conversation", "command": ["tea time for everybody"]},
                "action": {"set_conversation_response": "Tea is served."},
            }
        },
    )
    await hass.async_block_till_done()
    simulator.brain = ScriptedBrain(Say("An answer that nobody wants."), Say("Enjoy it."))
    pipeline = await voice.pipeline()
    local = await voice.ask(pipeline, "tea time for everybody")
    assert local.reply == "Tea is served."
    await voice.ask(pipeline, "Thank you very much for that.", conversation_id=local.conversation_id)
    heard = [item.text for item in simulator.brain.prompts[-1].items if item.role]
    assert heard[0] == "tea time for everybody"
    assert "Tea is served." in heard
    assert "An answer that nobody wants." not in heard


@pytest.mark.parametrize("early", [True, False])
async def test_early_answer_is_an_option(hass, entry, voice, simulator, house, early):
    await configure(hass, entry, early_answer=early)
    await voice.ask(await voice.pipeline(prefer_local_intents=True), "Turn on the kitchen light.")
    assert len(sent(simulator, "response.create")) == early


async def test_typed_turn_is_in_the_history_of_the_spoken_one(hass, voice, simulator, engines):
    simulator.brain = ScriptedBrain()
    typed = await async_converse(hass, "My name is Ada.", "mine", Context(), agent_id=engines["conversation"])
    assert typed.response.speech["plain"]["speech"] == "You said: My name is Ada."
    await voice.ask(await voice.pipeline(), "What is my name, do you know?", conversation_id="mine")
    assert simulator.brain.prompts[-1].user_words() == ["My name is Ada.", "What is my name, do you know?"]
    assert [response.kind for response in simulator.responses] == ["words", "voice"]


async def test_restart_keeps_the_conversation_of_the_chat_log(hass, entry, voice, simulator, house):
    pipeline = await voice.pipeline()
    first = await voice.ask(pipeline, "Turn on the kitchen light, please.")
    await hass.config_entries.async_reload(entry.entry_id)
    simulator.brain = ScriptedBrain()
    await voice.ask(pipeline, "And what did you do just now?", conversation_id=first.conversation_id)
    told = [item.text for item in simulator.brain.prompts[-1].items]
    assert told[0] == "Turn on the kitchen light, please."
    assert "gave" in told[1]
    assert told[2] == first.reply
    assert len(house) == 1


async def test_conversation_that_is_forgotten_closes_its_session(hass, entry, voice, simulator, freezer):
    from datetime import timedelta

    from homeassistant.helpers.chat_session import CONVERSATION_TIMEOUT
    from pytest_homeassistant_custom_component.common import async_fire_time_changed

    answered = await voice.ask(await voice.pipeline(), "How is the evening?")
    assert entry.runtime_data.client.find_session(answered.conversation_id)
    freezer.tick(CONVERSATION_TIMEOUT + timedelta(seconds=10))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert not entry.runtime_data.client.find_session(answered.conversation_id)


async def test_error_is_spoken_in_the_language_of_home_assistant(hass, voice, simulator):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    answered = await voice.ask(await voice.pipeline(), "Something that is not allowed.")
    assert answered.reply == "StepAudio does not want to talk about that."
    spoken = simulator.responses[-1]
    assert (spoken.kind, spoken.text) == ("speech", answered.reply)
    assert answered.pcm == spoken.audio
