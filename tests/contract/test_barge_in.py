"""The user speaks over the answer."""

import pytest

from custom_components.stepaudio.client.history import Message, Role
from simulator import Say, ScriptedBrain

from ..seen import sent
from .conftest import CONFIG
from .speaking import QUESTION, read, speak

LONG = "This is a very long answer. " * 8
OVER = "Stop it now, please, I heard enough."


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


async def start_listening(turn, clock):
    """Pull the first piece of a turn's voice, as a satellite does that begins to play."""
    turn.clock = clock
    turn.claimed = True
    speaking = turn.speak()
    await anext(speaking)
    return speaking


async def test_answer_that_is_still_played_is_truncated_to_what_was_heard(client, simulator):
    simulator.brain = ScriptedBrain(Say(LONG), Say("Yes?"))
    session = client.session("one")
    turn, clock = speak(session), Clock()
    speaking = await start_listening(turn, clock) if await read(turn) else None
    turn.close()
    clock.now = 1.5
    second = speak(session, OVER)
    assert [piece async for piece in speaking] == []
    await read(second)
    (truncate,) = sent(simulator, "conversation.item.truncate")
    assert truncate["audio_end_ms"] == 1500
    assert not sent(simulator, "response.cancel")


@pytest.mark.parametrize("acknowledged", ["done", "cancelled", "both"])
async def test_answer_that_is_still_made_is_cancelled_and_truncated(client, simulator, acknowledged):
    simulator.switches = simulator.switches.replace(cancel_event=acknowledged, cancel_leftover_deltas=2)
    simulator.brain = ScriptedBrain(Say(LONG), Say("Yes?"))
    session = client.session("one")
    turn, clock = speak(session), Clock()
    turn.ask(CONFIG)
    speaking = await start_listening(turn, clock)
    clock.now = 0.1
    second = speak(session, OVER)
    words, voice = await read(second)
    assert words == "Yes?"
    assert voice == simulator.responses[-1].audio
    assert [piece async for piece in speaking] == []
    assert len(sent(simulator, "conversation.item.truncate")) == 1


async def test_answer_that_was_heard_to_its_end_is_left_alone(client, simulator):
    simulator.brain = ScriptedBrain(Say("Short."), Say("Yes?"))
    session = client.session("one")
    turn, clock = speak(session), Clock()
    await read(turn)
    await start_listening(turn, clock)
    turn.close()
    clock.now = 60.0
    await read(speak(session, OVER))
    assert not sent(simulator, "conversation.item.truncate")


async def test_preparing_the_next_turn_interrupts_the_one_that_is_answered(client, simulator):
    simulator.brain = ScriptedBrain(Say(LONG), Say("Yes?"))
    session = client.session("one")
    turn, clock = speak(session), Clock()
    turn.ask(CONFIG)
    await start_listening(turn, clock)
    clock.now = 0.1
    session.prepare(CONFIG, [Message(Role.USER, QUESTION), Message(Role.ASSISTANT, "This is a")])
    words, _ = await read(speak(session, OVER))
    assert words == "Yes?"
    assert [item.text for item in simulator.connections[-1].items if item.role == "user"] == [QUESTION, OVER]
    assert len(simulator.upgrades) == 1


async def test_interrupted_answer_is_replayed_as_interrupted(client, simulator):
    simulator.brain = ScriptedBrain(Say(LONG), Say("Yes?"))
    session = client.session("one")
    turn, clock = speak(session), Clock()
    await read(turn)
    await start_listening(turn, clock)
    turn.close()
    clock.now = 1.0
    await read(speak(session, OVER))
    user, answer, *_ = session.history
    assert user.text == QUESTION
    assert answer.text.endswith("(interrupted by the user)")
    assert LONG.startswith(answer.text.split("…")[0])
    assert len(answer.text) < len(LONG) / 2


async def test_silence_fills_the_voice_while_nothing_comes(client, simulator, monkeypatch):
    monkeypatch.setattr("custom_components.stepaudio.client.turn._LONGEST_PAUSE_S", 0.0)
    turn = client.session("one").listen(16_000, CONFIG)
    speaking = turn.speak()
    assert not any(await anext(speaking))
    turn.close()
    assert [piece async for piece in speaking] == []
