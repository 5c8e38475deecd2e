"""Whether the satellite listens again: by the agent's option, and by a tool that only the model and we know."""

import pytest

from simulator import Call, Say, ScriptedBrain

from .phone import configure, type_to, words_of


@pytest.fixture
async def ask(hass, hass_client, engines):
    """Type to the agent and return what it answers."""
    client = await hass_client()

    async def ask(text, **more):
        return await type_to(client, engines["conversation"], text, **more)

    return ask


def outputs(simulator):
    """Return the results of calls that the service was given."""
    return [
        entry.event["item"]["output"]
        for entry in simulator.log
        if entry.direction == "in"
        and entry.type == "conversation.item.create"
        and entry.event["item"]["type"] == "function_call_output"
    ]


@pytest.mark.parametrize(
    ("words", "mode", "listens"),
    [
        ("Which light do you mean?", "automatic", True),
        ("要我打开吗", "automatic", True),
        ("那你呢", "automatic", True),
        ("门还开着呢。", "automatic", False),
        ("The light is on.", "automatic", False),
        ("The light is on.", "always", True),
        ("Which light do you mean?", "never", False),
        ("Which light do you mean?", "model", True),
    ],
)
async def test_answer_is_followed_by_listening_as_the_option_says(hass, entry, ask, simulator, words, mode, listens):
    await configure(hass, entry, follow_up=mode)
    simulator.brain = ScriptedBrain(Say(words))
    answered = await ask("Turn on the light.")
    assert words_of(answered) == words
    assert answered["continue_conversation"] is listens


@pytest.mark.parametrize("listen", [True, False])
async def test_model_that_decides_with_its_answer_is_not_asked_again(hass, entry, ask, simulator, listen):
    await configure(hass, entry, follow_up="model")
    simulator.brain = ScriptedBrain([Say("Is that so?"), Call("listen_again", {"listen": listen})], Say("Well."))
    answered = await ask("Good night.")
    assert words_of(answered) == "Is that so?"
    assert answered["continue_conversation"] is listen
    assert len(simulator.responses) == 1
    following = await ask("Tell me more.", conversation_id=answered["conversation_id"])
    assert words_of(following) == "Well."
    assert outputs(simulator) == ['{"success":true}']
    assert len(simulator.upgrades) == 1  # the connection goes on: nothing contradicts the history


async def test_model_that_decides_before_it_answers_is_asked_for_its_words(hass, entry, ask, simulator):
    await configure(hass, entry, follow_up="model")
    simulator.brain = ScriptedBrain(Call("listen_again", {"listen": True}), Say("Tell me about it."), Say("I see."))
    answered = await ask("I have had a day.")
    assert words_of(answered) == "Tell me about it."
    assert answered["continue_conversation"] is True
    following = await ask("It rained.", conversation_id=answered["conversation_id"])
    assert words_of(following) == "I see."
    assert following["continue_conversation"] is False


async def test_model_that_decides_beside_a_tool_has_both_done(hass, entry, ask, simulator, house):
    await configure(hass, entry, follow_up="model")
    simulator.brain = ScriptedBrain(
        [Call("intent__HassTurnOn", {"name": "Kitchen Light"}), Call("listen_again", {"listen": True})], Say("Done.")
    )
    answered = await ask("Turn on the kitchen light.")
    assert words_of(answered) == "Done."
    assert answered["continue_conversation"] is True
    assert len(house) == 1
    assert len(outputs(simulator)) == 2


async def test_model_that_decides_nonsense_is_understood_by_its_words(hass, entry, ask, simulator):
    await configure(hass, entry, follow_up="model")
    simulator.brain = ScriptedBrain([Say("Which one?"), Call("listen_again", {"listen": "perhaps"})])
    assert (await ask("Turn it on."))["continue_conversation"] is True


async def test_model_that_may_not_decide_has_no_tool_for_it(ask, simulator):
    simulator.brain = ScriptedBrain(Call("listen_again", {"listen": True}), Say("All right."))
    answered = await ask("Good night.")
    assert words_of(answered) == "All right."
    assert answered["continue_conversation"] is False
    assert "listen_again" not in simulator.brain.prompts[0].functions


async def test_agent_that_may_only_talk_decides_and_has_other_calls_refused(hass, entry, ask, simulator):
    await configure(hass, entry, follow_up="model", llm_hass_api=[])
    simulator.brain = ScriptedBrain(Call("no_such_tool"), [Say("All right?"), Call("listen_again", {"listen": False})])
    answered = await ask("Do some magic.")
    assert words_of(answered) == "All right?"
    assert answered["continue_conversation"] is False
    assert "no such tool" in simulator.brain.prompts[1].results()[0][1]
    assert list(simulator.brain.prompts[0].functions) == ["listen_again"]


async def test_spoken_turn_in_which_the_model_decides_leaves_the_conversation_open(hass, entry, voice, simulator):
    await configure(hass, entry, follow_up="model")
    simulator.brain = ScriptedBrain([Say("I am all ears."), Call("listen_again", {"listen": True})], Say("Indeed."))
    pipeline = await voice.pipeline()
    answered = await voice.ask(pipeline, "I have a story for you.")
    assert answered.reply == "I am all ears."
    assert answered.data("intent-end")["intent_output"]["continue_conversation"] is True
    assert answered.pcm == simulator.responses[0].audio
    following = await voice.ask(pipeline, "Once upon a time.", conversation_id=answered.conversation_id)
    assert following.reply == "Indeed."
