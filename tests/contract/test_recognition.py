"""Voice to text: while the user speaks, and in one upload on Step Plan."""

import asyncio
import base64
from contextlib import aclosing

import aiohttp
import orjson
import pytest

from custom_components.stepaudio.client.client import StepAudioClient
from custom_components.stepaudio.client.connection import Endpoint, Timeouts
from custom_components.stepaudio.client.errors import (
    AuthenticationError,
    CannotConnectError,
    ConnectionLostError,
    ModerationError,
    NotUnderstoodError,
    QuotaError,
    ServiceError,
    ServiceTimeoutError,
)
from custom_components.stepaudio.client.recognition import RecognitionOptions, Transcript
from simulator import PROFILES, Fault, tones

from ..conftest import KEY
from ..seen import TRANSCRIBED, sent

WORDS = "Turn on the Bilresa in the Stube, please."
DELTA = "conversation.item.input_audio_transcription.delta"
# Short, so that a service that falls silent costs the test little; one attempt tells the error at once.
IMPATIENT = Timeouts(connect_s=0.3, configure_s=0.2, silence_s=0.2, close_s=0.1, attempts=1)
WAYS = ["", "/step_plan"]


async def chunks(pcm, count=None):
    """Give audio as Home Assistant does, in pieces of 10 ms, or only the first of them."""
    for start in range(0, len(pcm), 320)[:count]:
        yield pcm[start : start + 320]


async def hear(client, web_session, pcm, **options):
    """Return all transcripts of some audio."""
    heard = client.recognize(chunks(pcm), RecognitionOptions(**options), web_session)
    return [transcript async for transcript in heard]


@pytest.fixture
async def uploads():
    """Return the bodies of the requests that the web session made."""
    return []


@pytest.fixture
async def web_session(uploads):
    """Return a web session that notes what is uploaded."""
    trace = aiohttp.TraceConfig()

    async def note(session, context, params):
        uploads.append(orjson.loads(params.chunk))

    trace.on_request_chunk_sent.append(note)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        yield session


@pytest.fixture
def account(simulator):
    """Return what makes clients of the simulated service, and closes them."""
    clients = []

    def make(way="", *, timeouts=None, key=KEY, url=None):
        endpoint = Endpoint((url or simulator.url) + way, key)
        clients.append(StepAudioClient(endpoint, "stepaudio-2.5-realtime", timeouts=timeouts or Timeouts()))
        return clients[-1]

    return make


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", [WORDS, "打开厨房的灯。", "Yes."])
async def test_speech_is_recognised(account, web_session, way, words):
    *partials, final = await hear(account(way), web_session, tones(words, 16_000))
    assert final == Transcript(words, final=True)
    assert partials
    assert not any(partial.final for partial in partials)
    assert all(words.startswith(partial.text) for partial in partials)


async def test_words_so_far_come_while_the_user_speaks(account, web_session, simulator):
    pcm = tones(WORDS, 16_000)
    more = asyncio.Event()

    async def speaking():
        async for chunk in chunks(pcm, 200):
            yield chunk
        await more.wait()
        yield pcm[200 * 320 :]

    async with aclosing(account().recognize(speaking(), RecognitionOptions(), web_session)) as heard:
        first = await anext(heard)
        assert first.text
        assert not sent(simulator, "input_audio_buffer.commit")
        more.set()
        assert [transcript.text async for transcript in heard][-1] == WORDS


@pytest.mark.parametrize("stash", [True, False])
async def test_words_so_far_hold_the_tail_that_may_change(account, web_session, simulator, stash):
    simulator.switches = PROFILES["s25plan"].replace(recognition_stash=stash)
    *partials, final = await hear(account(), web_session, tones(WORDS, 16_000))
    assert partials[-1].text == final.text == WORDS


async def test_live_session_is_told_language_names_and_form(account, web_session, simulator):
    pcm = tones(WORDS, 16_000)
    await hear(account(), web_session, pcm, language="zh", hotwords=("Bilresa", "Stube"))
    (update,) = sent(simulator, "session.update")
    told = update["session"]["audio"]["input"]
    assert told["transcription"]["language"] == "zh"
    assert told["transcription"]["prompt"] == "Bilresa, Stube"
    assert (told["format"]["type"], told["format"]["rate"]) == ("pcm", 16_000)
    assert "turn_detection" not in told
    assert sum(event["audio"] for event in sent(simulator, "input_audio_buffer.append")) == len(pcm)


async def test_nothing_is_said_of_what_is_not_known(account, web_session, simulator):
    await hear(account(), web_session, tones(WORDS, 16_000))
    (update,) = sent(simulator, "session.update")
    assert set(update["session"]["audio"]["input"]["transcription"]) == {"model", "enable_itn"}


async def test_upload_is_told_language_names_and_form(account, web_session, uploads):
    pcm = tones(WORDS, 16_000)
    await hear(account("/step_plan"), web_session, pcm, language="en", hotwords=("Bilresa",))
    (body,) = uploads
    told = body["audio"]["input"]
    assert (told["transcription"]["language"], told["transcription"]["hotwords"]) == ("en", ["Bilresa"])
    assert (told["format"]["rate"], told["format"]["bits"], told["format"]["channel"]) == (16_000, 16, 1)
    assert base64.b64decode(body["audio"]["data"]) == pcm


