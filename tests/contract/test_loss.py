"""A lost connection costs a replay, and not the user's words."""

import pytest

from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import ConnectionLostError, QuotaError, ServiceError
from custom_components.stepaudio.client.history import Message, Role
from custom_components.stepaudio.client.turn import Anew, CallResult
from simulator import Call, Fault, Say, ScriptedBrain

from ..seen import sent
from .conftest import CONFIG, client_of
from .speaking import QUESTION, read, speak

HISTORY = [Message(Role.USER, "I like tea."), Message(Role.ASSISTANT, "Noted.")]


def items(simulator):
    """Return what the newest connection's service remembers."""
    return [(item.role, item.text) for item in simulator.connections[-1].items if item.type == "message"]


@pytest.mark.parametrize("phase", ["connecting", "listening", "committed"])
@pytest.mark.parametrize("kind", ["close", "abort"])
async def test_connection_lost_before_the_answer_replays_the_audio(client, simulator, kind, phase):
    simulator.brain = ScriptedBrain(otherwise=None)
    simulator.throw(Fault(kind, at=phase))
    session = client.session("one")
    session.prepare(CONFIG, HISTORY)
    turn = speak(session)
    words, _ = await read(turn)
    assert await turn.wait_for_transcript(5) == QUESTION
    assert words == f"You said: {QUESTION}"
    assert items(simulator) == [
        ("user", "I like tea."),
        ("assistant", "Noted."),
        ("user", QUESTION),
        ("assistant", words),
    ]


@pytest.mark.parametrize(
    ("again", "parts"),
    [
        ("It is warm today.", ["It is warm today."]),
        ("It is cold today.", ["It is cold today."]),
        ("It was warm.", ["It is", "It was warm."]),
        ("It.", ["It is", "It."]),
        ("Warm.", ["It is", "Warm."]),
    ],
)
@pytest.mark.parametrize("kind", ["abort", "internal_error"])
async def test_answer_that_breaks_off_in_its_words_is_asked_for_again_and_repeats_none(
    client, simulator, kind, again, parts
):
    simulator.brain = ScriptedBrain(Say("It is warm today."), Say(again))
    simulator.throw(Fault(kind, at="response.audio_transcript.delta", nth=3))
    turn = speak(client.session("one"))
    got = [""]
    answer = turn.ask(CONFIG)
    async for part in answer.parts:
        if isinstance(part, Anew):
            got.append("")
        else:
            got[-1] += part
    assert got == parts
    assert answer.words == again
    assert b"".join(turn.voice.items) == simulator.responses[-1].audio


async def test_answer_that_breaks_off_after_a_call_was_named_calls_once(client, simulator):
    simulator.brain = ScriptedBrain(Call("light_on", {"n": 1}), [Say("One moment."), Call("light_on", {"n": 2})])
    simulator.throw(Fault("abort", at="response.output_item.done"))
    turn = speak(client.session("one"))
    answer = turn.ask(CONFIG)
    async for _ in answer.parts:
        pass
    assert [call.arguments for call in answer.calls] == ['{"n": 2}']
    assert answer.words == "One moment."


async def test_connection_lost_after_the_words_ends_the_voice_where_it_broke_off(client, simulator):
    simulator.brain = ScriptedBrain(Say("First sentence, rather long. Second sentence. Third sentence."))
    simulator.throw(Fault("abort", at="response.audio.delta", nth=3))
    turn = speak(client.session("one"))
    turn.claimed = True
    words, voice = await read(turn)
    assert words == "First sentence, rather long. Second sentence. Third sentence."
    assert 0 < len(voice) < len(simulator.responses[0].audio)
    with pytest.raises(ConnectionLostError):
        async for _ in turn.speak():
            pass
    assert turn.unspoken_words().endswith("Third sentence.")
    assert len(simulator.responses) == 1


