"""Whose voice is heard in a turn."""

from homeassistant.helpers import issue_registry as ir

from custom_components.stepaudio.const import DOMAIN
from simulator import Say, ScriptedBrain, read_tones


async def test_voice_that_belongs_to_text_to_speech_alone_speaks_the_models_words(voice, simulator):
    simulator.brain = ScriptedBrain(Say("The answer is here."))
    answered = await voice.ask(await voice.pipeline(tts_voice="tianmeinvsheng"), "A question.")
    assert answered.reply == "The answer is here."
    assert read_tones(answered.pcm, 24_000) == "The answer is here."
    assert [(response.kind, response.voice) for response in simulator.responses][-1] == ("speech", "tianmeinvsheng")
    assert "voice" not in {response.kind for response in simulator.responses}


async def test_voice_that_the_model_refuses_is_told_in_another_and_becomes_an_issue(hass, voice, engines, simulator):
    answered = await voice.ask(await voice.pipeline(tts_voice="nobody"), "A question.")
    assert "voice" in answered.reply
    assert read_tones(answered.pcm, 24_000) == answered.reply
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.domain, issue.translation_key) == (DOMAIN, "voice_refused")
    assert issue.translation_placeholders == {"entity": engines["tts"], "voice": "nobody"}
    simulator.brain = ScriptedBrain(Say("Now it works."))
    answered = await voice.ask(await voice.pipeline(), "A question.")
    assert read_tones(answered.pcm, 24_000) == "Now it works."
    assert not ir.async_get(hass).issues
