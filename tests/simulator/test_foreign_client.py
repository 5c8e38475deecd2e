"""StepFun's own Python client, unmodified, where it is installed (PyPI: stepfun_realtime_api)."""

import base64
from contextlib import asynccontextmanager

import pytest

from simulator import PROFILES, Call, Fault, Say, ScriptedBrain
from tests.simulator.client import APPEND_BYTES, KEY, voice_of

stepfun = pytest.importorskip("stepfun_realtime_api")

DETECTION = {"type": "server_vad"}
LIGHT_ON = {"type": "function", "function": {"name": "light_on", "description": "", "parameters": {"type": "object"}}}
LONG = "This is a sentence of some length. And here is one more of them. The third ends it all."


@asynccontextmanager
async def connected(simulator, **session):
    """Connect the client, and let nothing of what the service sends be an error to it."""
    client = stepfun.RealtimeClient(url=simulator.url.replace("http", "ws", 1) + "/v1/realtime", secret=KEY)
    client.told = []
    client.on("server.*", client.told.append)
    await client.connect()
    await simulator.seen("session.updated")
    await client.update_session(**{"turn_detection": DETECTION} | session)
    await simulator.seen("session.updated", count=2)
    yield client
    await client.disconnect()


async def speak(client, text):
    pcm = voice_of(text) + bytes(96000)
    for at in range(0, len(pcm), APPEND_BYTES):
        await client.append_input_audio(pcm[at : at + APPEND_BYTES])


def voice_heard(client):
    return b"".join(
        base64.b64decode(event["delta"]) for event in client.told if event["type"] == "response.audio.delta"
    )


def errors(simulator, capsys):
    """Give what the service refused, and what the client could not make sense of, which it prints."""
    return [entry.event for entry in simulator.log if entry.type == "error"], capsys.readouterr().out


@pytest.mark.parametrize("profile", PROFILES)
async def test_foreign_client_types_and_speaks(start, profile, capsys):
    simulator = await start(profile=profile)
    async with connected(simulator, modalities=["text", "audio"]) as client:
        await client.send_user_message([{"type": "input_text", "text": "Hello there."}])
        await simulator.seen("response.done")
        await speak(client, "Tell me about the sea.")
        await simulator.seen("response.done", count=2)
        assert [item["role"] for item in client.conversation.items] == ["user", "user"]
        assert client.conversation.items[1]["formatted"]["transcript"] == "Tell me about the sea."
        heard = client.conversation.items[1]["formatted"]["audio"]
    assert ["Hello there." in simulator.responses[0].text, "the sea" in simulator.responses[1].text] == [True, True]
    assert voice_heard(client) == simulator.responses[0].audio + simulator.responses[1].audio
    # The client cuts what was said out of what it sent, by samples instead of bytes: half of it, from its half.
    assert len(heard) > 0
    assert errors(simulator, capsys) == ([], "")


@pytest.mark.parametrize("profile", PROFILES)
async def test_foreign_client_commits_by_itself(start, profile, capsys):
    simulator = await start(profile=profile)
    async with connected(simulator, modalities=["text", "audio"]) as client:
        # Its update_session leaves out what is None.
        client.session["turn_detection"] = None
        await client.api.send({"type": "session.update", "session": {"turn_detection": None}})
        await simulator.seen("session.updated", count=3)
        await speak(client, "Tell me about the sea.")
        await client.create_response()
        await simulator.seen("response.done")
    assert "the sea" in simulator.responses[0].text
    assert voice_heard(client) == simulator.responses[0].audio
    assert errors(simulator, capsys) == ([], "")


@pytest.mark.parametrize("profile", ["s3", "s25plan"])
async def test_foreign_client_calls_a_tool(start, profile, capsys):
    simulator = await start(profile=profile, brain=ScriptedBrain(Call("light_on"), Say("The light is on.")))
    async with connected(simulator, modalities=["text", "audio"], tools=[LIGHT_ON]) as client:
        await speak(client, "Turn on the kitchen light.")
        await simulator.seen("response.done")
        # It has no types for calls: its transport carries them.
        item = {"type": "function_call_output", "call_id": simulator.responses[0].calls[0][0], "output": "{}"}
        await client.api.send({"type": "conversation.item.create", "item": item})
        await client.create_response()
        await simulator.seen("response.done", count=2)
    assert simulator.responses[1].text == "The light is on."
    assert errors(simulator, capsys)[0] == []


@pytest.mark.parametrize("profile", PROFILES)
async def test_foreign_client_cancels_and_goes_on(start, profile, capsys):
    simulator = await start(profile=profile, brain=ScriptedBrain(Say(LONG), Say("Yes.")))
    simulator.throw(Fault("stall", "response.audio.delta", nth=2))
    async with connected(simulator, modalities=["text", "audio"]) as client:
        await speak(client, "Tell me about the sea.")
        await simulator.seen("response.audio.delta")
        # Its own cancel_response does not await what it sends.
        await client.api.send({"type": "response.cancel"})
        await simulator.seen("response.cancelled" if profile == "doc" else "response.done")
        await client.send_user_message([{"type": "input_text", "text": "Are you there?"}])
        await simulator.seen("response.done", count=1 if profile == "doc" else 2)
    assert [response.text for response in simulator.responses[1:]] == ["Yes."]
    assert simulator.responses[0].status in ("incomplete", "cancelled")
    assert errors(simulator, capsys) == ([], "")
