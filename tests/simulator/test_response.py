"""The stream of a response, its order and its end (sheet 1.10, 1.11)."""

import base64
import math

import pytest

from simulator import PROFILES, Call, Fault, Say, ScriptEars, ScriptedBrain, Think
from tests.simulator.client import configured, opened, voice_of

LONG = "This is a sentence of some length. And here is one more of them. The third ends it all."


async def answered(start, text=LONG, **changes):
    profile = changes.pop("profile", "s3")
    create = changes.pop("create", {})
    brain = ScriptedBrain(*([Say(text)] if isinstance(text, str) else [text]))
    simulator = await start(switches=PROFILES[profile].replace(**changes), brain=brain)
    async with configured(simulator) as client:
        await client.ask("A question of some length.", **create)
    return simulator, client


async def test_response_order_of_a_short_answer_is_as_observed(start):
    _, client = await answered(start, "Done.", transcript_deltas="none")
    types = client.types()
    assert types[types.index("input_audio_buffer.committed") :] == [
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "conversation.item.input_audio_transcription.completed",
        "response.audio_transcript.done",
        "response.audio.delta",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]


async def test_response_words_run_ahead_of_the_voice_and_end_before_it(start):
    _, client = await answered(start)
    types = client.types()
    words = [at for at, kind in enumerate(types) if kind == "response.audio_transcript.delta"]
    voice = [at for at, kind in enumerate(types) if kind == "response.audio.delta"]
    assert words[0] < voice[0] < words[-1]
    assert types.index("response.audio_transcript.done") < types.index("response.audio.done")


async def test_response_all_words_first_where_switched(start):
    _, client = await answered(start, words_ahead_s=math.inf)
    types = client.types()
    assert types.index("response.audio_transcript.done") < types.index("response.audio.delta")


@pytest.mark.parametrize("size", [8192, 6464])
async def test_response_audio_deltas_have_the_switched_size(start, size):
    simulator, client = await answered(start, audio_delta_bytes=size)
    sizes = [len(base64.b64decode(event["delta"])) for event in client.all("response.audio.delta")]
    assert set(sizes[:-1]) == {size}
    assert sizes[-1] % 2 == 0
    assert client.audio() == simulator.responses[0].audio == voice_of(LONG)


async def test_response_words_add_up_to_the_transcript(start):
    _, client = await answered(start)
    done = client.all("response.audio_transcript.done")[0]["transcript"]
    assert "".join(event["delta"] for event in client.all("response.audio_transcript.delta")) == done == LONG
    output = client.events[-1]["response"]["output"]
    assert output[0]["content"] == [{"type": "audio", "transcript": LONG}]
    assert output[0]["id"] == client.all("response.audio.delta")[0]["item_id"]


@pytest.mark.parametrize(("shown", "profile"), [(True, "s3"), (False, "doc")])
async def test_response_id_on_deltas_is_the_profiles(start, shown, profile):
    _, client = await answered(start, profile=profile)
    for kind in ("response.audio.delta", "response.audio_transcript.delta"):
        assert all(("response_id" in event) is shown for event in client.all(kind))


@pytest.mark.parametrize(("profile", "shown"), [("s3", True), ("doc", False)])
async def test_response_usage_is_the_profiles(start, profile, shown):
    _, client = await answered(start, profile=profile)
    response = client.events[-1]["response"]
    assert ("usage" in response) is shown
    if shown:
        assert (
            response["usage"]["total_tokens"] == response["usage"]["input_tokens"] + response["usage"]["output_tokens"]
        )


@pytest.mark.parametrize(
    ("profile", "kind"), [("s3", "audio_transcript"), ("s25plan", "audio_transcript"), ("doc", "text")]
)
async def test_response_words_alone_have_no_audio(start, profile, kind):
    simulator, client = await answered(start, profile=profile, create={"response": {"modalities": ["text"]}})
    assert not [event for event in client.events if event["type"].startswith("response.audio.")]
    assert "".join(event["delta"] for event in client.all(f"response.{kind}.delta")) == LONG
    assert client.all(f"response.{kind}.done")
    assert simulator.responses[0].kind == "words"


