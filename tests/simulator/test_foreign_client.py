"""StepFun's own Python client, unmodified, where it is installed (PyPI: stepfun_realtime_api)."""

import pytest

from tests.simulator.client import APPEND_BYTES, KEY, voice_of

stepfun = pytest.importorskip("stepfun_realtime_api")


@pytest.mark.parametrize("profile", ["s3", "s25plan"])
async def test_foreign_client_types_and_speaks(start, profile):
    simulator = await start(profile=profile)
    url = simulator.url.replace("http", "ws", 1) + "/v1/realtime"
    client = stepfun.RealtimeClient(url=url, secret=KEY)
    await client.connect()
    await simulator.seen("session.updated")
    await client.send_user_message([{"type": "input_text", "text": "Hello there."}])
    await simulator.seen("response.done")
    pcm = voice_of("Tell me about the sea.") + bytes(96000)
    for at in range(0, len(pcm), APPEND_BYTES):
        await client.append_input_audio(pcm[at : at + APPEND_BYTES])
    await simulator.seen("response.done", count=2)
    await client.disconnect()
    assert not [entry for entry in simulator.log if entry.type == "error"]
    assert ["Hello there." in simulator.responses[0].text, "the sea" in simulator.responses[1].text] == [True, True]
