"""A recorded service side is to the client what the service was."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import QuotaError, StepAudioError
from custom_components.stepaudio.client.recognition import RecognitionOptions
from custom_components.stepaudio.client.speech import SpeechOptions
from custom_components.stepaudio.client.turn import Anew, CallResult
from simulator import PROFILES, Call, Fault, Say, ScriptedBrain, Simulator, tones
from simulator.record import Recorder
from simulator.replay import Recording

from ..conftest import KEY
from .conftest import CONFIG, client_of, pieces, take_all
from .speaking import speak

RECORDINGS = Path(__file__).parent / "recordings"
TEXT = "It is on. Good night."


@dataclass
class Outcome:
    """What a user would have noticed."""

    heard: str = ""
    words: str = ""
    calls: tuple[str, ...] = ()
    voice: bytes = b""
    error: type[Exception] | None = None


async def spoken_turn(client, _web):
    """Ask by voice, and give each call its result."""
    turn = speak(client.session("one"))
    outcome, words = Outcome(), ""
    while True:
        answer = turn.ask(CONFIG)
        try:
            async for part in answer.parts:
                words = "" if isinstance(part, Anew) else words + part if isinstance(part, str) else words
        except StepAudioError as error:
            outcome.error = type(error)
            break
        if not answer.calls:
            break
        outcome.calls += tuple(call.name for call in answer.calls)
        turn.give_results([CallResult(call, '{"ok":true}') for call in answer.calls])
    outcome.heard = await turn.wait_for_transcript(5) if outcome.error is None else ""
    outcome.words, outcome.voice = words, b"".join(turn.voice.items)
    return outcome


async def typed_turn(client, _web):
    """Ask in words, and wish a voice."""
    turn = client.session("one").say("Good night.", CONFIG)
    words = "".join([part async for part in turn.ask(CONFIG).parts if isinstance(part, str)])
    return Outcome(words=words, voice=b"".join(turn.voice.items))


async def synthesis(client, _web):
    """Have a text spoken."""
    options = SpeechOptions("stepaudio-2.5-tts", "elegantgentle-female")
    return Outcome(voice=b"".join(await take_all(client.synthesize(pieces(*TEXT.split(" ")), options))))


async def recognition(client, web_session):
    """Have a voice recognised."""
    pcm = tones(TEXT, 16_000)
    chunks = pieces(*(pcm[start : start + 320] for start in range(0, len(pcm), 320)))
    heard = await take_all(client.recognize(chunks, RecognitionOptions(), web_session))
    return Outcome(heard=heard[-1].text)


TALKS = [spoken_turn, typed_turn, synthesis, recognition]


def brain():
    """Return one that calls a tool, and then answers."""
    return ScriptedBrain([Say("One moment."), Call("light_on", {"room": "hall"})], Say(TEXT), otherwise="Again.")


async def recorded(path, talk, web_session, *, profile="s25plan", with_audio=True, faults=()):
    """Let the client talk to a service that is recorded, and give what became of it."""
    switches = PROFILES[profile].replace(faults=faults)
    async with Simulator(switches=switches, key=KEY, brain=brain()) as simulator:
        with Recorder(simulator, path, with_audio):
            return await talked(simulator, talk, web_session)


async def talked(simulator, talk, web_session):
    """Let a new client talk."""
    client = client_of(simulator, timeouts=Timeouts(silence_s=2.0))
    try:
        return await talk(client, web_session)
    finally:
        await client.aclose()


@asynccontextmanager
async def replaying(lines, **arguments):
    """Play a record."""
    async with Simulator(key=KEY, recording=Recording(lines), **arguments) as simulator:
        yield simulator


def lines_of(path):
    """Return the lines of a record."""
    return path.read_bytes().splitlines()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
async def test_replayed_service_gives_the_same_words_calls_and_voice(
    socket_enabled, web_session, tmp_path, talk, profile
):
    before = await recorded(tmp_path / "log", talk, web_session, profile=profile)
    assert before.error is None
    async with replaying(lines_of(tmp_path / "log")) as simulator:
        assert await talked(simulator, talk, web_session) == before
    assert before.words or before.voice or before.heard


async def test_replay_without_audio_gives_a_tone_as_long_as_the_voice(socket_enabled, web_session, tmp_path):
    before = await recorded(tmp_path / "log", spoken_turn, web_session, with_audio=False)
    async with replaying(lines_of(tmp_path / "log")) as simulator:
        after = await talked(simulator, spoken_turn, web_session)
    assert (after.heard, after.words, after.calls) == (before.heard, before.words, before.calls)
    assert len(after.voice) == len(before.voice)
    assert max(after.voice) > 0


@pytest.mark.parametrize(
    "fault",
    [
        "internal_error@response.audio.delta#2",
        "error@response.audio_transcript.delta#2",
        "abort@speaking",
        "close@answering",
        "refuse@connecting=503",
        "moderation@answering",
        "refuse@connecting=402",
    ],
)
async def test_replayed_misbehaviour_ends_as_it_had_ended(socket_enabled, web_session, tmp_path, fault):
    before = await recorded(tmp_path / "log", spoken_turn, web_session, faults=(Fault.parse(fault),))
    async with replaying(lines_of(tmp_path / "log")) as simulator:
        after = await talked(simulator, spoken_turn, web_session)
        assert [upgrade.status for upgrade in simulator.upgrades][:2] in (
            [101],
            [101, 101],
            [503, 101],
            [402],
            [402, 402],
        )
    assert after == before
    assert (before.error is QuotaError) == ("402" in fault)


async def test_replay_of_a_replay_is_the_same(socket_enabled, web_session, tmp_path):
    before = await recorded(tmp_path / "log", spoken_turn, web_session)
    async with replaying(lines_of(tmp_path / "log")) as simulator:
        with Recorder(simulator, tmp_path / "again", with_audio=True):
            await talked(simulator, spoken_turn, web_session)
    async with replaying(lines_of(tmp_path / "again")) as simulator:
        assert await talked(simulator, spoken_turn, web_session) == before
