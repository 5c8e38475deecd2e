"""A session with the model over one good connection."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.stepaudio.client.errors import ClosedError, NoSpeechError, VoiceError
from custom_components.stepaudio.client.history import Message, Role
from custom_components.stepaudio.client.turn import CallResult
from simulator import Call, Say, ScriptedBrain, read_tones, tones

from ..seen import sent
from .conftest import CONFIG
from .speaking import QUESTION, read, speak


@pytest.mark.parametrize("profile", ["s3", "s25plan", "doc"])
async def test_spoken_turn_is_heard_and_answered_in_every_profile(client, simulator):
    simulator.brain = ScriptedBrain(Say("Very well, thank you."))
    turn = speak(client.session("one"))
    words, voice = await read(turn)
    (answer,) = turn.answers
    assert await turn.wait_for_transcript(5) == QUESTION
    assert words == "Very well, thank you."
    assert voice == simulator.responses[0].audio
    assert answer.status == "completed"


@pytest.mark.parametrize("moment", ["before", "within", "after"])
async def test_transcript_is_found_whenever_it_comes(client, simulator, moment):
    simulator.switches = simulator.switches.replace(transcript_moment=moment)
    turn = speak(client.session("one"))
    turn.ask(CONFIG)
    assert await turn.wait_for_transcript(5) == QUESTION


@pytest.mark.parametrize("form", ["none", "cumulative", "incremental"])
async def test_words_so_far_are_told_where_the_service_tells_them(client, simulator, form):
    simulator.switches = simulator.switches.replace(transcript_deltas=form)
    turn = speak(client.session("one"))
    turn.ask(CONFIG)
    partials = [words async for words in turn.partials]
    assert bool(partials) == (form != "none")
    assert all(QUESTION.startswith(words) for words in partials)
    assert partials == sorted(partials, key=len)


async def test_audio_arrives_whole_in_pieces_of_sixty_milliseconds(client, simulator):
    turn = speak(client.session("one"))
    await read(turn)
    (connection,) = simulator.connections
    sizes = [event["audio"] for event in sent(simulator, "input_audio_buffer.append")]
    assert sum(sizes) == len(tones(QUESTION, 16_000)) * 3 // 2
    # Until the service has confirmed the configuration the audio waits, and then it leaves in larger pieces.
    assert len(sizes) < 1 + sum(sizes) / 2880
    assert connection.items[0].text == QUESTION


async def test_prepared_session_answers_in_the_breath_of_the_commit(client, simulator):
    session = client.session("one")
    session.prepare(CONFIG)
    turn = speak(session)
    await read(turn)
    kinds = [entry.type for entry in simulator.log if entry.direction == "in"]
    assert kinds[-2:] == ["input_audio_buffer.commit", "response.create"]
    assert kinds.count("session.update") == 1


async def test_prepared_session_that_is_not_early_waits_to_be_asked(client, simulator):
    session = client.session("one")
    session.prepare(CONFIG, early=False)
    turn = speak(session)
    assert await turn.wait_for_transcript(5) == QUESTION
    assert not sent(simulator, "response.create")


async def test_other_configuration_discards_the_early_answer_and_asks_again(client, simulator):
    simulator.brain = ScriptedBrain(Say("Wrong."), Say("Right."))
    session = client.session("one")
    session.prepare(CONFIG)
    turn = speak(session)
    await simulator.seen("response.audio_transcript.delta")
    words, voice = await read(turn, replace(CONFIG, instructions="You are in the kitchen."))
    assert words == "Right."
    assert voice == simulator.responses[1].audio
    (connection,) = simulator.connections
    assert [item.text for item in connection.items] == [QUESTION, "Right."]


async def test_typed_turn_without_voice_is_answered_in_words(client, simulator):
    simulator.brain = ScriptedBrain(Say("In writing."))
    config = replace(CONFIG, with_voice=False)
    turn = client.session("one").say("Write to me.", config)
    words, voice = await read(turn, config)
    assert (words, voice) == ("In writing.", b"")
    assert simulator.responses[0].kind == "words"


async def test_call_result_continues_the_turn(client, simulator):
    simulator.brain = ScriptedBrain(Call("light_on", {"room": "kitchen"}), Say("It is on."))
    turn = speak(client.session("one"))
    await read(turn)
    (answer,) = turn.answers
    (call,) = answer.calls
    turn.give_results([CallResult(call, '{"ok":true}')])
    words, _ = await read(turn)
    assert words == "It is on."
    assert simulator.brain.prompts[-1].results() == [("light_on", '{"ok":true}')]


async def test_turn_voice_joins_all_answers_and_ends_with_the_turn(client, simulator):
    simulator.brain = ScriptedBrain([Say("One moment."), Call("light_on")], Say("It is on."))
    turn = speak(client.session("one"))
    voice = asyncio.ensure_future(_all(turn.speak()))
    await read(turn)
    (answer,) = turn.answers
    turn.give_results([CallResult(answer.calls[0], "{}")])
    await read(turn)
    turn.close()
    pcm = await voice
    assert pcm == b"".join(response.audio for response in simulator.responses)
    assert read_tones(pcm, 24_000) == "One moment.It is on."


async def _all(pieces):
    return b"".join([piece async for piece in pieces])


async def test_history_is_told_once_and_in_order(client, simulator):
    simulator.brain = ScriptedBrain(Say("Tea."), Say("Milk."))
    session = client.session("one")
    history = [Message(Role.USER, "I like tea."), Message(Role.ASSISTANT, "Noted.")]
    session.prepare(CONFIG, history)
    turn = speak(session)
    await read(turn)
    turn.close()
    session.prepare(CONFIG, [*history, Message(Role.USER, QUESTION), Message(Role.ASSISTANT, "Tea.")])
    await read(speak(session, "And what else is there?"))
    (connection,) = simulator.connections
    said = [(item.role, item.text) for item in connection.items]
    assert said == [
        ("user", "I like tea."),
        ("assistant", "Noted."),
        ("user", QUESTION),
        ("assistant", "Tea."),
        ("user", "And what else is there?"),
        ("assistant", "Milk."),
    ]


async def test_history_that_differs_gets_a_new_connection_with_all_of_it(client, simulator):
    session = client.session("one")
    session.prepare(CONFIG, [Message(Role.USER, "One."), Message(Role.ASSISTANT, "Two.")])
    await simulator.seen("conversation.item.created", 2)
    session.prepare(CONFIG, [Message(Role.USER, "Other.")])
    await read(speak(session))
    assert len(simulator.upgrades) == 2
    assert [item.text for item in simulator.connections[-1].items][:2] == ["Other.", QUESTION]


async def test_voice_that_has_spoken_is_changed_by_a_new_connection(client, simulator):
    simulator.brain = ScriptedBrain()
    session = client.session("one")
    turn = speak(session)
    await read(turn)
    turn.close()
    turn = speak(session, "And now in another voice, please.")
    await read(turn, replace(CONFIG, voice="ruyananshi"))
    assert [response.voice for response in simulator.responses] == ["jingdiannvsheng", "ruyananshi"]
    assert len(simulator.upgrades) == 2
    assert simulator.brain.prompts[-1].user_words() == [QUESTION, "And now in another voice, please."]


async def test_voice_that_is_refused_fails_the_turn_with_its_reason(client, simulator):
    turn = speak(client.session("one"))
    with pytest.raises(VoiceError):
        await read(turn, replace(CONFIG, voice="nobody"))


async def test_silence_is_no_speech(client, simulator):
    session = client.session("one")
    session.prepare(CONFIG)
    turn = session.listen(16_000, CONFIG)
    turn.feed(bytes(64_000))
    turn.end_input()
    with pytest.raises(NoSpeechError):
        await turn.wait_for_transcript(5)


async def test_turn_that_ends_without_any_sound_is_no_speech(client, simulator):
    turn = client.session("one").listen(16_000, CONFIG)
    turn.end_input()
    with pytest.raises(NoSpeechError):
        await turn.wait_for_transcript(5)
    assert not sent(simulator, "input_audio_buffer.commit")


async def test_new_turn_ends_the_old_one_and_takes_its_answer_back(client, simulator):
    simulator.brain = ScriptedBrain(Say("A long answer that nobody will hear."), Say("Yes?"))
    session = client.session("one")
    session.prepare(CONFIG)
    first = speak(session)
    await simulator.seen("response.audio_transcript.delta")
    second = speak(session, "No, stop it, listen to me.")
    words, _ = await read(second)
    assert words == "Yes?"
    assert isinstance(first.error, ClosedError)
    (connection,) = simulator.connections
    assert [item.text for item in connection.items] == [QUESTION, "No, stop it, listen to me.", "Yes?"]


async def test_cancelled_reader_loses_nothing(client, simulator):
    simulator.brain = ScriptedBrain(Say("Every word of it."))
    turn = speak(client.session("one"))
    reader = asyncio.ensure_future(read(turn))
    await simulator.seen("response.created")
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert (await read(turn))[0] == "Every word of it."


async def test_closing_the_client_ends_what_waits(client, simulator):
    turn = client.session("one").listen(16_000, CONFIG)
    waiting = asyncio.ensure_future(turn.wait_for_transcript(5))
    await simulator.seen("session.updated")
    await client.aclose()
    with pytest.raises(ClosedError):
        await waiting
    with pytest.raises(ClosedError):
        client.session("two")


async def test_sessions_of_two_conversations_do_not_meet(client, simulator):
    simulator.brain = ScriptedBrain()
    one, two = speak(client.session("one"), "I am the first one."), speak(client.session("two"), "I am the second one.")
    answers = await asyncio.gather(read(one), read(two))
    assert [words for words, _ in answers] == ["You said: I am the first one.", "You said: I am the second one."]
