"""Everything in which the service is known to vary, or its documents conflict, is tolerated in both forms."""

import pytest

from house.haste import hasten
from simulator import PROFILES, Call, Fault, Say, ScriptedBrain

VARIANTS = {
    "vad off echoed as null": {"vad_off_echo": "null"},
    "vad off echoed by nothing": {"vad_off_echo": "missing"},
    "vad off echoed as empty": {"vad_off_echo": "empty"},
    "vad off by default": {"vad_default": False},
    "no id in session.updated": {"updated_carries_id": False},
    "no response ids": {"delta_response_id": False},
    "words as text": {"text_only_events": "text"},
    "assistant content as text": {"assistant_content": "text"},
    "no usage": {"usage": False},
    "calls announced as items": {"call_announcement": "item_created"},
    "arguments in delta": {"arguments_delta_field": "delta"},
    "call ids with names": {"call_id_style": "named"},
    "empty part after calls": {"empty_part_after_call": True},
    "all words first": {"words_ahead_s": float("inf")},
    "small deltas": {"audio_delta_bytes": 6464},
    "transcript before": {"transcript_moment": "before"},
    "transcript after": {"transcript_moment": "after"},
    "transcript in cumulative deltas": {"transcript_deltas": "cumulative"},
    "transcript in incremental deltas": {"transcript_deltas": "incremental"},
    "previous item null": {"first_previous_item_id": "null"},
    "previous item absent": {"first_previous_item_id": "absent"},
}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_service_that_varies_is_understood(voice, simulator, house, variant):
    simulator.switches = PROFILES["s25plan"].replace(**VARIANTS[variant])
    simulator.brain = ScriptedBrain(
        [Say("One moment."), Call("intent__HassTurnOn", {"name": "Kitchen Light"})], Say("It is on."), Say("Of course.")
    )
    pipeline = await voice.pipeline()
    answered = await voice.ask(pipeline, "Turn on the kitchen light, please.")
    assert answered.transcript == "Turn on the kitchen light, please."
    assert answered.reply == "It is on."
    assert answered.pcm == b"".join(response.audio for response in simulator.responses)
    assert len(house) == 1
    following = await voice.ask(pipeline, "Thank you very much for that.", conversation_id=answered.conversation_id)
    assert following.reply == "Of course."


@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize("code", ["string", "number"])
async def test_error_in_any_shape_is_told_as_what_it_is(voice, simulator, shape, code):
    simulator.switches = PROFILES["s25plan"].replace(error_shape=shape, error_code=code)
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    answered = await voice.ask(await voice.pipeline(), "Something that is not allowed.")
    assert answered.reply == "StepAudio does not want to talk about that."


@pytest.mark.parametrize("moment", ["next", "never"])
async def test_turn_whose_words_are_not_told_is_answered_all_the_same(entry, voice, simulator, moment):
    hasten(entry.runtime_data.client)
    simulator.switches = PROFILES["s25plan"].replace(transcript_moment=moment)
    simulator.brain = ScriptedBrain()
    pipeline = await voice.pipeline()
    answered = await voice.ask(pipeline, "Do you hear me, I wonder?")
    assert answered.reply == "You said: Do you hear me, I wonder?"
    assert answered.pcm in [response.audio for response in simulator.responses]
    following = await voice.ask(pipeline, "And do you hear me now?", conversation_id=answered.conversation_id)
    assert following.reply == "You said: And do you hear me now?"


@pytest.mark.parametrize("event", ["done", "cancelled", "both"])
@pytest.mark.parametrize("status", ["incomplete", "cancelled"])
async def test_cancel_acknowledged_in_any_way_lets_the_next_answer_begin(voice, simulator, satellite, event, status):
    simulator.switches = PROFILES["s25plan"].replace(cancel_event=event, cancel_status=status, cancel_leftover_deltas=2)
    simulator.brain = ScriptedBrain(Say("The wrong answer. " * 9), Say("The right answer."), Say("Again."))
    pipeline = await voice.pipeline()
    answered = await voice.ask(pipeline, "Where am I just now?", device_id=satellite.id)
    assert answered.reply in {"The right answer.", "Again."}
    assert answered.pcm == simulator.responses[-1].audio
