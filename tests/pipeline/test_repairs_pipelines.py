"""A pipeline in which our agent has another engine's ears or voice is reported, and can be switched to ours."""

import pytest
from homeassistant.components import assist_pipeline
from homeassistant.components.assist_pipeline import async_get_pipelines
from homeassistant.components.assist_pipeline.pipeline import async_get_pipeline
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.helpers import entity_registry as er

HALVES = [({"stt"}, "pipeline_ears"), ({"tts"}, "pipeline_voice"), ({"stt", "tts"}, "pipeline_both")]


def foreign(others, parts):
    """Return the changes that give a pipeline another engine's ears, voice or both."""
    return {f"{kind}_engine": others[kind] for kind in parts}


def store(hass):
    """Return where the pipelines are kept."""
    return hass.data[assist_pipeline.pipeline.KEY_ASSIST_PIPELINE].pipeline_store


@pytest.mark.parametrize(("parts", "kind"), HALVES)
async def test_pipeline_with_foreign_parts_is_reported_and_switched_to_ours(
    hass, voice, others, engines, repairs, parts, kind
):
    pipeline = await voice.pipeline(**foreign(others, parts), tts_voice="cixingnansheng")
    issue = await repairs.issue()
    assert issue["translation_key"] == kind
    names = issue["translation_placeholders"]
    assert (names["pipeline"], names["agent"]) == ("Test 1", "StepAudio")
    assert names["ears"] == ("Foreign ears" if "stt" in parts else "StepAudio ears")
    assert names["voice"] == ("Foreign voice" if "tts" in parts else "StepAudio voice")
    menu = await repairs.begin()
    assert menu["menu_options"] == ["switch", "ignore"]
    assert (await repairs.answer(menu, next_step_id="switch"))["type"] == "create_entry"
    whole = async_get_pipeline(hass, pipeline)
    assert (whole.stt_engine, whole.tts_engine) == (engines["stt"], engines["tts"])
    assert (whole.stt_language, whole.tts_language) == ("en-US", "en-US")
    assert whole.tts_voice == (None if "tts" in parts else "cixingnansheng")
    assert not await repairs.issues()
    await voice.ask(pipeline, "A question.")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stt_engine": None, "stt_language": None},
        {"tts_engine": None, "tts_language": None},
    ],
    ids=["ours", "typed", "written"],
)
async def test_pipeline_with_nothing_foreign_is_not_reported(voice, others, repairs, changes):
    await voice.pipeline(**changes)
    assert not await repairs.issues()


async def test_pipeline_of_another_agent_with_our_ears_and_voice_is_not_reported(voice, others, repairs):
    await voice.pipeline(conversation_engine=others["conversation"])
    assert not await repairs.issues()


async def test_pipeline_in_a_language_that_we_do_not_speak_is_not_reported(voice, others, repairs):
    await voice.pipeline(**foreign(others, {"stt", "tts"}), language="de", stt_language="de-DE", tts_language="de-DE")
    assert not await repairs.issues()


async def test_pipeline_whose_engines_name_languages_in_their_own_way_is_switched_to_its_language(
    hass, voice, others, engines, repairs
):
    hass.config.country = "GB"
    pipeline = await voice.pipeline(**foreign(others, {"stt"}), stt_language="xx")
    await repairs.answer(await repairs.begin(), next_step_id="switch")
    assert async_get_pipeline(hass, pipeline).stt_language == "en-GB"


@pytest.mark.parametrize("kinds", [("conversation",)])
async def test_pipeline_for_which_the_account_has_no_ears_and_voice_is_not_reported(voice, others, repairs, kinds):
    voice.engines |= {"stt": others["stt"], "tts": others["tts"]}
    await voice.pipeline()
    assert not await repairs.issues()


async def test_pipeline_whose_place_could_only_take_disabled_ears_is_not_reported(
    hass, entry, voice, others, engines, repairs
):
    er.async_get(hass).async_update_entity(engines["stt"], disabled_by=er.RegistryEntryDisabler.USER)
    await voice.pipeline(**foreign(others, {"stt"}))
    assert not await repairs.issues()


async def test_pipeline_that_is_left_as_it_is_stays_ignored(hass, entry, voice, others, repairs):
    pipeline = await voice.pipeline(**foreign(others, {"stt"}))
    left = await repairs.answer(await repairs.begin(), next_step_id="ignore")
    assert (left["type"], left["reason"]) == ("abort", "ignored")
    assert not await repairs.issues()
    await hass.config_entries.async_reload(entry.entry_id)
    await voice.pipeline()
    assert not await repairs.issues()
    assert async_get_pipeline(hass, pipeline).stt_engine == others["stt"]


async def test_pipeline_that_is_changed_by_hand_is_reported_no_more(hass, voice, others, engines, repairs):
    pipeline = await voice.pipeline(**foreign(others, {"stt", "tts"}))
    await assist_pipeline.async_update_pipeline(
        hass, async_get_pipeline(hass, pipeline), stt_engine=engines["stt"], stt_language="en-US"
    )
    assert list(await repairs.issues()) == ["pipeline_voice"]
    await assist_pipeline.async_update_pipeline(
        hass, async_get_pipeline(hass, pipeline), conversation_engine=others["conversation"]
    )
    assert not await repairs.issues()


async def test_pipeline_that_is_removed_is_reported_no_more(hass, voice, others, repairs):
    pipeline = await voice.pipeline(**foreign(others, {"stt"}))
    assert await repairs.issues()
    await store(hass).async_delete_item(pipeline)
    assert not await repairs.issues()


@pytest.mark.parametrize("meanwhile", ["removed", "changed"])
async def test_pipeline_that_is_whole_or_gone_while_its_issue_is_open_ends_the_flow(
    hass, voice, others, engines, repairs, meanwhile
):
    pipeline = await voice.pipeline(**foreign(others, {"stt"}))
    menu = await repairs.begin()
    if meanwhile == "removed":
        await store(hass).async_delete_item(pipeline)
    else:
        changes = {"stt_engine": engines["stt"], "stt_language": "en-GB"}
        await assist_pipeline.async_update_pipeline(hass, async_get_pipeline(hass, pipeline), **changes)
    assert (await repairs.answer(menu, next_step_id="switch"))["type"] == "create_entry"


async def test_report_of_a_pipeline_survives_a_reload_and_follows_what_happened_meanwhile(
    hass, entry, voice, others, engines, repairs
):
    pipeline = await voice.pipeline(**foreign(others, {"stt"}))
    await hass.config_entries.async_reload(entry.entry_id)
    assert await repairs.issues()
    await hass.config_entries.async_unload(entry.entry_id)
    await assist_pipeline.async_update_pipeline(
        hass, async_get_pipeline(hass, pipeline), stt_engine=engines["stt"], stt_language="en-US"
    )
    assert await repairs.issues()
    await hass.config_entries.async_setup(entry.entry_id)
    assert not await repairs.issues()


@pytest.mark.parametrize("way_out", ["remove", "disable"])
async def test_reports_go_with_their_account(hass, entry, voice, others, repairs, way_out):
    await voice.pipeline(**foreign(others, {"stt"}))
    assert await repairs.issues()
    if way_out == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert not await repairs.issues()
    assert async_get_pipelines(hass)
