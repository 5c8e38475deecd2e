"""The assistant that the set-up offers."""

import pytest
from homeassistant.components import assist_pipeline
from homeassistant.components.assist_pipeline import async_get_pipelines
from homeassistant.components.assist_pipeline.pipeline import async_get_pipeline
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.const import CONF_URL
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify

from custom_components.stepaudio.const import DOMAIN

from ..conftest import KEY
from .setup import account, fill


@pytest.fixture
def language():
    """Return the language and the country of the home; a test overrides it by parametrizing."""
    return "en", "US"


@pytest.fixture(autouse=True)
async def assist(hass, home, language):
    """Set up Assist, as every home has it."""
    hass.config.language, hass.config.country = language
    assert await async_setup_component(hass, "assist_pipeline", {})


async def offered(hass, simulator):
    """Return the form that offers an assistant."""
    form = await fill(hass, simulator, offered=True)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "assistant")
    return form


async def take(hass, form, **wishes):
    """Send that form; return the account."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], wishes)
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return result["result"]


def ours(hass):
    """Return our assistants."""
    return [each for each in async_get_pipelines(hass) if each.conversation_engine == "conversation.stepaudio"]


@pytest.mark.parametrize(
    ("language", "home_language", "spoken"),
    [
        (("en", "US"), "en", "en-US"),
        (("en-GB", "GB"), "en-GB", "en-GB"),
        (("zh-Hans", "CN"), "zh-Hans", "zh-CN"),
        (("zh-Hant", "TW"), "zh-Hant", "zh-TW"),
        (("zh-Hant", "HK"), "zh-Hant", "zh-HK"),
        (("de", "DE"), "en", "en-US"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else value,
)
async def test_assistant_is_made_of_our_three_in_the_language_of_the_home(hass, simulator, home_language, spoken):
    form = await offered(hass, simulator)
    entry = await take(hass, form, **form["data_schema"]({}))  # as it is offered
    (assistant,) = ours(hass)
    assert (assistant.name, assistant.language, assistant.conversation_language) == ("StepAudio", home_language, "*")
    _, ears, voice, _ = (slugify(each.title) for each in entry.subentries.values())
    assert (assistant.stt_engine, assistant.stt_language) == (f"stt.{ears}", spoken)
    assert (assistant.tts_engine, assistant.tts_language) == (f"tts.{voice}", spoken)
    assert assistant.tts_voice is None
    assert async_get_pipeline(hass) is assistant
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        (("de", "DE"), ["StepAudio", "StepAudio ears", "StepAudio voice", "StepAudio task"]),
        (("zh-Hans", "CN"), ["StepAudio", "StepAudio 语音识别", "StepAudio 语音合成", "StepAudio 任务"]),
        (("zh-Hant", "TW"), ["StepAudio", "StepAudio 語音辨識", "StepAudio 語音合成", "StepAudio 任務"]),
    ],
    ids=["german", "simplified", "traditional"],
)
async def test_account_names_what_it_brings_in_the_language_of_the_home(hass, simulator, titles):
    entry = await take(hass, await offered(hass, simulator), assistant=False, preferred=False)
    assert [each.title for each in entry.subentries.values()] == titles
    await hass.config_entries.async_unload(entry.entry_id)


async def test_assistant_is_not_made_again_and_outlives_the_account(hass, simulator):
    entry = await take(hass, await offered(hass, simulator), assistant=True, preferred=True)
    assert len(ours(hass)) == 1
    assert "assistant" not in entry.data
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert len(ours(hass)) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert len(ours(hass)) == 1


async def test_set_up_with_an_assistant_does_not_reload_the_account(hass, simulator):
    states = []
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, lambda _, entry: states.append(entry.state))
    entry = await take(hass, await offered(hass, simulator), assistant=True, preferred=True)
    assert entry.state is ConfigEntryState.LOADED
    assert ConfigEntryState.UNLOAD_IN_PROGRESS not in states
    await hass.config_entries.async_unload(entry.entry_id)
    assert ConfigEntryState.UNLOAD_IN_PROGRESS in states


async def test_offer_that_is_opened_again_is_still_the_offer(hass, simulator):
    form = await offered(hass, simulator)
    again = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert (again["type"], again["step_id"]) == (FlowResultType.FORM, "assistant")


@pytest.mark.parametrize("wishes", [{"assistant": False, "preferred": True}, {"assistant": True, "preferred": False}])
async def test_user_may_leave_things_as_they_are(hass, simulator, wishes):
    before = async_get_pipeline(hass)
    entry = await take(hass, await offered(hass, simulator), **wishes)
    assert len(ours(hass)) == wishes["assistant"]
    assert async_get_pipeline(hass) is before
    await hass.config_entries.async_unload(entry.entry_id)


async def test_who_can_already_talk_to_the_home_keeps_the_preferred_assistant(hass, simulator):
    first = await take(hass, await offered(hass, simulator), assistant=True, preferred=True)
    simulator.key = "another"
    form = await fill(hass, simulator, api_key="another", offered=True)
    assert form["data_schema"]({}) == {"assistant": True, "preferred": False}
    second = await take(hass, form, **form["data_schema"]({}))
    assert async_get_pipeline(hass) is ours(hass)[0]
    for entry in (first, second):
        await hass.config_entries.async_unload(entry.entry_id)


async def test_wish_waits_until_the_account_can_be_set_up(hass, simulator):
    form = await offered(hass, simulator)
    simulator.key = "another"
    entry = await take(hass, form, assistant=True, preferred=True)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert not ours(hass)
    simulator.key = KEY
    await hass.config_entries.async_reload(entry.entry_id)
    assert len(ours(hass)) == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_dialog_that_was_left_open_keeps_nobody_out(hass, simulator):
    await offered(hass, simulator)
    entry = await take(hass, await offered(hass, simulator), assistant=True, preferred=True)
    assert not hass.config_entries.flow.async_progress()
    assert len(ours(hass)) == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_that_another_one_became_meanwhile_is_refused(hass, simulator):
    form = await fill(hass, simulator, plan="step_plan", offered=True)
    entry = await take(hass, form, assistant=False, preferred=False)
    form = await offered(hass, simulator)
    change = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    change = await hass.config_entries.flow.async_configure(change["flow_id"], account())
    await hass.config_entries.flow.async_configure(change["flow_id"], {CONF_URL: simulator.url})
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {"assistant": True, "preferred": True})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_without_ears_still_gets_what_it_can(hass, simulator):
    form = await offered(hass, simulator)
    simulator.key = "another"
    entry = await take(hass, form, assistant=True, preferred=True)
    (ears,) = entry.get_subentries_of_type("stt")
    hass.config_entries.async_remove_subentry(entry, ears.subentry_id)
    simulator.key = KEY
    await hass.config_entries.async_reload(entry.entry_id)
    (assistant,) = ours(hass)
    assert assistant.stt_engine is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_home_assistant_that_makes_assistants_in_another_way_says_what_to_do(hass, simulator, monkeypatch):
    form = await offered(hass, simulator)
    with monkeypatch.context() as another_way:
        another_way.delattr(hass.data["assist_pipeline"], "pipeline_store")
        entry = await take(hass, form, assistant=True, preferred=True)
    assert entry.state is ConfigEntryState.LOADED
    ((_, issue_id),) = ir.async_get(hass).issues
    assert issue_id == f"no_assistant_{entry.entry_id}"
    await hass.config_entries.async_reload(entry.entry_id)
    assert ir.async_get(hass).issues
    await assist_pipeline.async_update_pipeline(  # by hand, as the issue says
        hass, async_get_pipeline(hass), conversation_engine="conversation.stepaudio"
    )
    assert not ir.async_get(hass).issues
    await hass.config_entries.async_unload(entry.entry_id)
