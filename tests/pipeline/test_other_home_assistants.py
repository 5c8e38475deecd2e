"""A Home Assistant that has moved what it does not promise to keep: everything works, some of it later."""

import pytest
from homeassistant.components import assist_pipeline
from homeassistant.components.conversation import chat_log

from custom_components.stepaudio import assist
from simulator import Say, ScriptedBrain, read_tones

from .conftest import LIGHT


@pytest.fixture
def unreadable_runs(monkeypatch):
    """Have nothing told of the runs around us."""

    def moved(hass, pipeline_id):
        raise assist_pipeline.PipelineNotFound("moved", "it is not here any more")

    monkeypatch.setattr(assist, "async_get_pipeline", moved)


@pytest.fixture
def unfollowed_chat_logs(monkeypatch):
    """Have no word of what is added to chat logs. Asked for before the account is set up."""
    monkeypatch.delattr(chat_log, "async_subscribe_chat_logs")


async def test_question_is_answered_where_the_run_cannot_be_read(unreadable_runs, voice, simulator):
    simulator.brain = ScriptedBrain(Say("It is a fine evening."))
    answered = await voice.ask(await voice.pipeline(), "How is the evening, my dear?")
    assert answered.transcript == "How is the evening, my dear?"
    assert answered.reply == "It is a fine evening."
    assert read_tones(answered.pcm, 24_000) == answered.reply


async def test_local_answer_is_known_to_the_model_where_chat_logs_cannot_be_followed(
    unfollowed_chat_logs, voice, simulator, house
):
    simulator.brain = ScriptedBrain(Say("An answer that nobody wants."), Say("You are welcome."))
    pipeline = await voice.pipeline(prefer_local_intents=True)
    local = await voice.ask(pipeline, "Turn on the kitchen light.")
    assert [call.data["entity_id"] for call in house] == [[LIGHT]]
    following = await voice.ask(pipeline, "Thank you very much for that.", conversation_id=local.conversation_id)
    assert following.reply == "You are welcome."
    heard = [item.text for item in simulator.brain.prompts[-1].items]
    assert local.reply in heard
    assert "An answer that nobody wants." not in heard
