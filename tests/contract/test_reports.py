"""Each turn is reported once, when it is over, and without a word of it."""

import asyncio

import pytest

from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import AuthenticationError, ClosedError
from custom_components.stepaudio.client.report import Kind, Outcome
from custom_components.stepaudio.client.turn import CallResult
from simulator import Call, Fault, Say, ScriptedBrain

from .conftest import CONFIG, client_of
from .speaking import QUESTION, read, speak


class Watcher:
    """Listens to the reports of a client."""

    def __init__(self, client):
        self.reports, self.words = [], []
        self._came = asyncio.Event()
        self.leave = client.on_turn(self._take)

    def _take(self, report, turn):
        self.reports.append(report)
        self.words.append((turn.transcript, turn.answers[-1].words if turn.answers else None))
        self._came.set()

    async def next(self):
        """Return the only report, when it is there."""
        await self._came.wait()
        (report,) = self.reports
        return report


@pytest.fixture
def watcher(client):
    """Return what listens to the client."""
    return Watcher(client)


async def hand_over(turn):
    """Take the whole voice, as text-to-speech does."""
    return b"".join([piece async for piece in turn.speak()])


async def answer(turn):
    """Take a turn from its claim to the end of its voice."""
    turn.claimed = True
    words, _ = await read(turn)
    turn.close()
    return words, await hand_over(turn)


async def test_spoken_turn_is_reported_when_its_voice_is_handed_over(client, simulator, watcher):
    simulator.brain = ScriptedBrain(Say("It is a lovely evening."))
    turn = speak(client.session("one"))
    turn.claimed = True
    await turn.wait_for_transcript(5)
    await read(turn)
    turn.close()
    assert not watcher.reports
    voice = await hand_over(turn)
    (report,) = watcher.reports
    assert (report.kind, report.outcome, report.error) == (Kind.SPOKEN, Outcome.ANSWERED, "")
    assert report.fused
    assert report.transcript_ms >= 0
    assert 0 <= report.first_word_ms <= report.end_ms
    assert 0 <= report.first_voice_ms <= report.first_audio_ms
    assert report.voice_ms == len(voice) // 48
    assert report.input_tokens > 0
    assert report.output_tokens > 0
    assert (report.tools, report.rounds, report.model) == ((), 1, "stepaudio-2.5-realtime")
    assert watcher.words == [(QUESTION, "It is a lovely evening.")]
    assert list(client.reports) == [report]
    assert "lovely" not in repr(report)


async def test_typed_turn_without_voice_is_reported_when_it_is_closed(client, simulator, watcher):
    config = CONFIG.__class__(CONFIG.instructions, CONFIG.voice, with_voice=False)
    turn = client.session("one").say("Good morning.", config)
    turn.claimed = True
    await read(turn, config)
    turn.close()
    report = await watcher.next()
    assert (report.kind, report.outcome) == (Kind.TYPED, Outcome.ANSWERED)
    assert not report.fused
    assert report.first_audio_ms is None
    assert report.voice_ms == 0


async def test_tool_rounds_are_summed(client, simulator, watcher):
    simulator.brain = ScriptedBrain(Call("light_on"), Say("It is on."))
    turn = speak(client.session("one"))
    turn.claimed = True
    await read(turn)
    (call,) = turn.answers[0].calls
    turn.give_results([CallResult(call, "{}")])
    words, _ = await answer(turn)
    assert words == "It is on."
    report = await watcher.next()
    assert (report.tools, report.rounds, report.outcome) == (("light_on",), 2, Outcome.ANSWERED)
    usages = [response.usage for response in turn.responses]
    assert report.input_tokens == sum(usage.input_tokens for usage in usages)
    assert report.output_tokens == sum(usage.output_tokens for usage in usages)


async def test_turn_that_is_broken_off_between_a_call_and_its_answer_was_interrupted(client, simulator, watcher):
    simulator.brain = ScriptedBrain(Call("light_on"))
    turn = speak(client.session("one"))
    turn.claimed = True
    await read(turn)
    turn.close()
    assert (await watcher.next()).outcome is Outcome.INTERRUPTED


async def test_answer_that_was_given_up_is_counted_too(client, simulator, watcher):
    simulator.brain = ScriptedBrain(Say("The wrong answer."), Say("The right answer."))
    session = client.session("one")
    session.prepare(CONFIG)
    turn = speak(session)
    await simulator.seen("response.audio_transcript.delta")
    other = CONFIG.__class__("Be long.", CONFIG.voice)
    turn.claimed = True
    assert (await read(turn, other))[0] == "The right answer."
    turn.close()
    await hand_over(turn)
    report = await watcher.next()
    assert len(turn.responses) == 2
    assert report.rounds == 1
    assert report.output_tokens == sum(response.usage.output_tokens for response in turn.responses if response.usage)


async def test_turn_that_nobody_claims_is_reported_with_what_it_cost(client, simulator, watcher):
    session = client.session("one")
    session.prepare(CONFIG)
    turn = speak(session)
    await simulator.seen("response.audio_transcript.delta")
    turn.close()
    report = await watcher.next()
    assert (report.outcome, report.error, report.fused) == (Outcome.NOT_CLAIMED, "", False)
    assert turn.responses[0].status
    assert report.input_tokens == turn.responses[0].usage.input_tokens > 0


async def test_silence_is_not_claimed_and_says_why(client, watcher):
    session = client.session("one")
    session.prepare(CONFIG)
    turn = speak(session, "Hm")
    await asyncio.wait([asyncio.ensure_future(turn.wait_for_transcript(5))])
    turn.close()
    report = await watcher.next()
    assert (report.outcome, report.error) == (Outcome.NOT_CLAIMED, "no_speech")


