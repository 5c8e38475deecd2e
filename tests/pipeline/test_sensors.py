"""What an account's turns took and cost, as sensors whose statistics Home Assistant keeps."""

import pytest
from homeassistant.components.sensor import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    SensorDeviceClass,
    SensorExtraStoredData,
)
from homeassistant.components.sensor.const import STATE_CLASS_UNITS
from homeassistant.const import EntityCategory
from homeassistant.core import State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
from pytest_homeassistant_custom_component.common import mock_restore_cache_with_extra_data

from custom_components.stepaudio.const import DOMAIN
from simulator import Fault, Say, ScriptedBrain

from .test_health import pass_time

ON = {
    "balance",
    "estimated_cost",
    "first_audio_latency",
    "turns_answered",
    "turns_refused",
}
OFF = {
    "answer_latency",
    "cached_tokens",
    "first_voice_latency",
    "first_word_latency",
    "input_tokens",
    "open_sessions",
    "output_tokens",
    "transcript_latency",
    "turns_interrupted",
    "turns_not_claimed",
    "warm_sessions",
}
in_china = pytest.mark.parametrize("region", ["china"])


@pytest.fixture
def all_on(monkeypatch):
    """Have all sensors enabled; to be asked for before the account."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(bool))


@pytest.fixture
def sensors(hass, entry):
    """Return what gives the state of a sensor by its key."""
    return Sensors(hass, entry)


class Sensors:
    """The sensors of an account."""

    def __init__(self, hass, entry):
        self._hass = hass
        self.entities = {
            entity.unique_id.removeprefix(f"{entry.entry_id}_"): entity
            for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
            if entity.domain == "sensor"
        }

    def state(self, key):
        """Return a state as text."""
        return self._hass.states.get(self.entities[key].entity_id).state

    def number(self, key):
        """Return a state as a number."""
        return float(self.state(key))


@in_china
async def test_sensors_are_diagnostic_and_the_noisy_ones_off(hass, entry, sensors):
    assert {key for key, entity in sensors.entities.items() if entity.disabled_by is None} == ON
    assert {key for key, entity in sensors.entities.items() if entity.disabled_by is not None} == OFF
    assert {entity.entity_category for entity in sensors.entities.values()} == {EntityCategory.DIAGNOSTIC}


@in_china
async def test_account_has_one_device_by_way_of_which_the_others_are_reached(hass, entry, sensors):
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    (account,) = [device for device in devices if device.identifiers == {(DOMAIN, entry.entry_id)}]
    assert account.via_device_id is None
    assert {device.via_device_id for device in devices if device is not account} == {account.id}
    assert len(devices) == 1 + len(entry.subentries)
    assert {entity.device_id for entity in sensors.entities.values()} == {account.id}


@in_china
async def test_spoken_turn_is_measured(hass, all_on, entry, sensors, voice, simulator):
    simulator.brain = ScriptedBrain(Say("It is a lovely evening."))
    await voice.ask(await voice.pipeline(), "How is the evening?")
    (report,) = entry.runtime_data.client.reports
    assert report.fused
    assert sensors.number("first_audio_latency") == report.first_audio_ms
    assert sensors.number("first_voice_latency") == report.first_voice_ms
    assert sensors.number("first_word_latency") == report.first_word_ms
    assert sensors.number("transcript_latency") == report.transcript_ms
    assert sensors.number("answer_latency") == report.end_ms
    assert sensors.number("turns_answered") == 1
    assert sensors.number("turns_refused") == 0
    assert sensors.number("input_tokens") == report.input_tokens > 0
    assert sensors.number("output_tokens") == report.output_tokens > 0
    cost = (report.input_tokens * 10 + report.output_tokens * 70) / 1_000_000
    assert sensors.number("estimated_cost") == pytest.approx(cost)


@in_china
async def test_turn_that_fails_is_counted_and_measures_no_answer(hass, all_on, entry, sensors, voice, simulator):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    await voice.ask(await voice.pipeline(), "Something that is not allowed.")
    assert sensors.number("turns_refused") == 1
    assert sensors.number("turns_answered") == 0
    assert sensors.state("first_audio_latency") == "unknown"
    assert sensors.state("answer_latency") == "unknown"


@in_china
async def test_state_is_written_once_for_each_turn(hass, entry, sensors, voice, simulator):
    simulator.brain = ScriptedBrain(Say("This is a very long answer. " * 8))
    changes = []
    hass.bus.async_listen("state_changed", changes.append)
    await voice.ask(await voice.pipeline(), "Tell me a long story, please.")
    await hass.async_block_till_done()
    written = [event.data["entity_id"] for event in changes]
    for key in ("first_audio_latency", "turns_answered", "estimated_cost"):
        assert written.count(sensors.entities[key].entity_id) == 1


@in_china
async def test_balance_is_shown_in_the_currency_of_the_region(hass, entry, sensors, simulator, freezer):
    assert sensors.number("balance") == 42.5
    state = hass.states.get(sensors.entities["balance"].entity_id)
    assert state.attributes["unit_of_measurement"] == "CNY"
    simulator.switches = simulator.switches.replace(quota=False)
    await pass_time(hass, freezer, minutes=31)
    assert sensors.number("balance") == 0


@pytest.mark.parametrize(("region", "way"), [("china", "/step_plan")])
async def test_plan_has_no_balance_sensor(sensors):
    assert "balance" not in sensors.entities
    assert "estimated_cost" in sensors.entities


async def test_address_of_ones_own_has_neither_balance_nor_cost(sensors):
    assert not {"balance", "estimated_cost"} & set(sensors.entities)


@in_china
async def test_sessions_are_counted(hass, all_on, entry, sensors, voice, freezer):
    assert sensors.number("open_sessions") == 0
    await voice.ask(await voice.pipeline(), "How is the evening?")
    await pass_time(hass, freezer, seconds=31)
    assert sensors.number("open_sessions") == 1
    assert sensors.number("warm_sessions") == 0


@in_china
async def test_statistics_of_every_sensor_can_be_kept(hass, all_on, entry, sensors):
    classes = {}
    for key, entity in sensors.entities.items():
        state = hass.states.get(entity.entity_id)
        state_class = classes[key] = state.attributes["state_class"]
        unit = state.attributes.get("unit_of_measurement")
        device_class = state.attributes.get("device_class")
        assert unit in STATE_CLASS_UNITS.get(state_class, {unit}), key
        if device_class is not None:
            assert state_class in DEVICE_CLASS_STATE_CLASSES[SensorDeviceClass(device_class)], key
            units = DEVICE_CLASS_UNITS.get(SensorDeviceClass(device_class))
            assert units is None or unit in units, key
    assert {key for key, kind in classes.items() if kind == "measurement"} == {
        key for key in classes if key.endswith(("latency", "sessions"))
    }
    assert {key for key, kind in classes.items() if kind == "total"} == {"balance", "estimated_cost"}


@pytest.fixture
def currency():
    """Return what the earlier run counted in; a test overrides it by parametrizing."""
    return "CNY"


@pytest.fixture
def earlier_run(hass, currency):
    """Have the totals of an earlier run in Home Assistant's memory."""
    totals = {
        "turns_answered": (7, None),
        "input_tokens": (1000, "tokens"),
        "estimated_cost_of_conversations": (1.5, currency),
    }
    mock_restore_cache_with_extra_data(
        hass,
        [
            (State(f"sensor.stepaudio_{name}", str(value)), SensorExtraStoredData(value, unit).as_dict())
            for name, (value, unit) in totals.items()
        ],
    )


@in_china
@pytest.mark.parametrize("currency", ["USD"])
async def test_cost_in_another_currency_is_not_gone_on_with(earlier_run, entry, sensors):
    assert sensors.number("estimated_cost") == 0


@in_china
async def test_totals_go_on_after_a_restart(hass, earlier_run, all_on, entry, sensors, voice):
    assert sensors.number("turns_answered") == 7
    assert sensors.number("input_tokens") == 1000
    assert sensors.number("estimated_cost") == 1.5
    await voice.ask(await voice.pipeline(), "How is the evening?")
    assert sensors.number("turns_answered") == 8
    assert sensors.number("input_tokens") > 1000
