"""Pipelines in which only some of the three engines are ours."""

import pytest
from homeassistant.components import conversation, stt, tts
from homeassistant.components.tts.entity import TTSAudioResponse
from homeassistant.config_entries import ConfigFlow
from homeassistant.helpers import intent
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from simulator import Say, ScriptedBrain


class ForeignEars(stt.SpeechToTextEntity):
    """Another engine's ears: they always hear the same."""

    _attr_name = "Foreign ears"
    supported_languages = ["en-US"]
    supported_formats = [stt.AudioFormats.WAV]
    supported_codecs = [stt.AudioCodecs.PCM]
    supported_bit_rates = [stt.AudioBitRates.BITRATE_16]
    supported_sample_rates = [stt.AudioSampleRates.SAMPLERATE_16000]
    supported_channels = [stt.AudioChannels.CHANNEL_MONO]

    async def async_process_audio_stream(self, metadata, stream):
        async for _ in stream:
            pass
        return stt.SpeechResult("Heard by others.", stt.SpeechResultState.SUCCESS)


class ForeignAgent(conversation.ConversationEntity):
    """Another agent: it repeats."""

    _attr_name = "Foreign agent"
    supported_languages = "*"

    async def _async_handle_message(self, user_input, chat_log):
        chat_log.async_add_assistant_content_without_tools(
            conversation.AssistantContent(self.entity_id, f"Others say: {user_input.text}")
        )
        response = intent.IntentResponse(user_input.language)
        response.async_set_speech(f"Others say: {user_input.text}")
        return conversation.ConversationResult(response, chat_log.conversation_id)


class ForeignVoice(tts.TextToSpeechEntity):
    """Another engine's voice: its audio is the text."""

    _attr_name = "Foreign voice"
    _attr_supported_languages = ["en-US"]
    _attr_default_language = "en-US"

    async def async_stream_tts_audio(self, request):
        async def data():
            async for piece in request.message_gen:
                yield piece.replace("\u200b", "").encode()

        return TTSAudioResponse("wav", data())


@pytest.fixture
async def others(hass, house):
    """Return the ids of another integration's three engines."""
    entities = {"stt": ForeignEars(), "conversation": ForeignAgent(), "tts": ForeignVoice()}

    async def async_setup_entry(hass, entry):
        await hass.config_entries.async_forward_entry_setups(entry, list(entities))
        return True

    async def async_unload_entry(hass, entry):
        return await hass.config_entries.async_unload_platforms(entry, list(entities))

    mock_integration(
        hass, MockModule("others", async_setup_entry=async_setup_entry, async_unload_entry=async_unload_entry)
    )
    mock_platform(hass, "others.config_flow", None)
    for domain, entity in entities.items():

        async def async_setup_platform(hass, entry, async_add_entities, entity=entity):
            async_add_entities([entity])

        mock_platform(hass, f"others.{domain}", MockPlatform(async_setup_entry=async_setup_platform))
    account = MockConfigEntry(domain="others")
    account.add_to_hass(hass)
    with mock_config_flow("others", ConfigFlow):
        assert await hass.config_entries.async_setup(account.entry_id)
        await hass.async_block_till_done()
        yield {domain: entity.entity_id for domain, entity in entities.items()}


def paths(simulator):
    """Return the websockets that were opened."""
    return [upgrade.path for upgrade in simulator.upgrades]


async def test_ears_alone_give_the_transcript_and_ask_for_no_answer(hass, voice, simulator, entry, others):
    pipeline = await voice.pipeline(conversation_engine=others["conversation"], tts_engine=others["tts"])
    answered = await voice.ask(pipeline, "Hear me only.")
    assert answered.transcript == "Hear me only."
    assert answered.reply == "Others say: Hear me only."
    assert not simulator.responses
    await hass.config_entries.async_unload(entry.entry_id)
    assert not simulator.connections


async def test_agent_alone_answers_in_words(voice, simulator, others):
    simulator.brain = ScriptedBrain(Say("Only words."))
    pipeline = await voice.pipeline(stt_engine=others["stt"], tts_engine=others["tts"])
    answered = await voice.ask(pipeline, "ignored")
    assert answered.reply == "Only words."
    assert answered.audio == b"Only words."
    assert [response.kind for response in simulator.responses] == ["words"]
    assert simulator.brain.prompts[0].user_words() == ["Heard by others."]


async def test_voice_alone_speaks_the_text_through_the_speech_socket(voice, simulator, others):
    pipeline = await voice.pipeline(stt_engine=others["stt"], conversation_engine=others["conversation"])
    answered = await voice.ask(pipeline, "ignored")
    assert answered.reply == "Others say: Heard by others."
    assert paths(simulator) == ["/v1/realtime/audio"]
    (spoken,) = simulator.responses
    assert (spoken.kind, spoken.text) == ("speech", "Others say: Heard by others.")
    assert answered.pcm == spoken.audio


async def test_agent_and_voice_with_foreign_ears_answer_with_the_models_own_voice(voice, simulator, others):
    simulator.brain = ScriptedBrain(Say("By my own voice."))
    answered = await voice.ask(await voice.pipeline(stt_engine=others["stt"]), "ignored")
    assert answered.reply == "By my own voice."
    (response,) = simulator.responses
    assert response.kind == "voice"
    assert answered.pcm == response.audio
    assert paths(simulator) == ["/v1/realtime"]


async def test_ears_and_agent_with_a_foreign_voice_ask_for_words_alone(voice, simulator, others):
    simulator.brain = ScriptedBrain(Say("For another voice."))
    pipeline = await voice.pipeline(tts_engine=others["tts"])
    answered = await voice.ask(pipeline, "Do you hear me?")
    assert answered.transcript == "Do you hear me?"
    assert answered.audio == b"For another voice."
    assert [response.kind for response in simulator.responses] == ["words"]


async def test_ears_and_voice_with_a_foreign_agent_synthesise_its_text(voice, simulator, others):
    pipeline = await voice.pipeline(conversation_engine=others["conversation"])
    answered = await voice.ask(pipeline, "Say it to everybody.")
    assert answered.reply == "Others say: Say it to everybody."
    assert answered.pcm == simulator.responses[-1].audio
    assert [response.kind for response in simulator.responses] == ["speech"]
