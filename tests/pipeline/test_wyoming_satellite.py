"""A Wyoming satellite, through Home Assistant's own Wyoming integration."""

import io
import wave

import pytest
from homeassistant.components import assist_pipeline
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from house.wyoming_satellite import WyomingSatellite
from simulator import Call, Say, ScriptedBrain, read_tones, tones

from .conftest import Voice

# Home Assistant's own HTTP server.
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")

RATE_HZ = 22_050
"""What Home Assistant's Wyoming integration asks of every reply and announcement."""


@pytest.fixture
async def wyoming(hass, house, hass_client):
    """Return a satellite in the kitchen and the id of its entity; Home Assistant serves what FFmpeg fetches."""
    assert await async_setup_component(hass, "wyoming", {})
    client = await hass_client()
    hass.config.internal_url = str(client.make_url("")).rstrip("/")
    satellite = WyomingSatellite("Kitchen satellite", "Kitchen", in_real_time=False)
    async with satellite.served() as port:
        account = MockConfigEntry(domain="wyoming", title="Satellite", data={"host": "127.0.0.1", "port": port})
        account.add_to_hass(hass)
        assert await hass.config_entries.async_setup(account.entry_id)
        await satellite.running()
        entities = er.async_entries_for_config_entry(er.async_get(hass), account.entry_id)
        yield satellite, next(each.entity_id for each in entities if each.domain == "assist_satellite")
        await hass.config_entries.async_unload(account.entry_id)


async def prefer(hass, engines, **changes):
    """Let the satellite use a pipeline of these engines, with changes."""
    pipeline_id = await Voice(hass, engines).pipeline(**changes)
    store = hass.data[assist_pipeline.pipeline.KEY_ASSIST_PIPELINE].pipeline_store
    store.async_set_preferred_item(pipeline_id)


async def announce(hass, entity_id, message):
    """Announce a message, and wait until it was played."""
    await hass.services.async_call(
        "assist_satellite",
        "announce",
        {"entity_id": entity_id, "message": message, "preannounce": False},
        blocking=True,
    )


def samples_of(heard):
    """Return the samples that a satellite has played."""
    with wave.open(io.BytesIO(bytes(heard.audio))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE_HZ, 1, 2)
        return sound.readframes(sound.getnframes())


async def test_announcement_is_spoken_to_the_satellite_by_our_voice(hass, engines, simulator, wyoming):
    satellite, entity_id = wyoming
    await prefer(hass, engines)
    await announce(hass, entity_id, "Dinner is ready. Come down.")
    heard = satellite.announcements.get_nowait()
    (spoken,) = simulator.responses
    assert (spoken.kind, spoken.text) == ("speech", "Dinner is ready. Come down.")
    assert samples_of(heard) == spoken.audio
    assert read_tones(spoken.audio, RATE_HZ) == "Dinner is ready. Come down."
    assert satellite.announcements.empty()


@pytest.mark.parametrize("kinds", [("tts",)])
async def test_announcement_needs_nothing_but_the_voice(hass, engines, simulator, wyoming):
    satellite, entity_id = wyoming
    alone = {"conversation": "conversation.home_assistant", "stt": None, "tts": engines["tts"]}
    await prefer(hass, alone, stt_language=None)
    await announce(hass, entity_id, "晚饭好了。")
    samples = samples_of(satellite.announcements.get_nowait())
    assert samples == simulator.responses[0].audio
    assert read_tones(samples, RATE_HZ) == "晚饭好了。"
    assert not simulator.connections


async def test_turn_through_the_satellite_is_fused_and_knows_its_room(hass, engines, simulator, wyoming, look_up):
    satellite, entity_id = wyoming
    await prefer(hass, engines)
    simulator.brain = ScriptedBrain(Call("library__look_up", {"what": "tea"}), Say("Found tea in the kitchen."))
    heard = await satellite.ask(tones("Look up tea for me.", 16_000))
    assert heard.error is None
    assert heard.transcript == "Look up tea for me."
    assert heard.reply == "Found tea in the kitchen."
    assert read_tones(samples_of(heard), RATE_HZ) == "Found tea in the kitchen."
    assert [upgrade.path for upgrade in simulator.upgrades] == ["/v1/realtime"]
    # The run names the satellite, so the room is known at once and nothing has to be asked again.
    called, said = simulator.responses
    assert called.kind == said.kind == "voice"
    assert "Kitchen" in called.instructions
    ((arguments, context),) = look_up.calls
    assert arguments == {"what": "tea"}
    assert context.device_id == er.async_get(hass).async_get(entity_id).device_id
    assert dr.async_get(hass).async_get(context.device_id).name == "Kitchen satellite"


async def test_turn_without_words_ends_with_the_reason_and_the_next_one_is_answered(hass, engines, simulator, wyoming):
    satellite, _ = wyoming
    await prefer(hass, engines)
    silent = await satellite.ask(bytes(32_000))
    assert "stt-no-text-recognized" in silent.error
    assert not silent.audio
    simulator.brain = ScriptedBrain(Say("It is late."))
    heard = await satellite.ask(tones("How late is it?", 16_000))
    assert (heard.error, heard.reply) == (None, "It is late.")
    assert read_tones(samples_of(heard), RATE_HZ) == "It is late."


async def test_question_to_a_home_that_left_ends_with_the_reason(hass, engines, wyoming):
    satellite, entity_id = wyoming
    account = er.async_get(hass).async_get(entity_id).config_entry_id
    await hass.config_entries.async_unload(account)
    heard = await satellite.ask(tones("Is anybody there?", 16_000))
    assert "not connected" in heard.error
    await hass.config_entries.async_setup(account)
    await satellite.running()