async def test_turn_that_the_service_refuses_is_reported_with_its_key(client, simulator, watcher):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    turn = speak(client.session("one"))
    turn.claimed = True
    with pytest.raises(Exception, match="blocked"):
        await read(turn)
    turn.close()
    report = await watcher.next()
    assert (report.outcome, report.error) == (Outcome.REFUSED, "moderation")


async def test_turn_that_finds_no_service_is_reported_once(simulator):
    client = client_of(simulator, key="wrong")
    watcher = Watcher(client)
    turn = speak(client.session("one"))
    with pytest.raises(AuthenticationError):
        await turn.wait_for_transcript(5)
    report = await watcher.next()
    assert (report.outcome, report.error) == (Outcome.REFUSED, "invalid_auth")
    turn.claimed = True
    turn.close()
    await client.aclose()
    assert len(watcher.reports) == 1


async def test_turn_whose_connection_is_lost_is_reported_after_the_next_one_has_answered(client, simulator, watcher):
    simulator.throw(Fault("abort", at="response.audio_transcript.delta"))
    turn = speak(client.session("one"))
    await answer(turn)
    report = await watcher.next()
    assert report.outcome is Outcome.ANSWERED
    assert len(turn.responses) == 2
    assert len(simulator.upgrades) == 2


async def test_user_who_speaks_over_the_answer_interrupts_it(client, simulator, watcher):
    simulator.brain = ScriptedBrain(Say("This is a very long answer. " * 8), Say("Yes?"))
    session = client.session("one")
    turn = speak(session)
    turn.claimed = True
    await read(turn)
    speaking = turn.speak()
    await anext(speaking)
    turn.close()
    assert not watcher.reports
    second = speak(session, "Stop it now, please, I heard enough.")
    assert [piece async for piece in speaking] == []
    assert watcher.reports[0].outcome is Outcome.INTERRUPTED
    await answer(second)
    assert [report.outcome for report in watcher.reports] == [Outcome.INTERRUPTED, Outcome.ANSWERED]


async def test_answer_under_way_that_is_closed_was_interrupted(client, simulator, watcher):
    simulator.brain = ScriptedBrain(Say("This is a very long answer. " * 8))
    turn = speak(client.session("one"))
    turn.claimed = True
    turn.ask(CONFIG)
    speaking = turn.speak()
    await anext(speaking)
    turn.close()
    async for _ in speaking:
        pass
    report = await watcher.next()
    assert report.outcome is Outcome.INTERRUPTED
    assert report.fused


@pytest.mark.parametrize("claimed", [False, True])
async def test_turn_under_way_is_reported_when_the_client_is_closed(client, simulator, watcher, claimed):
    simulator.throw(Fault("stall", at="answering"))
    turn = speak(client.session("one"))
    turn.claimed = claimed
    turn.ask(CONFIG)
    await simulator.seen("response.create")
    await client.aclose()
    (report,) = watcher.reports
    assert report.outcome is (Outcome.INTERRUPTED if claimed else Outcome.NOT_CLAIMED)
    with pytest.raises(ClosedError):
        await turn.wait_for_transcript(5)


async def test_turn_whose_voice_nobody_takes_is_reported_when_the_session_ends(client, simulator, watcher):
    turn = speak(client.session("one"))
    turn.claimed = True
    await read(turn)
    turn.close()
    assert not watcher.reports
    client.end_session("one")
    report = await watcher.next()
    assert (report.outcome, report.fused) == (Outcome.ANSWERED, False)


async def test_turn_whose_voice_nobody_takes_is_not_waited_for_for_ever(client, monkeypatch, watcher):
    monkeypatch.setattr("custom_components.stepaudio.client.report._GRACE_S", 0.0)
    turn = speak(client.session("one"))
    turn.claimed = True
    await read(turn)
    turn.close()
    assert (await watcher.next()).outcome is Outcome.ANSWERED


async def test_listener_that_fails_or_has_left_costs_nobody_anything(client, watcher):
    def fail(report, turn):
        raise ValueError

    client.on_turn(fail)
    watcher.leave()
    words, _ = await answer(speak(client.session("one")))
    assert words
    assert not watcher.reports
    assert len(client.reports) == 1


async def test_unknown_events_are_counted_over_all_connections(client, simulator):
    simulator.throw(Fault("unknown", at="response.created", times=2))
    await answer(speak(client.session("one")))
    await answer(speak(client.session("two")))
    (count,) = client.unknown_events.values()
    assert count == 2
    assert len(simulator.upgrades) == 2


async def test_connects_are_told_to_those_who_watch(client, simulator):
    told = []
    client.on_contact(told.append)
    simulator.throw(Fault("refuse", at="connecting", value="503"))
    await answer(speak(client.session("one")))
    assert [error and error.key for error in told] == ["service_error", None]


async def test_spare_does_not_try_a_key_that_was_refused(simulator):
    client = client_of(simulator, key="wrong", timeouts=Timeouts())
    client._spares = 1
    with pytest.raises(AuthenticationError):
        await client.check(CONFIG)
    client.keep_spares(CONFIG)
    assert not client._warm
    await client.aclose()
    assert len(simulator.upgrades) == 1


async def test_spare_is_kept_again_when_the_key_works(client, simulator):
    client._spares = 1
    simulator.switches = simulator.switches.replace(quota=False)
    with pytest.raises(Exception, match="quota"):
        await client.check(CONFIG)
    client.keep_spares(CONFIG)
    assert not client._warm
    simulator.switches = simulator.switches.replace(quota=True)
    await client.check(CONFIG)
    client.keep_spares(CONFIG)
    (spare,) = client._warm
    await spare.connect(CONFIG)
    assert client.warm_sessions == 1