@pytest.mark.parametrize("way", WAYS)
async def test_no_audio_has_no_words_and_asks_nobody(account, web_session, simulator, uploads, way):
    assert await hear(account(way), web_session, b"") == [Transcript("", final=True)]
    assert not simulator.upgrades
    assert not uploads


@pytest.mark.parametrize("way", WAYS)
async def test_silence_has_no_words(account, web_session, way):
    assert await hear(account(way), web_session, bytes(32_000)) == [Transcript("", final=True)]


async def test_audio_in_odd_pieces_is_sent_in_whole_samples(account, web_session):
    pcm = tones(WORDS, 16_000)

    async def odd():
        for start in range(0, len(pcm), 321):
            yield pcm[start : start + 321]

    heard = [transcript async for transcript in account().recognize(odd(), RecognitionOptions(), web_session)]
    assert heard[-1].text == WORDS


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("refuse", at="connecting", value="401"), AuthenticationError),
        (Fault("abort", at="input_audio_buffer.append"), ConnectionLostError),
        (Fault("close", at="input_audio_buffer.commit"), ConnectionLostError),
        (Fault("half_open", at="input_audio_buffer.commit"), ServiceTimeoutError),
        (Fault("stall", at="session.updated"), ServiceTimeoutError),
        (Fault("stall", at=TRANSCRIBED), ServiceTimeoutError),
        (Fault("drop", at=TRANSCRIBED), ServiceTimeoutError),
        (Fault("moderation", at=DELTA, value="error"), ModerationError),
        (Fault("internal_error", at="input_audio_buffer.commit"), ServiceError),
        (Fault("error", at="session.update", value="402 no balance"), QuotaError),
        (Fault("malformed", at=TRANSCRIBED, value="json"), NotUnderstoodError),
    ],
    ids=lambda value: f"{value.kind} at {value.at}" if isinstance(value, Fault) else "",
)
async def test_live_recognition_that_fails_raises_an_error_of_the_tree(account, web_session, simulator, fault, error):
    client = account(timeouts=IMPATIENT)
    simulator.throw(fault)
    with pytest.raises(error):
        await hear(client, web_session, tones(WORDS, 16_000))
    simulator.release()
    await client.aclose()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("refuse", at="/step_plan/v1/audio/asr/sse", value="401"), AuthenticationError),
        (Fault("moderation", at="/step_plan/v1/audio/asr/sse"), ModerationError),
        (Fault("internal_error", at="/step_plan/v1/audio/asr/sse"), ServiceError),
        (Fault("abort", at="/step_plan/v1/audio/asr/sse"), CannotConnectError),
        (Fault("stall", at="/step_plan/v1/audio/asr/sse"), ServiceTimeoutError),
        (Fault("abort", at="transcript.text.delta", nth=2), ConnectionLostError),
        (Fault("stall", at="transcript.text.done"), ServiceTimeoutError),
        (Fault("drop", at="transcript.text.done"), ConnectionLostError),
        (Fault("error", at="transcript.text.delta", value="censorship"), ModerationError),
        (Fault("malformed", at="transcript.text.delta"), NotUnderstoodError),
    ],
    ids=lambda value: f"{value.kind} at {value.at}" if isinstance(value, Fault) else "",
)
async def test_upload_that_fails_raises_an_error_of_the_tree(account, web_session, simulator, fault, error):
    simulator.throw(fault)
    with pytest.raises(error):
        await hear(account("/step_plan", timeouts=IMPATIENT), web_session, tones(WORDS, 16_000))
    simulator.release()


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("", Fault("refuse", at="connecting", value="429")),
        ("", Fault("abort", at="input_audio_buffer.append", nth=3)),
        ("", Fault("close", at="input_audio_buffer.commit")),
        ("/step_plan", Fault("abort", at="transcript.text.delta", nth=2)),
    ],
    ids=["refused", "while the user speaks", "at the end", "upload"],
)
async def test_connection_that_is_lost_costs_no_words(account, web_session, simulator, way, fault):
    simulator.throw(fault)
    heard = await hear(account(way), web_session, tones(WORDS, 16_000))
    assert heard[-1] == Transcript(WORDS, final=True)


@pytest.mark.parametrize("way", WAYS)
async def test_service_that_is_away_is_told(account, web_session, unused_tcp_port, way):
    client = account(way, timeouts=IMPATIENT, url=f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(CannotConnectError):
        await hear(client, web_session, tones(WORDS, 16_000))


@pytest.mark.parametrize("way", WAYS)
async def test_mistake_of_the_audios_own_source_belongs_to_the_caller(account, web_session, way):
    async def broken():
        yield tones(WORDS, 16_000)
        raise LookupError

    with pytest.raises(LookupError):
        async for _ in account(way).recognize(broken(), RecognitionOptions(), web_session):
            pass


async def test_recognition_that_is_given_up_closes_its_connection(account, web_session, simulator):
    client = account()
    before = asyncio.all_tasks()

    async def unfinished():
        yield bytes(32_000)
        await asyncio.Event().wait()

    reading = asyncio.create_task(anext(client.recognize(unfinished(), RecognitionOptions(), web_session)))
    await simulator.seen("input_audio_buffer.append")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await client.aclose()
    assert not {task for task in asyncio.all_tasks() - before if task.get_name().startswith("stepaudio")}