async def test_connection_lost_while_a_tool_runs_tells_the_result_as_text(client, simulator):
    simulator.brain = ScriptedBrain(Call("light_on", {"room": "kitchen"}), Say("It is on."))
    session = client.session("one")
    turn = speak(session)
    await read(turn)
    (call,) = turn.answers[0].calls
    simulator.throw(Fault("abort", at="conversation.item.create"))
    turn.give_results([CallResult(call, '{"ok":true}')])
    assert (await read(turn))[0] == "It is on."
    told = items(simulator)
    assert told[0] == ("user", QUESTION)
    assert 'light_on({"room": "kitchen"}) gave {"ok":true}' in told[1][1]


async def test_connection_lost_while_idle_is_replaced_by_the_next_turn(client, simulator):
    simulator.brain = ScriptedBrain()
    session = client.session("one")
    turn = speak(session)
    await read(turn)
    turn.close()
    simulator.throw(Fault("abort", at="input_audio_buffer.append"))
    await read(speak(session, "And are you still there, my friend?"))
    assert simulator.brain.prompts[-1].user_words() == [QUESTION, "And are you still there, my friend?"]


async def test_refusal_that_may_pass_is_tried_again_and_one_that_needs_the_user_is_not(client, simulator):
    simulator.throw(Fault("refuse", at="connecting", value="503"))
    await read(speak(client.session("one")))
    assert [upgrade.status for upgrade in simulator.upgrades] == [503, 101]
    simulator.throw(Fault("refuse", at="connecting", value="402", times=9))
    with pytest.raises(QuotaError):
        await read(speak(client.session("two")))
    assert [upgrade.status for upgrade in simulator.upgrades] == [503, 101, 402]


async def test_connection_that_is_always_lost_is_given_up(simulator):
    client = client_of(simulator, timeouts=Timeouts(attempts=2))
    simulator.throw(Fault("abort", at="committed", times=99))
    with pytest.raises(ConnectionLostError):
        await read(speak(client.session("one")))
    assert len(simulator.upgrades) == 3
    await client.aclose()


async def test_mistake_of_ours_costs_a_turn_and_not_the_conversation(client, simulator, monkeypatch, caplog):
    session = client.session("one")

    def stumble(*_):
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setattr(session, "_take", stumble)
        with pytest.raises(ServiceError):
            await read(speak(session))
    assert "mistake" in caplog.text
    assert (await read(speak(session)))[0]


async def test_old_connection_is_replaced_while_nobody_speaks(simulator):
    simulator.brain = ScriptedBrain()
    client = client_of(simulator, timeouts=Timeouts(recycle_s=0.05))
    session = client.session("one")
    turn = speak(session)
    await read(turn)
    turn.close()
    await client._room.wait()
    assert client.open_connections == 0
    await read(speak(session, "I was silent for a long time now."))
    assert len(simulator.upgrades) == 2
    assert simulator.brain.prompts[-1].user_words() == [QUESTION, "I was silent for a long time now."]
    await client.aclose()


async def test_service_that_ends_a_session_at_thirty_minutes_loses_no_word(simulator):
    simulator.brain = ScriptedBrain()
    client = client_of(simulator)
    session = client.session("one")
    await read(speak(session))
    session.turn.close()
    simulator.clock.advance(1801)
    await read(speak(session, "Half an hour later I still talk."))
    assert simulator.brain.prompts[-1].user_words() == [QUESTION, "Half an hour later I still talk."]
    await client.aclose()


async def test_long_history_is_told_to_a_new_connection_from_a_whole_turn_on(client, simulator):
    history = []
    for number in range(5):
        history += [
            Message(Role.USER, f"Question {number}."),
            Message(Role.TOOLS, f"tool({number})"),
            Message(Role.ASSISTANT, f"Answer {number}."),
        ]
    session = client.session("one")
    session.turns_kept = 2
    session.prepare(CONFIG, history)
    await read(speak(session))
    texts = [text for _, text in items(simulator)]
    assert texts[:6] == [
        "Question 3.",
        "(What the home reports back: tool(3))",
        "Answer 3.",
        "Question 4.",
        "(What the home reports back: tool(4))",
        "Answer 4.",
    ]
    assert len(sent(simulator, "conversation.item.create")) == 6
