"""The blueprints, as Home Assistant loads them and as they run."""

import re
import shutil
from datetime import timedelta

import pytest
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint.models import BlueprintInputs
from homeassistant.core import SupportsResponse
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from ..repository import INTEGRATION, ROOT, read_yaml

FOLDER = ROOT / "blueprints" / "automation"
BLUEPRINTS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.yaml"))
PEOPLE = {"agent": "conversation.stepaudio", "when": [{"trigger": "event", "event_type": "rang"}]}


@pytest.fixture(autouse=True)
def blueprints(hass, tmp_path):
    """Put the blueprints where Home Assistant looks for them."""
    hass.config.config_dir = str(tmp_path)
    shutil.copytree(FOLDER, tmp_path / "blueprints" / "automation")


@pytest.fixture
def asked(hass):
    """Return what agents are asked."""
    return async_mock_service(hass, "stepaudio", "ask")


async def automate(hass, blueprint, **inputs):
    """Make an automation of a blueprint."""
    use = {"path": f"stepaudio/{blueprint}.yaml", "input": inputs}
    assert await async_setup_component(hass, "automation", {"automation": {"alias": "Ours", "use_blueprint": use}})
    await hass.async_block_till_done()
    assert hass.states.get("automation.ours").state == "on"


async def ring(hass):
    """Set the automation off."""
    hass.bus.async_fire("rang")
    await hass.async_block_till_done()


@pytest.mark.parametrize("path", BLUEPRINTS)
async def test_blueprint_is_loaded_and_explains_each_input(hass, path):
    assert await async_setup_component(hass, "automation", {})
    blueprint = (await async_get_blueprints(hass).async_get_blueprints())[path]
    assert not isinstance(blueprint, Exception), blueprint
    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"].endswith(f"/blueprints/automation/{path}")
    assert all(asked["name"] and asked["selector"] for asked in blueprint.inputs.values())
    BlueprintInputs(blueprint, {"use_blueprint": {"path": path, "input": dict.fromkeys(blueprint.inputs)}}).validate()


async def test_announcement_is_made_on_each_player_by_the_agent(hass, asked):
    hass.states.async_set("sensor.washer", "Cotton")
    players = ["assist_satellite.kitchen", "media_player.bath"]
    what = "The washing machine is done with {{ states('sensor.washer') }}."
    await automate(hass, "announce", players=players, what=what, **PEOPLE)
    await ring(hass)
    assert [call.data["player"] for call in asked] == players
    assert {call.data["agent"] for call in asked} == {PEOPLE["agent"]}
    assert all(call.data["text"].endswith("The washing machine is done with Cotton.") for call in asked)


@pytest.fixture
def day(hass):
    """Return the weather and the calendars to tell of."""
    forecasts = {"weather.home": {"forecast": [{"condition": "rainy", "templow": 4, "temperature": 9}]}}
    agenda = {
        "calendar.work": {"events": [{"summary": "Talk", "start": "2026-11-23T15:00:00+00:00"}]},
        "calendar.home": {"events": [{"summary": "Dentist", "start": "2026-11-23T09:00:00+00:00"}]},
    }
    for domain, name, response in (("weather", "get_forecasts", forecasts), ("calendar", "get_events", agenda)):
        async_mock_service(hass, domain, name, response=response, supports_response=SupportsResponse.ONLY)
    return forecasts["weather.home"]["forecast"], agenda


async def good_morning(hass):
    """Make the automation of the morning."""
    await automate(
        hass,
        "good_morning",
        player="assist_satellite.kitchen",
        weather="weather.home",
        calendars=["calendar.home", "calendar.work"],
        **PEOPLE,
    )


async def test_good_morning_tells_the_weather_and_the_day_in_order(hass, asked, day, freezer):
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to("2026-11-23 07:00:00+00:00")
    await good_morning(hass)
    await ring(hass)
    (call,) = asked
    assert (call.data["agent"], call.data["player"]) == (PEOPLE["agent"], "assist_satellite.kitchen")
    assert "rainy, 4 to 9 degrees" in call.data["text"]
    assert call.data["text"].index("Dentist") < call.data["text"].index("Talk")


async def test_good_morning_is_said_once_a_day_and_in_the_morning(hass, asked, day, freezer):
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to("2026-11-23 04:00:00+00:00")
    await good_morning(hass)
    for wait, said in ((0, 0), (3, 1), (1, 1), (12, 1), (11, 2)):  # at 4, 7, 8, 20 and 7 o'clock
        freezer.tick(timedelta(hours=wait))
        await ring(hass)
        assert len(asked) == said


async def test_good_morning_without_anything_to_tell_is_said_all_the_same(hass, asked, day, freezer):
    for empty in day:
        empty.clear()
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to("2026-11-23 07:00:00+00:00")
    await good_morning(hass)
    await ring(hass)
    assert asked[0].data["text"].endswith("unknown, ? to ? degrees. Nothing is in the calendar.")


async def test_low_balance_is_told_once_when_it_falls(hass):
    told = async_mock_service(hass, "persistent_notification", "create")
    money = {"unit_of_measurement": "CNY"}
    hass.states.async_set("sensor.balance", "12.5", money)
    await automate(hass, "low_balance", balance="sensor.balance", below=10)
    for balance in ("9.5", "9.1", "unavailable"):
        hass.states.async_set("sensor.balance", balance, money)
        await hass.async_block_till_done()
    assert [call.data["message"] for call in told] == ["The balance is down to 9.5 CNY."]


def test_blueprints_fill_in_fields_that_the_action_has():
    actions = read_yaml(INTEGRATION / "services.yaml")
    for text in (path.read_text() for path in FOLDER.rglob("*.yaml")):
        for name, fields in re.findall(r"action: stepaudio\.(\w+)\n +data:\n((?: {6,}.*\n)+)", text):
            assert set(re.findall(r"^ +(\w+): ", fields, re.MULTILINE)) <= set(actions[name]["fields"])
