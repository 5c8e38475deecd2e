"""What the service refuses in the middle of things, and what is tried again."""

import pytest

from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import QuotaError
from simulator import Fault, Say, ScriptedBrain, tones

from ..seen import sent
from .conftest import CONFIG, client_of
from .speaking import QUESTION, read, speak


async def test_configuration_that_is_refused_for_the_moment_is_tried_on_another_connection(client, simulator):
    simulator.throw(Fault("error", at="session.updated", value="429 too many requests"))
    await read(speak(client.session("one")))
    assert len(simulator.upgrades) == 2


@pytest.mark.parametrize("value", ["429 too many requests", "500 internal error"])
async def test_input_that_is_refused_for_the_moment_is_told_to_another_connection(client, simulator, value):
    simulator.throw(Fault("error", at="input_audio_buffer.committed", value=value))
    turn = speak(client.session("one"))
    await read(turn)
    assert await turn.wait_for_transcript(5) == QUESTION
    assert len(simulator.upgrades) == 2


async def test_configuration_that_is_refused_for_good_ends_the_turn_with_its_reason(client, simulator):
    simulator.throw(Fault("error", at="session.updated", value="402 no balance"))
    with pytest.raises(QuotaError):
        await read(speak(client.session("one")))
    assert len(simulator.upgrades) == 1


async def test_answer_without_a_word_is_asked_for_again(client, simulator):
    simulator.brain = ScriptedBrain(Say(""), Say("Here I am."))
    words, _ = await read(speak(client.session("one")))
    assert words == "Here I am."


async def test_words_that_are_broken_off_are_not_part_of_the_next_question(client, simulator):
    session = client.session("one")
    session.prepare(CONFIG)
    await session.connect(CONFIG)
    turn = session.listen(16_000, CONFIG)
    turn.feed(tones("Forget it, this is ", 16_000))
    await simulator.seen("input_audio_buffer.append")
    turn.close()
    next_turn = speak(session)
    await read(next_turn)
    assert await next_turn.wait_for_transcript(5) == QUESTION
    assert sent(simulator, "input_audio_buffer.clear")
    assert len(simulator.upgrades) == 1


async def test_connection_that_is_due_for_renewal_is_kept_while_it_is_needed(simulator):
    client = client_of(simulator, timeouts=Timeouts(recycle_s=0.0))
    simulator.throw(Fault("stall", at="response.audio.delta"))
    session = client.session("one")
    turn = speak(session)
    turn.ask(CONFIG)
    await simulator.seen("response.create")
    assert len(simulator.upgrades) == 1
    simulator.mend()
    assert (await read(turn))[0]
    assert len(simulator.upgrades) == 1
    await client.aclose()
