"""A recorded service side is to the client what the service was."""

import asyncio
import base64
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from custom_components.stepaudio.client.client import StepAudioClient
from custom_components.stepaudio.client.connection import Endpoint, Timeouts
from custom_components.stepaudio.client.errors import QuotaError, StepAudioError
from custom_components.stepaudio.client.recognition import RecognitionOptions
from custom_components.stepaudio.client.speech import SpeechOptions
from custom_components.stepaudio.client.turn import Anew, CallResult
from simulator import PROFILES, Call, Fault, Recording, Say, ScriptedBrain, Simulator, tones
from simulator.record import Recorder

from ..conftest import KEY
from .conftest import CONFIG, client_of, pieces, take_all
from .speaking import speak

ROOT = Path(__file__).parents[2]
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
    return ScriptedBrain([Say("One moment."), Call("light_on", {"room": "hall"})], Say(TEXT))


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


@pytest.mark.parametrize(
    ("recording", "outcome"),
    [
        (
            "a_call_and_an_answer",
            Outcome("Xxx xxx xxx xxxx xxxx xxxxxxx?", "Xxx xxxxxx.Xx xx xx. Xxxx xxxxx.", ("tool",)),
        ),
        ("an_error_in_the_middle", Outcome("Xxx xxx xxx xxxx xxxx xxxxxxx?", "Xx xx xx. Xxxx xxxxx.")),
    ],
)
async def test_scrubbed_recording_is_answered_as_recorded(socket_enabled, web_session, recording, outcome):
    lines = lines_of(RECORDINGS / f"{recording}.jsonl")
    async with replaying(lines) as simulator:
        after = await talked(simulator, spoken_turn, web_session)
    assert (after.heard, after.words, after.error) == (outcome.heard, outcome.words, None)
    assert [call.partition("-")[0] for call in after.calls] == list(outcome.calls)
    assert len(after.voice) == voice_bytes(lines)


def voice_bytes(lines):
    """Return how much voice the answers had that came to their end."""
    sizes, total = {}, 0
    for event in [orjson.loads(line).get("event", {}) for line in lines]:
        if event.get("type") == "response.audio.delta":
            sizes[event["response_id"]] = sizes.get(event["response_id"], 0) + event["delta"]
        if event.get("type") == "response.done" and event["response"]["status"] == "completed":
            total += sizes.get(event["response"]["id"], 0)
    return total


async def test_replay_on_the_command_line_serves_the_turn_and_the_other_endpoints(
    web_session, socket_enabled, tmp_path
):
    arguments = ("--port", "0", "--pace", "0", "--replay", RECORDINGS / "a_call_and_an_answer.jsonl")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "simulator", *arguments), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        url = (await process.stdout.readline()).decode().removeprefix("listening on ").strip()
        client = StepAudioClient(Endpoint(url, "any"), "stepaudio-2.5-realtime")
        assert (await spoken_turn(client, web_session)).words == "Xxx xxxxxx.Xx xx xx. Xxxx xxxxx."
        await client.aclose()
        async with web_session.get(f"{url}/v1/models", headers={"Authorization": "Bearer any"}) as response:
            assert response.status == 200
        async with web_session.get(f"{url}/simulator/log") as response:
            assert (await response.json())[0]["direction"] == "open"
    finally:
        process.terminate()
        await process.wait()


async def test_replay_refuses_where_the_record_has_no_other_connection(socket_enabled, web_session):
    async with replaying([]) as simulator:
        client = client_of(simulator, timeouts=Timeouts(attempts=1))
        turn = client.session("one").say("Hello.", CONFIG)
        with pytest.raises(StepAudioError):
            [part async for part in turn.ask(CONFIG).parts]
        await client.aclose()
        assert {upgrade.status for upgrade in simulator.upgrades} == {503}


OPENING = {"at": 5.0, "connection": 1, "direction": "open", "path": "/v1/realtime", "status": 101}
CREATED = (5.0, "out", {"type": "session.created"})


class Socket:
    """A websocket of a service that plays a record of these events."""

    def __init__(self, socket):
        self._socket = socket

    async def send(self, kind, **fields):
        await self._socket.send_json({"type": kind} | fields)

    async def receive(self):
        async with asyncio.timeout(5):
            return await self._socket.receive_json()

    async def nothing_comes(self):
        """Have what was sent handled, events come in their order, and see that only the answer to this one came."""
        await self._socket.send_str("no event")
        assert (await self.receive())["type"] == "error"


@asynccontextmanager
async def socket_of(web_session, *moments, **arguments):
    """Open a websocket to a service that plays these events."""
    lines = [OPENING, *({"at": at, "connection": 1, "direction": way, "event": event} for at, way, event in moments)]
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        replaying(map(orjson.dumps, lines), **arguments) as simulator,
        web_session.ws_connect(f"{simulator.url}/v1/realtime", headers=headers) as socket,
    ):
        yield Socket(socket), simulator.clock


async def test_replay_takes_the_time_that_was_recorded(socket_enabled, web_session):
    append = {"type": "input_audio_buffer.append", "audio": 100}
    record = [
        CREATED,
        (6.5, "in", {"type": "response.create"}),
        (6.9, "in", append),
        (7.0, "out", {"type": "response.created"}),
    ]
    async with socket_of(web_session, *record, pace=1000.0) as (socket, clock):
        assert (await socket.receive())["type"] == "session.created"
        clock.advance(5000)
        await socket.send("response.create")
        await socket.nothing_comes()
        clock.advance(499)
        await socket.nothing_comes()
        clock.advance(2)
        assert (await socket.receive())["type"] == "response.created"


async def test_replay_finds_speech_when_as_much_of_it_has_come(socket_enabled, web_session):
    record = [
        CREATED,
        *((6.0, "in", {"type": "input_audio_buffer.append", "audio": size}) for size in (2880, 2880, 960)),
        (7.0, "out", {"type": "input_audio_buffer.speech_started"}),
    ]
    async with socket_of(web_session, *record) as (socket, _):
        assert (await socket.receive())["type"] == "session.created"
        for _ in range(6):
            await socket.send("input_audio_buffer.append", audio=base64.b64encode(bytes(960)).decode())
        await socket.nothing_comes()
        await socket.send("input_audio_buffer.append", audio=base64.b64encode(bytes(960)).decode())
        assert (await socket.receive())["type"] == "input_audio_buffer.speech_started"


async def test_replayed_error_names_the_event_of_the_client(socket_enabled, web_session):
    record = [
        CREATED,
        (6.0, "in", {"type": "response.create", "event_id": "recorded"}),
        (6.1, "out", {"type": "error", "event_id": "own", "error": {"event_id": "recorded", "code": "400"}}),
    ]
    async with socket_of(web_session, *record) as (socket, _):
        await socket.receive()
        await socket.send("response.create", event_id="new")
        assert await socket.receive() == {
            "type": "error",
            "event_id": "own",
            "error": {"event_id": "new", "code": "400"},
        }


@pytest.mark.parametrize(
    "line", [b"no line", b"[]", b'{"at": 1, "connection": 1, "direction": "sideways"}', b'{"at": 1}', b'{"at": "x"}']
)
def test_record_with_a_wrong_line_names_it(line):
    opening = b'{"at": 1, "connection": 1, "direction": "open", "path": "/v1/realtime", "status": 101}'
    with pytest.raises(ValueError, match="line 2"):
        Recording([opening, line])