async def test_response_words_alone_by_session(start):
    simulator = await start()
    async with configured(simulator, modalities=["text"]) as client:
        await client.ask("A question of some length.")
    assert not client.audio()
    assert simulator.responses[0].text


async def test_response_settings_ignored_where_switched(start):
    _, client = await answered(start, create_settings="none", create={"response": {"modalities": ["text"]}})
    assert client.audio()


@pytest.mark.parametrize(("honoured", "wanted"), [("modalities", "session"), ("all", "own")])
async def test_response_instructions_are_honoured_where_switched(start, honoured, wanted):
    brain = ScriptedBrain(Say("Yes."))
    simulator = await start(switches=PROFILES["s3"].replace(create_settings=honoured), brain=brain)
    async with configured(simulator, instructions="session") as client:
        await client.ask("A question of some length.", response={"instructions": "own"})
    assert brain.prompts[0].instructions == wanted


async def test_response_thinking_goes_ahead(start):
    _, client = await answered(start, [Think("Let me see."), Say("Yes.")])
    assert client.all("response.thinking.done")[0]["thinking"] == "Let me see."
    types = client.types()
    start_at = types.index("response.content_part.added")
    assert types[start_at : start_at + 4] == [
        "response.content_part.added",
        "response.thinking.delta",
        "response.thinking.done",
        "response.content_part.done",
    ]
    assert types.index("response.thinking.delta") < types.index("response.audio.delta")
    assert client.all("response.content_part.done")[0]["part"] == {"type": "thinking", "thinking": "Let me see."}


async def test_response_metadata_is_not_echoed(start):
    _, client = await answered(start, create={"response": {"metadata": {"mine": "1"}}})
    assert "metadata" not in client.all("response.created")[0]["response"]


async def test_response_second_create_is_refused_while_one_is_active(start):
    simulator = await start(brain=ScriptedBrain(Say(LONG)))
    simulator.throw(Fault("stall", "response.audio.delta", nth=2))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta")
        await client.send("response.create", event_id="second")
        error = (await client.until("error"))["error"]
        simulator.release()
        await client.until("response.done")
        await client.send("response.create")
        await client.until("response.done")
    assert (error["message"], error["event_id"]) == ("ongoing response already exists", "second")
    assert error["type"] == "invalid_request_error"


async def test_response_cancel_without_response_is_an_error(start):
    async with configured(await start()) as client:
        await client.send("response.cancel", event_id="c9")
        error = (await client.until("error"))["error"]
    assert (error["message"], error["event_id"]) == ("no ongoing response to cancel", "c9")


async def cancelled(start, **changes):
    profile = changes.pop("profile", "s3")
    simulator = await start(switches=PROFILES[profile].replace(**changes), brain=ScriptedBrain(Say(LONG)))
    simulator.throw(Fault("stall", "response.audio.delta", nth=3))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta", count=2)
        await client.send("response.cancel")
        last = await client.until("response.done", "response.cancelled")
        await client.ask("The next turn of all.")
    return simulator, client, last


@pytest.mark.parametrize(
    ("profile", "event", "status", "leftover"),
    [
        ("s3", "response.done", "incomplete", 0),
        ("s25plan", "response.done", "incomplete", 2),
        ("doc", "response.cancelled", "cancelled", 0),
    ],
)
async def test_response_cancel_is_acknowledged_as_the_profile_does(start, profile, event, status, leftover):
    simulator, client, last = await cancelled(start, profile=profile)
    assert (last["type"], last["response"]["status"]) == (event, status)
    before = client.events[: client.events.index(last)]
    assert sum(event["type"] == "response.audio.delta" for event in before) == 2 + leftover
    assert simulator.responses[0].status == status


async def test_response_cancel_acknowledged_both_ways_where_switched(start):
    _, client, _ = await cancelled(start, cancel_event="both", cancel_status="cancelled")
    types = client.types()
    assert types.index("response.cancelled") < types.index("response.done")
    assert client.all("response.done")[0]["response"]["status"] == "cancelled"


async def test_response_cancelled_answer_stays_in_history_as_far_as_said(start):
    simulator, _, _ = await cancelled(start)
    first = simulator.responses[0]
    assert LONG.startswith(first.text)
    assert len(first.audio) == 2 * 8192


