"""Whose voice is heard in a turn."""

import pytest
from homeassistant.components.tts import async_create_stream, async_get_stream
from homeassistant.helpers import issue_registry as ir

from custom_components.stepaudio.const import DOMAIN
from simulator import Fault, Say, ScriptedBrain, read_tones
from simulator.voices import REALTIME_VOICES

from .phone import configure, subentry_of, type_to, words_of
from .sounds import listen

OWN = "ruyananshi"
TWO_SENTENCES = "The first sentence, which is rather long. And the second."


@pytest.fixture
async def own_voice(hass, entry, engines):
    """Give the agent a voice of its own, and text-to-speech another."""
    await configure(hass, entry, kind="tts", voice="qinqienvsheng")
    await configure(hass, entry, voice=OWN)


def break_voice(simulator):
    """Have the voice of the next answer break off within its first sentence, when all words are known."""
    simulator.switches = simulator.switches.replace(words_ahead_s=float("inf"))
    simulator.throw(Fault("abort", at="response.audio.delta", nth=3))


def voices_of(simulator):
    """Return in which voices what was spoken."""
    return [(response.kind, response.voice) for response in simulator.responses]


async def test_voice_that_belongs_to_text_to_speech_alone_speaks_the_models_words(voice, simulator):
    simulator.brain = ScriptedBrain(Say("The answer is here."))
    answered = await voice.ask(await voice.pipeline(tts_voice="tianmeinvsheng"), "A question.")
    assert answered.reply == "The answer is here."
    assert read_tones(answered.pcm, 24_000) == "The answer is here."
    assert [(response.kind, response.voice) for response in simulator.responses][-1] == ("speech", "tianmeinvsheng")
    assert "voice" not in {response.kind for response in simulator.responses}


async def test_voice_that_the_model_refuses_is_told_in_another_and_becomes_an_issue(hass, voice, engines, simulator):
    pipeline = await voice.pipeline(tts_voice="nobody")
    answered = await voice.ask(pipeline, "A question.")
    assert "voice" in answered.reply
    assert read_tones(answered.pcm, 24_000) == answered.reply
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.domain, issue.translation_key) == (DOMAIN, "voice_refused")
    assert issue.translation_placeholders == {"entity": engines["tts"], "voice": "nobody"}


async def test_voice_that_the_service_silently_replaces_becomes_an_issue_until_it_is_taken(
    hass, entry, voice, simulator
):
    await configure(hass, entry, voice="nobody")
    simulator.switches = simulator.switches.replace(voice_refusal="downgrade")
    answered = await voice.ask(await voice.pipeline(), "A question.")
    assert answered.pcm == simulator.responses[-1].audio
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "voice_refused"
    assert issue.translation_placeholders == {"entity": "conversation.stepaudio", "voice": "nobody"}
    await configure(hass, entry, voice=OWN)
    await voice.ask(await voice.pipeline(), "A question.")
    assert not ir.async_get(hass).issues


async def test_rest_of_a_voice_that_broke_off_is_in_the_agents_own(voice, own_voice, simulator):
    simulator.brain = ScriptedBrain(Say(TWO_SENTENCES))
    break_voice(simulator)
    answered = await voice.ask(await voice.pipeline(), "A question.")
    assert read_tones(answered.pcm, 24_000).endswith("And the second.")
    assert voices_of(simulator) == [("voice", OWN), ("speech", OWN)]


async def test_rest_of_a_voice_that_broke_off_is_in_the_pipelines(voice, own_voice, simulator):
    simulator.brain = ScriptedBrain(Say(TWO_SENTENCES))
    break_voice(simulator)
    await voice.ask(await voice.pipeline(tts_voice="cixingnansheng"), "A question.")
    assert voices_of(simulator) == [("voice", "cixingnansheng"), ("speech", "cixingnansheng")]


async def test_reason_why_there_is_no_answer_is_in_the_agents_own_voice(voice, own_voice, simulator):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    answered = await voice.ask(await voice.pipeline(), "A question.")
    assert read_tones(answered.pcm, 24_000) == answered.reply
    assert voices_of(simulator)[-1] == ("speech", OWN)


async def test_answer_to_foreign_ears_is_in_the_agents_own_voice_also_where_it_breaks_off(
    voice,
    own_voice,
    simulator,
    others,
):
    simulator.brain = ScriptedBrain(Say(TWO_SENTENCES))
    break_voice(simulator)
    answered = await voice.ask(await voice.pipeline(stt_engine=others["stt"]), "ignored")
    assert read_tones(answered.pcm, 24_000).endswith("And the second.")
    assert voices_of(simulator) == [("voice", OWN), ("speech", OWN)]


@pytest.fixture
def type_aloud(hass, hass_ws_client):
    """Return how to type words to a pipeline that speaks its answer; it gives the voice."""

    async def type_aloud(pipeline, words):
        socket = await hass_ws_client()
        await socket.send_json_auto_id(
            {"type": "assist_pipeline/run", "start_stage": "intent", "end_stage": "tts"}
            | {"pipeline": pipeline, "input": {"text": words}}
        )
        assert (await socket.receive_json())["success"]
        event = {}
        while event.get("type") != "tts-end":
            event = (await socket.receive_json())["event"]
        stream = async_get_stream(hass, event["data"]["tts_output"]["token"])
        return listen(b"".join([chunk async for chunk in stream.async_stream_result()]))[3]

    return type_aloud


async def test_answer_to_typed_words_is_in_the_agents_own_voice_also_where_it_breaks_off(
    voice, own_voice, simulator, type_aloud
):
    simulator.brain = ScriptedBrain(Say("Yes, indeed."), Say(TWO_SENTENCES))
    pipeline = await voice.pipeline()
    assert await type_aloud(pipeline, "Is it true?") == "Yes, indeed."
    break_voice(simulator)
    assert (await type_aloud(pipeline, "A question.")).endswith("And the second.")
    assert voices_of(simulator) == [("voice", OWN), ("voice", OWN), ("speech", OWN)]


