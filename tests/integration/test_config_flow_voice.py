"""Adding and changing a voice, through the same flow as the UI."""

import pytest
from homeassistant.data_entry_flow import FlowResultType

from simulator.voices import CLONES

from .setup import add, answer, change, suggested, titled

RARE = {
    "speed": 1.2,
    "volume": 0.8,
    "instruction": "calm",
    "pronunciation": ["HA/home assistant"],
    "text_normalization": "enhanced",
}


def names_of(form):
    """Return the voices of a form by name."""
    options = form["data_schema"].schema["voice"].config["options"]
    return {option["value"]: option["label"] for option in options}


async def test_voice_is_added_as_recommended(hass, entry):
    form = await add(hass, entry, "tts")
    result = await answer(hass, form, {"name": "Butler", "voice": "cixingnansheng", "recommended": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Butler").data == {"voice": "cixingnansheng"}
    assert hass.states.get("tts.butler") is not None


async def test_voice_is_added_with_settings_of_its_own(hass, entry):
    form = await answer(hass, await add(hass, entry, "tts"), {"name": "Butler", "recommended": False})
    assert form["step_id"] == "advanced"
    plain = {"speed": 1.0, "volume": 1.0, "instruction": "", "pronunciation": [], "text_normalization": ""}
    assert suggested(form) == plain
    result = await answer(hass, form, RARE)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Butler").data == RARE


async def test_voice_is_changed_and_goes_back_to_what_is_recommended(hass, entry):
    (subentry,) = entry.get_subentries_of_type("tts")
    form = await change(hass, entry, subentry)
    assert form["data_schema"]({})["recommended"] is True
    form = await answer(hass, form, {"voice": "cixingnansheng", "recommended": False})
    result = await answer(hass, form, RARE)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.subentries[subentry.subentry_id].data == {"voice": "cixingnansheng", **RARE}

    form = await change(hass, entry, entry.subentries[subentry.subentry_id])
    assert form["data_schema"]({})["recommended"] is False
    assert suggested(form) == {"voice": "cixingnansheng"}
    form = await answer(hass, form, {"recommended": False})
    assert suggested(form) == RARE
    form = await change(hass, entry, entry.subentries[subentry.subentry_id])
    await answer(hass, form, {"voice": "ruyananshi", "recommended": True})
    assert entry.subentries[subentry.subentry_id].data == {"voice": "ruyananshi"}


@pytest.mark.parametrize(("field", "value"), [("instruction", "x" * 201), ("pronunciation", ["no slash"])])
async def test_setting_that_the_service_would_refuse_is_told_in_the_form(hass, entry, field, value):
    form = await answer(hass, await add(hass, entry, "tts"), {"name": "Butler", "recommended": False})
    form = await answer(hass, form, RARE | {field: value})
    assert form["errors"] == {field: field}
    assert suggested(form) == RARE | {field: value}
    result = await answer(hass, form, RARE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("language", "classic", "own"),
    [("en", "Classic woman", "My own voice kZ2n"), ("zh-Hans", "经典女声", "我的音色 kZ2n")],
)
async def test_voices_are_named_in_the_language_of_the_home_with_ones_own_among_them(
    hass, entry, language, classic, own
):
    hass.config.language = language
    for kind in ("tts", "conversation"):
        names = names_of(await add(hass, entry, kind))
        assert names["jingdiannvsheng"] == classic
        assert names[CLONES[0]] == own
        assert ("tianmeinvsheng" in names) == (kind == "tts")


async def test_voices_of_ones_own_that_cannot_be_asked_for_can_still_be_typed(hass, simulator, entry):
    simulator.key = "another"
    form = await add(hass, entry, "tts")
    assert "cixingnansheng" in names_of(form)
    result = await answer(hass, form, {"name": "Mine", "voice": "voice-tone-1234", "recommended": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Mine").data == {"voice": "voice-tone-1234"}