async def test_response_cancel_too_late_is_complete_and_then_an_error(start):
    simulator = await start(brain=ScriptedBrain(Say(LONG)), pace=1.0)
    simulator.throw(Fault("too_late", "response.cancel"))
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta")
        await client.send("response.cancel")
        done = await client.until("response.done")
        error = await client.until("error")
    assert done["response"]["status"] == "completed"
    assert error["error"]["message"] == "no ongoing response to cancel"
    assert client.audio() == voice_of(LONG)


@pytest.mark.parametrize("history", ["empty", "assistant"])
async def test_response_create_without_question_is_refused_where_switched(start, history):
    simulator = await start(switches=PROFILES["s3"].replace(refuse_assistant_end=True))
    async with configured(simulator) as client:
        if history == "assistant":
            await client.type("I said so.", role="assistant")
        await client.send("response.create")
        assert "continue_final_message" in (await client.until("error"))["error"]["message"]


async def test_response_delivery_is_paced_and_first_audio_waits(start):
    simulator = await start(brain=ScriptedBrain(Say(LONG)), pace=0.1)
    async with configured(simulator) as client:
        await client.ask("A question of some length.")
    sent = [entry for entry in simulator.log if entry.type in ("response.created", "response.audio.delta")]
    gap = 0.1 * 8192 / 48000 / 2.0
    assert sent[1].at_s - sent[0].at_s >= 0.0212
    assert sent[-1].at_s - sent[1].at_s >= gap * (len(sent) - 2)


async def test_response_in_words_alone_is_written_word_by_word(start):
    switches = PROFILES["s3"].replace(written_word_s=0.4)
    simulator = await start(switches=switches, brain=ScriptedBrain(Say("Two words 和四个字")), pace=0.05)
    async with configured(simulator, modalities=["text"]) as client:
        await client.ask("A question of some length.")
    words = [entry for entry in simulator.log if entry.type == "response.audio_transcript.delta"]
    assert len(words) == 6
    assert words[-1].at_s - words[0].at_s >= 0.05 * 0.4 * 5


async def test_response_delays_count_from_the_create_however_long_hearing_takes(start):
    class SlowEars(ScriptEars):
        async def hear(self, pcm, rate_hz):
            simulator.clock.advance(20.0)
            return await super().hear(pcm, rate_hz)

    switches = PROFILES["s3"].replace(first_audio_s=10.0)
    simulator = await start(switches=switches, brain=ScriptedBrain(Say("Yes.")), ears=SlowEars(), pace=1.0)
    async with configured(simulator) as client:
        await client.ask("A question of some length.")
    at_s = {entry.type: entry.at_s for entry in reversed(simulator.log)}
    assert at_s["response.audio.delta"] - at_s["response.create"] > 20.0
    assert at_s["response.audio.delta"] - at_s["response.created"] < 10.0


async def test_response_create_without_quota_left_is_refused(start):
    simulator = await start()
    async with configured(simulator) as client:
        await client.ask("A question of some length.")
        simulator.switches = simulator.switches.replace(quota=False)
        await client.send("response.create")
        error = (await client.until("error"))["error"]
    assert (error["type"], error["code"]) == ("quota_exceeded", "402")


async def test_response_order_of_a_typed_turn_is_as_observed(start):
    simulator = await start(profile="s25plan", brain=ScriptedBrain(Say(LONG)))
    async with configured(simulator) as client:
        await client.type("A question of some length.")
        await client.send("response.create")
        await client.until("response.done")
    types = client.types()
    assert types[types.index("conversation.item.created") :] == [
        "conversation.item.created",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "response.audio_transcript.done",
        "response.audio.delta",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]