async def test_agent_whose_voice_text_to_speech_alone_has_speaks_with_it(hass, entry, voice, simulator):
    await configure(hass, entry, voice="tianmeinvsheng")
    await configure(hass, entry, kind="tts", voice="qinqienvsheng")
    simulator.brain = ScriptedBrain(Say("Yes."), Say("Yes."))
    pipeline = await voice.pipeline()
    for words in ("Is it true?", "Is it really true?"):
        answered = await voice.ask(pipeline, words)
        assert read_tones(answered.pcm, 24_000) == "Yes."
    assert {each for each in voices_of(simulator) if each[0] != "words"} == {("speech", "tianmeinvsheng")}


async def test_short_words_of_two_agents_are_each_in_their_own_voice(hass, entry, voice, simulator):
    """Home Assistant keeps short replies: what one has said must not come back in its voice for another."""
    simulator.brain = ScriptedBrain(Say("Yes."), Say("Yes."))
    pipeline = await voice.pipeline()
    for own in ("tianmeinvsheng", "huolinvsheng"):
        await configure(hass, entry, voice=own)
        await voice.ask(pipeline, "Is it true?")
    assert [each for each in voices_of(simulator) if each[0] == "speech"] == [
        ("speech", "tianmeinvsheng"),
        ("speech", "huolinvsheng"),
    ]


async def test_agent_without_a_voice_of_its_own_speaks_with_that_of_text_to_speech(hass, entry, voice, simulator):
    await configure(hass, entry, kind="tts", voice="qinqienvsheng")
    simulator.brain = ScriptedBrain(Say("This is me."))
    await voice.ask(await voice.pipeline(), "Is that you?")
    assert voices_of(simulator) == [("voice", "qinqienvsheng")]


async def test_announcement_sounds_like_the_agent_of_the_account(hass, entry, engines, simulator):
    await configure(hass, entry, voice=OWN)
    stream = async_create_stream(hass, engines["tts"], "en-US", {})
    stream.async_set_message("Dinner is ready.")
    assert b"".join([chunk async for chunk in stream.async_stream_result()])
    assert voices_of(simulator) == [("speech", OWN)]


async def test_foreign_agent_is_spoken_for_in_the_voice_of_text_to_speech(
    voice,
    own_voice,
    simulator,
    others,
):
    await voice.ask(await voice.pipeline(conversation_engine=others["conversation"]), "A question.")
    assert voices_of(simulator)[-1] == ("speech", "qinqienvsheng")


def reported(hass):
    """Return the entity and the voice of each report."""
    issues = ir.async_get(hass).issues.values()
    assert {(issue.domain, issue.translation_key) for issue in issues} <= {(DOMAIN, "voice_refused")}
    return [tuple(issue.translation_placeholders[name] for name in ("entity", "voice")) for issue in issues]


def offer(monkeypatch, voice):
    """Have the service offer one more voice: a clone that is there again."""
    monkeypatch.setitem(REALTIME_VOICES, "com", (*REALTIME_VOICES["com"], voice))


REFUSED = "StepAudio does not know the voice that was chosen."


@pytest.mark.parametrize("ended", ["changed", "works"])
async def test_refused_voice_of_an_agent_is_an_issue_of_the_agent_until_it_works_or_is_changed(
    hass, entry, voice, engines, simulator, monkeypatch, ended
):
    await configure(hass, entry, kind="tts", voice="qinqienvsheng")
    await configure(hass, entry, voice="vibrant")
    answered = await voice.ask(await voice.pipeline(), "A question.")
    assert answered.reply == REFUSED
    assert read_tones(answered.pcm, 24_000) == REFUSED
    assert reported(hass) == [(engines["conversation"], "vibrant")]
    # That another voice works, because the pipeline names it, says nothing of this one.
    assert (await voice.ask(await voice.pipeline(tts_voice=OWN), "A question.")).reply != REFUSED
    assert reported(hass) == [(engines["conversation"], "vibrant")]
    if ended == "changed":
        await configure(hass, entry, voice=OWN)
    else:
        offer(monkeypatch, "vibrant")
        assert (await voice.ask(await voice.pipeline(), "A question.")).reply != REFUSED
    assert not reported(hass)


async def test_refused_voice_of_an_agent_that_is_typed_to_is_an_issue_of_the_agent(
    hass, entry, engines, simulator, hass_client
):
    await configure(hass, entry, voice="vibrant")
    answered = await type_to(await hass_client(), engines["conversation"], "A question.")
    assert words_of(answered) == REFUSED
    assert reported(hass) == [(engines["conversation"], "vibrant")]


@pytest.mark.parametrize("ended", ["changed", "works", "removed"])
async def test_refused_voice_of_text_to_speech_is_its_issue_in_a_turn_until_it_works_or_is_changed(
    hass, entry, voice, engines, simulator, monkeypatch, ended
):
    await configure(hass, entry, kind="tts", voice="vibrant")
    pipeline = await voice.pipeline()
    assert (await voice.ask(pipeline, "A question.")).reply == REFUSED
    assert reported(hass) == [(engines["tts"], "vibrant")]
    if ended == "changed":
        await configure(hass, entry, kind="tts", voice=OWN)
    elif ended == "works":
        offer(monkeypatch, "vibrant")
        assert (await voice.ask(pipeline, "A question.")).reply != REFUSED
    else:
        hass.config_entries.async_remove_subentry(entry, subentry_of(entry, "tts").subentry_id)
        await hass.async_block_till_done()
    assert not reported(hass)
