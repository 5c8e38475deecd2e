"""What makes an agent a persona reaches the model."""

import pytest

from custom_components.stepaudio.const import DEFAULT_PROMPT
from simulator import Say, ScriptedBrain

from .phone import add_agent, configure, type_to, words_of


@pytest.fixture
async def told(hass, hass_client, entry, engines, simulator):
    """Return what the model is told under given options."""
    client = await hass_client()

    async def told(language="en", **options):
        simulator.brain = ScriptedBrain(Say("Indeed."))
        await configure(hass, entry, **options)
        assert words_of(await type_to(client, engines["conversation"], "Who are you?", language=language)) == "Indeed."
        return simulator.brain.prompts[-1]

    return told


async def test_persona_is_told_its_template_scene_and_tone(told):
    prompt = await told(prompt="You are {{ 1 + 1 }} owls.", scene="A barn at night.", tone="Hooting {{ softly }}")
    assert "You are 2 owls." in prompt.instructions
    assert "The scene: A barn at night." in prompt.instructions
    assert "Your tone of voice: Hooting {{ softly }}" in prompt.instructions


async def test_persona_without_instructions_has_those_of_every_home(told):
    assert DEFAULT_PROMPT in (await told(prompt="")).instructions


async def test_persona_without_scene_and_tone_is_told_of_none(told):
    prompt = await told(scene=" ")
    assert "scene" not in prompt.instructions
    assert "tone of voice" not in prompt.instructions


@pytest.mark.parametrize(
    ("language", "option", "said", "unsaid"),
    [
        ("en", "as_spoken", "Always answer in English. Only if the user speaks Chinese", ""),
        ("zh-CN", "as_spoken", "Only if the user speaks English", "Always answer in English."),
        ("de", "as_spoken", "in the language that the user speaks", "Always answer in English."),
        ("zh-CN", "english", "Always answer in English.", "Chinese"),
        ("en", "chinese", "Always answer in Chinese (Mandarin)", "Only if"),
    ],
)
async def test_persona_is_told_in_which_language_to_answer(told, language, option, said, unsaid):
    instructions = (await told(language, answer_language=option)).instructions
    assert said in instructions
    assert not unsaid or unsaid not in instructions


async def test_persona_that_may_search_the_web_has_the_services_own_search(told):
    assert {"type": "web_search"} in (await told(web_search=True)).tools
    assert {"type": "web_search"} not in (await told(web_search=False)).tools


async def test_persona_with_a_voice_of_its_own_speaks_with_it(hass, entry, voice, simulator):
    await configure(hass, entry, voice="ruyananshi")
    simulator.brain = ScriptedBrain(Say("This is me."))
    await voice.ask(await voice.pipeline(), "Is that you?")
    assert simulator.responses[-1].voice == "ruyananshi"


async def test_personas_of_one_account_share_a_conversation_and_nothing_else(hass, hass_client, entry, simulator):
    owl = await add_agent(hass, entry, "Owl", prompt="You are an owl.")
    cat = await add_agent(hass, entry, "Cat", prompt="You are a cat.", scene="On the roof.")
    client = await hass_client()
    simulator.brain = ScriptedBrain(Say("Hoo."), Say("Meow."))
    first = await type_to(client, owl, "Who are you?")
    await type_to(client, cat, "And who are you?", conversation_id=first["conversation_id"])
    told, told_next = simulator.brain.prompts
    assert "You are an owl." in told.instructions
    assert "You are a cat." in told_next.instructions
    assert "On the roof." in told_next.instructions
    assert "owl" not in told_next.instructions
    assert [item.text for item in told_next.items] == ["Who are you?", "Hoo.", "And who are you?"]


async def test_personas_of_one_account_speak_each_with_a_voice_of_its_own(hass, entry, voice, simulator):
    agents = [await add_agent(hass, entry, name, voice=name) for name in ("ruyananshi", "cixingnansheng")]
    for agent in agents:
        answered = await voice.ask(await voice.pipeline(conversation_engine=agent), "Is that you, my friend?")
        assert answered.pcm == simulator.responses[-1].audio
    assert [response.voice for response in simulator.responses] == ["ruyananshi", "cixingnansheng"]


async def test_what_a_satellite_adds_to_the_instructions_is_told(voice, simulator):
    simulator.brain = ScriptedBrain(Say("Too early."), Say("Then I will close it."))
    added = "The user was asked whether to close the garage."
    pipeline = await voice.pipeline()
    answered = await voice.ask(pipeline, "Yes, please do that.", conversation_extra_system_prompt=added)
    assert answered.reply == "Then I will close it."
    assert added in simulator.responses[-1].instructions
    assert answered.pcm == simulator.responses[-1].audio
