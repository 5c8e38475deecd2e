"""Every fault in every phase of a turn: answered, or refused with its own sentence, and the next turn works."""

import json
from pathlib import Path

import pytest

import custom_components.stepaudio as integration
from house.haste import hasten
from simulator import Fault, Simulator, read_tones

from ..conftest import KEY
from .matrix import PHASES, ROWS, outcomes

SENTENCES = {
    beginning: key
    for key, exception in json.loads((Path(integration.__file__).parent / "translations" / "en.json").read_text())[
        "exceptions"
    ].items()
    if (beginning := exception["message"].split("{")[0])
}


@pytest.fixture
async def simulator(socket_enabled):
    """Run a service whose answers take a little time, so that every phase is one."""
    async with Simulator(profile="s25plan", key=KEY) as service:
        yield service
        service.release()


# What arrives damaged and cannot be told from what was meant.
DAMAGES_VOICE = {"drop", "reorder", "empty"}


def outcome_of(answered, row=None):
    """Return how a turn ended for the user."""
    error = next((event.data for event in answered.events if event.type == "error"), None)
    if error is not None:
        assert error["code"] == "stt-no-text-recognized", error
        return "no text"
    response = answered.data("intent-end")["intent_output"]["response"]
    if response["response_type"] == "error":
        (key,) = [key for start, key in SENTENCES.items() if answered.reply.startswith(start)]
        # Where the service takes nothing at all, the reason is shown; else it is spoken.
        assert answered.audio or key in {"invalid_auth", "quota"} or row.times > 1, "the reason was not spoken"
        return key
    assert answered.reply
    spoken = read_tones(answered.pcm, 24_000)
    if row is None or row.kind not in DAMAGES_VOICE:
        assert spoken.split()[-1] == answered.reply.split()[-1], (spoken, answered.reply)
    return "answered"


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_fault_in_phase_ends_in_an_answer_or_a_sentence(hass, entry, house, voice, simulator, row, phase):
    client = entry.runtime_data.client
    hasten(client)
    pipeline = await voice.pipeline()
    simulator.throw(Fault(row.kind, at=phase, times=row.times, value=row.value))
    answered = await voice.ask(pipeline, "Turn on the kitchen light, please.")
    outcomes[str(row), phase] = outcome_of(answered, row)
    assert len(house) <= 1, "a tool ran twice"
    simulator.mend()
    following = await voice.ask(pipeline, "And how are you today?", conversation_id=answered.conversation_id)
    assert outcome_of(following) == "answered"
    assert len(house) <= 1, "a tool ran twice"
    await hass.config_entries.async_unload(entry.entry_id)
    assert client.open_connections == 0
