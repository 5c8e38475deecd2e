"""Another integration with three engines of its own."""

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


async def set_up_others(hass):
    """Set the other integration up and return its entities' ids by domain."""
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
    return {domain: entity.entity_id for domain, entity in entities.items()}
