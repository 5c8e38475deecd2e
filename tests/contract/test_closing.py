"""What happens to work under way when the account is unloaded."""

import asyncio
from contextlib import aclosing

import pytest
from websockets.protocol import State

from custom_components.stepaudio.client.connection import Endpoint
from custom_components.stepaudio.client.errors import ClosedError
from custom_components.stepaudio.client.recognition import RecognitionOptions
from custom_components.stepaudio.client.speech import SpeechOptions
from simulator import Fault, tones

from ..conftest import KEY
from .conftest import pieces, take_all

WORDS = "Turn on the Bilresa in the Stube, please."
SPEECH = SpeechOptions("stepaudio-2.5-tts", "elegantgentle-female")


async def unfinished(first):
    """Give a piece, and then wait as people do."""
    yield first
    await asyncio.Event().wait()


@pytest.fixture
def sockets(client, monkeypatch):
    """Return the websockets that the client has opened."""
    opened, connect = [], client._connect

    async def connect_and_note(*args, **query):
        connection = await connect(*args, **query)
        opened.append(connection._socket)
        return connection

    monkeypatch.setattr(client, "_connect", connect_and_note)
    return opened


@pytest.fixture
def begin(web_session):
    """Return what begins a kind of work with a client."""

    def work(client, kind):
        if kind == "speech":
            return client.synthesize(unfinished("The first. "), SPEECH)
        if kind == "upload":
            client.endpoint = Endpoint(client.endpoint.base_url + "/step_plan", KEY)
            return client.recognize(pieces(tones(WORDS, 16_000)), RecognitionOptions(), web_session)
        return client.recognize(unfinished(tones(WORDS, 16_000)), RecognitionOptions(), web_session)

    return work


@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        ("speech", "tts.create"),
        ("speech", "tts.response.audio.delta"),
        ("recognition", "session.update"),
        ("recognition", "input_audio_buffer.append"),
    ],
)
async def test_work_under_way_ends_with_the_client_and_its_socket_is_closed(
    client, simulator, sockets, begin, kind, moment
):
    simulator.throw(Fault("stall", at=moment, nth=2))
    taking = asyncio.create_task(take_all(begin(client, kind)))
    await simulator.seen(moment)
    await client.aclose()
    with pytest.raises(ClosedError):
        await taking
    assert [socket.state for socket in sockets] == [State.CLOSED]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("stepaudio")]


async def test_connection_that_is_being_opened_for_speech_is_given_up(client, simulator, begin):
    simulator.throw(Fault("stall", at="connecting"))
    taking = asyncio.create_task(take_all(begin(client, "speech")))
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(ClosedError):
        await taking


@pytest.mark.parametrize("moment", ["opening", "open", "taken"])
async def test_connection_ahead_of_speech_is_closed_with_the_client(client, simulator, sockets, begin, moment):
    client.prepare_speech(SPEECH.model)
    if moment == "open":
        await simulator.seen("tts.connection.done")
    taking = asyncio.create_task(take_all(begin(client, "speech"))) if moment == "taken" else None
    await asyncio.sleep(0)
    await client.aclose()
    if taking is not None:
        with pytest.raises(ClosedError):
            await taking
    client.prepare_speech(SPEECH.model)
    assert all(socket.state is State.CLOSED for socket in sockets)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("stepaudio")]


async def test_speech_that_is_broken_off_while_its_connection_opens_leaves_none(client, sockets, begin):
    client.prepare_speech(SPEECH.model)
    opening, _ = client._ahead[SPEECH.model]
    taking = asyncio.create_task(take_all(begin(client, "speech")))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not client._ahead
    taking.cancel()
    await asyncio.wait((taking, opening))
    await client.aclose()
    assert all(socket.state is State.CLOSED for socket in sockets)


@pytest.mark.parametrize("kind", ["speech", "recognition", "upload"])
async def test_work_that_nobody_waits_for_just_now_ends_with_the_client_too(client, simulator, sockets, begin, kind):
    simulator.throw(Fault("stall", at="transcript.text.done"))
    async with aclosing(begin(client, kind)) as work:
        await anext(work)
        await client.aclose()
        assert all(socket.state is State.CLOSED for socket in sockets)
        with pytest.raises(ClosedError):
            async for _ in work:
                pass


@pytest.mark.parametrize("kind", ["speech", "recognition"])
async def test_closed_client_begins_nothing(client, simulator, begin, kind):
    await client.aclose()
    with pytest.raises(ClosedError):
        await take_all(begin(client, kind))
    assert not simulator.upgrades


async def test_closing_that_is_cancelled_goes_on_and_can_be_repeated(client, simulator, sockets, begin):
    taking = asyncio.create_task(take_all(begin(client, "recognition")))
    await simulator.seen("input_audio_buffer.append")
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    with pytest.raises(ClosedError):
        await taking
    await client.aclose()
    assert [socket.state for socket in sockets] == [State.CLOSED]
