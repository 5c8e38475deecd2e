"""A voice that the service refuses is reported until it is changed or works, and can be changed where it was chosen."""

import pytest
from homeassistant.components import assist_pipeline
from homeassistant.components.assist_pipeline.pipeline import async_get_pipeline
from homeassistant.exceptions import HomeAssistantError

from custom_components.stepaudio import chosen_voice
from custom_components.stepaudio.const import VOICES
from simulator import Say, ScriptedBrain, read_tones

from .phone import configure, subentry_of
from .repairing import field
from .sounds import listen, say

AGENT = "conversation.stepaudio"
OWN = "ruyananshi"


async def refuse(hass, entry, voice, **changes):
    """Have the agent asked with a voice that nobody has."""
    await configure(hass, entry, voice="nobody")
    return await voice.ask(await voice.pipeline(**changes), "A question.")


async def test_refused_voice_of_an_agent_is_replaced_in_its_settings(hass, entry, voice, repairs, simulator):
    await refuse(hass, entry, voice)
    issue = await repairs.issue()
    assert issue["translation_placeholders"] == {"entity": AGENT, "voice": "nobody"}
    form = await repairs.begin()
    voices, suggested = field(form, "voice")
    assert suggested == voices[0]
    assert OWN in voices
    assert "nobody" not in voices
    assert "tianmeinvsheng" not in voices  # text-to-speech alone has it
    done = await repairs.answer(form, voice=OWN)
    assert done["type"] == "create_entry"
    assert subentry_of(entry).data["voice"] == OWN
    assert not await repairs.issues()
    simulator.brain = ScriptedBrain(Say("Here I am."))
    answered = await voice.ask(await voice.pipeline(), "A question.")
    assert read_tones(answered.pcm, 24_000) == "Here I am."
    assert simulator.responses[-1].voice == OWN


async def test_voice_that_is_refused_too_is_not_saved(hass, entry, voice, repairs):
    await refuse(hass, entry, voice)
    form = await repairs.answer(await repairs.begin(), voice=" nobody-else ")
    assert (form["type"], form["errors"]) == ("form", {"base": "refused"})
    assert "voice" in form["description_placeholders"]["reason"]
    assert subentry_of(entry).data["voice"] == "nobody"
    assert (await repairs.answer(form, voice=OWN))["type"] == "create_entry"


async def test_voice_that_is_silently_replaced_too_is_not_saved(hass, entry, voice, repairs, simulator):
    simulator.switches = simulator.switches.replace(voice_refusal="downgrade")
    await refuse(hass, entry, voice)
    form = await repairs.answer(await repairs.begin(), voice="nobody-else")
    assert form["errors"] == {"base": "refused"}
    assert (await repairs.answer(form, voice=OWN))["type"] == "create_entry"
    assert subentry_of(entry).data["voice"] == OWN


async def test_refused_voice_of_a_pipeline_is_replaced_in_the_pipeline(hass, entry, voice, engines, repairs, simulator):
    await configure(hass, entry, kind="tts", voice="qinqienvsheng")
    pipeline = await voice.pipeline(tts_voice="nobody")
    other = await voice.pipeline(tts_voice="cixingnansheng")
    await voice.ask(pipeline, "A question.")
    assert (await repairs.issue())["translation_placeholders"]["entity"] == engines["tts"]
    await voice.ask(other, "A question.")  # it works, and is another voice
    assert (await repairs.answer(await repairs.begin(), voice=OWN))["type"] == "create_entry"
    assert async_get_pipeline(hass, pipeline).tts_voice == OWN
    assert async_get_pipeline(hass, other).tts_voice == "cixingnansheng"
    assert subentry_of(entry, "tts").data["voice"] == "qinqienvsheng"
    assert not await repairs.issues()
    await voice.ask(pipeline, "A question.")
    assert simulator.responses[-1].voice == OWN


async def test_voice_of_a_pipeline_may_become_one_of_text_to_speech_alone(hass, voice, engines, repairs, simulator):
    pipeline = await voice.pipeline(tts_voice="nobody")
    await voice.ask(pipeline, "A question.")
    form = await repairs.begin()
    assert "tianmeinvsheng" in field(form, "voice")[0]
    assert (await repairs.answer(form, voice="tianmeinvsheng"))["type"] == "create_entry"
    assert async_get_pipeline(hass, pipeline).tts_voice == "tianmeinvsheng"


