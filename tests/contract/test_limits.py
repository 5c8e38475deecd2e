"""Sessions within the account's limits, and warm spares."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.errors import BusyError
from custom_components.stepaudio.client.pacing import Spacing
from custom_components.stepaudio.client.recognition import RecognitionOptions
from custom_components.stepaudio.client.speech import SpeechOptions
from simulator import Fault, ScriptedBrain, tones

from .conftest import CONFIG, client_of, pieces, take_all
from .speaking import QUESTION, read, speak


async def test_idle_session_gives_way_to_one_that_speaks_and_comes_back_with_its_history(simulator):
    simulator.brain = ScriptedBrain()
    client = client_of(simulator)
    client.max_sessions = 1
    one = speak(client.session("one"))
    await read(one)
    one.close()
    two = speak(client.session("two"), "I am the second one here.")
    await read(two)
    two.close()
    assert client.open_connections == 1
    await read(speak(client.session("one"), "And I am back, do you know me?"))
    assert simulator.brain.prompts[-1].user_words() == [QUESTION, "And I am back, do you know me?"]
    await client.aclose()


async def test_turn_for_which_no_session_becomes_free_is_told(simulator):
    client = client_of(simulator, timeouts=Timeouts(busy_s=0.05))
    client.max_sessions = 1
    simulator.throw(Fault("stall", at="answering"))
    first = speak(client.session("one"))
    first.ask(CONFIG)
    await simulator.seen("response.create")
    with pytest.raises(BusyError):
        await read(speak(client.session("two")))
    simulator.release()
    await client.aclose()


async def test_spare_makes_the_first_turn_without_a_connect(simulator):
    client = client_of(simulator)
    client._spares = 1
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated")
    session = client.session("one")
    session.prepare(CONFIG)
    await read(speak(session))
    assert len(simulator.upgrades) == 1
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated", 2)
    assert client.open_connections == 2
    await client.aclose()
    assert not simulator.connections


async def test_spare_is_left_to_those_who_are_waited_for(simulator):
    client = client_of(simulator)
    client._spares = 1
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated")
    await read(speak(client.session("in the background", warm=False)))
    assert len(simulator.upgrades) == 2
    await read(speak(client.session("at once")))
    assert len(simulator.upgrades) == 2
    await client.aclose()


async def test_spare_is_configured_anew_when_the_agent_changes(simulator):
    client = client_of(simulator)
    client._spares = 1
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated")
    client.keep_spares(replace(CONFIG, instructions="Other."))
    await simulator.seen("session.updated", 2)
    assert simulator.connections[0].session.instructions == "Other."
    await client.aclose()


async def test_spare_that_is_lost_is_opened_again(simulator):
    client = client_of(simulator)
    client._spares = 1
    simulator.throw(Fault("close", at="idle"))
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated", 1, connection=2)
    await client.aclose()


async def test_spare_that_is_old_is_replaced(simulator):
    client = client_of(simulator, timeouts=Timeouts(recycle_s=0.05))
    client._spares = 1
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated", 1, connection=2)
    assert client.open_connections == 1
    await client.aclose()


async def test_spare_gives_way_to_a_conversation(simulator):
    client = client_of(simulator)
    client.max_sessions, client._spares = 2, 1
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated")
    taken = speak(client.session("one"))
    await read(taken)
    client.keep_spares(CONFIG)
    await simulator.seen("session.updated", 2)
    await read(speak(client.session("two"), "Me too, and I am the second."))
    await asyncio.sleep(0)
    assert client.open_connections <= 2
    await client.aclose()


class Places(Spacing):
    """Space between connects that counts who took a place."""

    taken = 0

    def wait_s(self, now_s):
        self.taken += 1
        return super().wait_s(now_s)


async def test_connects_for_speech_and_recognition_are_spaced_with_those_of_sessions(client, simulator, web_session):
    places = client._spacing = Places()
    simulator.throw(Fault("refuse", at="/v1/realtime/audio", value="429"))
    await read(speak(client.session("one")))
    await take_all(client.synthesize(pieces("Hello."), SpeechOptions("stepaudio-2.5-tts", "elegantgentle-female")))
    await take_all(client.recognize(pieces(tones(QUESTION, 16_000)), RecognitionOptions(), web_session))
    assert places.taken == len(simulator.upgrades) == 4


async def test_speech_and_recognition_take_no_session_from_a_conversation(client, simulator, web_session):
    client.max_sessions = 1
    simulator.throw(Fault("stall", at="answering"))
    turn = speak(client.session("one"))
    turn.ask(CONFIG)
    await simulator.seen("response.create")
    await take_all(client.synthesize(pieces("Hello."), SpeechOptions("stepaudio-2.5-tts", "elegantgentle-female")))
    await take_all(client.recognize(pieces(tones(QUESTION, 16_000)), RecognitionOptions(), web_session))
    simulator.release()
    assert (await read(turn))[0]
    assert len(simulator.connections) == 1