@pytest.mark.parametrize("profile", PROFILES)
async def test_response_events_have_the_fields_of_the_sheet(start, profile):
    _, client = await answered(start, profile=profile)
    created, done = client.all("response.created")[0]["response"], client.all("response.done")[0]["response"]
    assert set(created) == {"id", "object", "status", "status_details", "output"}
    assert (created["object"], created["status"], created["output"]) == ("realtime.response", "in_progress", [])
    assert set(created) <= set(done)
    assert done["id"] == created["id"]
    place = {"item_id", "output_index", "content_index"}
    for kind in ("audio_transcript.delta", "audio_transcript.done", "audio.delta", "audio.done"):
        assert all(place <= set(event) for event in client.all(f"response.{kind}"))
    for kind in ("content_part.added", "content_part.done"):
        assert all({"response_id", "part"} | place <= set(event) for event in client.all(f"response.{kind}"))
    assert all(
        {"response_id", "output_index", "item"} <= set(event) for event in client.all("response.output_item.done")
    )
    assert len({event["event_id"] for event in client.events}) == len(client.events)


@pytest.mark.parametrize(("profile", "shown"), [("s3", False), ("s25plan", False), ("doc", True)])
async def test_response_rate_limits_are_the_profiles(start, profile, shown):
    _, client = await answered(start, profile=profile)
    assert bool(client.all("rate_limits.updated")) is shown


@pytest.mark.parametrize(("profile", "key"), [("s3", "response"), ("doc", "response"), ("doc", "session")])
async def test_response_voice_and_instructions_are_the_profiles(start, profile, key):
    simulator, _ = await answered(
        start, profile=profile, create={key: {"voice": "cixingnansheng", "instructions": "own", "tools": []}}
    )
    wanted = ("cixingnansheng", "own") if profile == "doc" else ("jingdiannvsheng", "")
    assert (simulator.responses[0].voice, simulator.responses[0].instructions) == wanted


async def test_response_bad_voice_is_refused_where_voices_are_honoured(start):
    async with configured(await start(profile="doc")) as client:
        await client.type("A question.")
        await client.send("response.create", event_id="c7", response={"voice": "nobody"})
        error = (await client.until("error"))["error"]
    assert (error["message"], error["event_id"]) == ("voice nobody is not valid", "c7")


async def test_response_formats_of_its_own_change_nothing(start):
    _, client = await answered(start, create={"response": {"input_audio_format": "x", "output_audio_format": "x"}})
    assert client.audio() == voice_of(LONG)


@pytest.mark.parametrize(("profile", "voiced"), [("s3", False), ("s25plan", False), ("doc", True)])
@pytest.mark.parametrize("model", ["step-audio-2", "step-audio-2-mini"])
async def test_response_of_an_older_model_is_words_alone_where_observed(start, profile, voiced, model):
    simulator = await start(profile=profile)
    async with opened(simulator, model=model) as client:
        await client.until("session.created")
        await client.configure()
        await client.ask("A question of some length.")
    assert bool(client.audio()) is voiced
    assert simulator.responses[0].text


@pytest.mark.parametrize(("profile", "calls"), [("s3", 0), ("doc", 1)])
async def test_response_of_the_reasoning_model_thinks_and_reads_calls_aloud(start, profile, calls):
    simulator = await start(profile=profile, brain=ScriptedBrain(Call("light_on", {"room": "hall"})))
    async with opened(simulator, model="step-audio-r1.5") as client:
        await client.until("session.created")
        await client.configure()
        await client.ask("Turn on the light.")
    assert client.all("response.thinking.delta")
    assert len(simulator.responses[0].calls) == calls
    assert simulator.responses[0].text == ("" if calls else 'light_on({"room": "hall"})')


@pytest.mark.parametrize(
    ("profile", "part"),
    [("s3", {"type": "audio", "transcript": LONG}), ("doc", {"type": "text", "text": LONG})],
)
async def test_response_content_of_the_answer_is_the_profiles(start, profile, part):
    _, client = await answered(start, profile=profile)
    assert client.events[-1]["response"]["output"][0]["content"] == [part]


async def test_response_cancel_takes_its_time(start):
    simulator = await start(switches=PROFILES["s3"].replace(cancel_s=1.0), brain=ScriptedBrain(Say(LONG)), pace=0.1)
    async with configured(simulator) as client:
        await client.say("A question of some length.")
        await client.send("response.create")
        await client.until("response.audio.delta")
        await client.send("response.cancel")
        await client.until("response.done")
    times = {entry.type: entry.at_s for entry in simulator.log}
    assert times["response.done"] - times["response.cancel"] >= 0.1