async def test_refused_voice_of_text_to_speech_is_replaced_in_its_settings(hass, entry, engines, repairs):
    await configure(hass, entry, kind="tts", voice="nobody")
    with pytest.raises(HomeAssistantError):
        await say(hass, engines["tts"], "Hello.")
    form = await repairs.answer(await repairs.begin(), voice="nobody-else")
    assert form["errors"] == {"base": "refused"}
    assert (await repairs.answer(form, voice=OWN))["type"] == "create_entry"
    assert subentry_of(entry, "tts").data["voice"] == OWN
    assert listen(await say(hass, engines["tts"], "Hello."))[3] == "Hello."
    assert not await repairs.issues()


async def test_refused_voice_that_text_to_speech_has_from_the_agent_is_replaced_in_the_agents_settings(
    hass, entry, engines, repairs
):
    await configure(hass, entry, voice="nobody")
    with pytest.raises(HomeAssistantError):
        await say(hass, engines["tts"], "Hello.")
    await repairs.answer(await repairs.begin(), voice=OWN)
    assert subentry_of(entry).data["voice"] == OWN
    assert "voice" not in subentry_of(entry, "tts").data


def test_refused_voice_that_nobody_chose_is_the_entitys_own(hass, entry, engines):
    for domain in ("conversation", "tts"):
        choice = chosen_voice.async_find(hass, entry, engines[domain], VOICES["custom"][0])
        assert [each.subentry_type for each in choice.subentries] == [domain]


async def test_refused_voice_of_an_action_is_explained(hass, engines, repairs):
    with pytest.raises(HomeAssistantError):
        await say(hass, engines["tts"], "Hello.", voice="nobody")
    form = await repairs.begin()
    assert (form["type"], form["step_id"]) == ("form", "elsewhere")
    assert form["description_placeholders"] == {"entity": engines["tts"], "voice": "nobody"}
    assert (await repairs.answer(form))["type"] == "create_entry"
    assert not await repairs.issues()


async def test_report_of_a_voice_survives_a_reload(hass, entry, voice, repairs):
    await refuse(hass, entry, voice)
    await hass.config_entries.async_reload(entry.entry_id)
    assert await repairs.issues()


@pytest.mark.parametrize("change", ["the settings", "the pipeline"])
async def test_report_of_a_voice_goes_when_it_is_changed(hass, entry, voice, repairs, change):
    if change == "the settings":
        await refuse(hass, entry, voice)
        assert await repairs.issues()
        await configure(hass, entry, voice=OWN)
    else:
        pipeline = await voice.pipeline(tts_voice="nobody")
        await voice.ask(pipeline, "A question.")
        assert await repairs.issues()
        await assist_pipeline.async_update_pipeline(hass, async_get_pipeline(hass, pipeline), tts_voice=OWN)
    assert not await repairs.issues()


async def test_report_of_a_voice_goes_when_it_works_again(hass, entry, voice, repairs, simulator):
    simulator.switches = simulator.switches.replace(region="ai")
    await configure(hass, entry, voice=OWN)  # not there
    pipeline = await voice.pipeline()
    await voice.ask(pipeline, "A question.")
    assert await repairs.issues()
    simulator.switches = simulator.switches.replace(region="com")
    await voice.ask(pipeline, "A question.")
    assert not await repairs.issues()


async def test_voice_that_the_model_replaces_stays_reported_when_text_to_speech_says_something_in_it(
    hass, entry, voice, engines, repairs, simulator
):
    simulator.switches = simulator.switches.replace(voice_refusal="downgrade")
    pipeline = await voice.pipeline(tts_voice="nobody")
    answered = await voice.ask(pipeline, "A question.")
    assert answered.pcm == simulator.responses[-1].audio
    assert (await repairs.issue())["translation_placeholders"]["entity"] == engines["tts"]
    await say(hass, engines["tts"], "Hello.", voice="cixingnansheng")
    assert await repairs.issues()


async def test_issue_of_an_account_that_does_not_run_tells_so(hass, entry, voice, repairs):
    await refuse(hass, entry, voice)
    await hass.config_entries.async_unload(entry.entry_id)
    told = await repairs.begin()
    assert (told["type"], told["reason"]) == ("abort", "entry_not_loaded")
