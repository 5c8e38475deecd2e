"""The agent: Home Assistant's conversation calls, and the turn that answers them."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal, override

from homeassistant.components import conversation
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_LLM_HASS_API, CONF_PROMPT, MATCH_ALL
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import chat_session, intent
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.start import async_at_started

from . import StepAudioConfigEntry, assist, chosen_voice, follow_up
from .answer import async_answer, refuse_attachments
from .client.errors import StepAudioError, VoiceError
from .const import (
    CONF_EARLY_ANSWER,
    CONF_FOLLOW_UP,
    CONF_REGION,
    CONF_TURNS_KEPT,
    CONF_VOICE,
    DEFAULT_EARLY_ANSWER,
    DEFAULT_PROMPT,
    DEFAULT_SPEECH_MODEL,
    DEFAULT_TURNS_KEPT,
    DOMAIN,
    FOLLOW_UP_AUTOMATIC,
    SPEECH_ONLY_VOICES,
    SUBENTRY_AGENT,
)
from .entity import StepAudioEntity, async_sentence
from .prompt import Persona, Prompt, build_prompt, history

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the agents of an account."""
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_AGENT:
            async_add_entities([StepAudioAgent(entry, subentry)], config_subentry_id=subentry.subentry_id)


class StepAudioAgent(StepAudioEntity, conversation.ConversationEntity):
    """A persona of the model."""

    _attr_supports_streaming = True

    def __init__(self, entry: StepAudioConfigEntry, subentry: ConfigSubentry) -> None:
        """Tell Home Assistant whether this agent may control the home."""
        super().__init__(entry, subentry)
        if subentry.data.get(CONF_LLM_HASS_API):
            self._attr_supported_features = conversation.ConversationEntityFeature.CONTROL

    @property
    @override
    def supported_languages(self) -> list[str] | Literal["*"]:
        """The model answers in Chinese or English whatever it is asked in."""
        return MATCH_ALL

    @override
    async def async_added_to_hass(self) -> None:
        """Keep a session warm from the start, so that the first turn pays no connect."""
        await super().async_added_to_hass()
        self.async_on_remove(async_at_started(self.hass, self._async_warm_up))

    async def _async_warm_up(self, hass: HomeAssistant) -> None:
        user_input = self._input_ahead(None, None, hass.config.language, None)
        log = conversation.ChatLog(hass, f"{DOMAIN}-warm-{self.entity_id}")
        with suppress(conversation.ConverseError):
            self.client.keep_spares((await self._async_prompt(user_input, log, self._own_voice)).config)

    @override
    async def async_prepare(self, language: str | None = None) -> None:
        """Configure the model's session while the user is still speaking."""
        run = assist.async_current_run(self.hass)
        if run is None or run.agent != self.entity_id:
            return
        session = assist.async_session(self.client, run.conversation_id)
        user_id = getattr(chat_session.current_session.get(), "user_id", None)
        user_input = self._input_ahead(
            run.conversation_id, run.satellite_id, run.language, user_id if isinstance(user_id, str) else None
        )
        # Not under the conversation's own id: whoever follows the chat logs must not see this one.
        scratch = conversation.ChatLog(self.hass, f"{DOMAIN}-prepare-{run.conversation_id}")
        voice = self._voice_of(run)
        prompt = await self._async_prompt(user_input, scratch, voice)
        if voice and not prompt.config.with_voice:
            self.client.prepare_speech(DEFAULT_SPEECH_MODEL)
        session.turns_kept = self.subentry.data.get(CONF_TURNS_KEPT, DEFAULT_TURNS_KEPT)
        session.prepare(
            prompt.config,
            history(assist.async_logged_content(self.hass, run.conversation_id)[1:]),
            early=self.subentry.data.get(CONF_EARLY_ANSWER, DEFAULT_EARLY_ANSWER),
        )
        self.client.keep_spares(prompt.config)

    @override
    async def _async_handle_message(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog
    ) -> conversation.ConversationResult:
        """Answer the user: with the answer already under way if it fits, else with one asked for now."""
        run = assist.async_current_run(self.hass)
        voice = self._voice_of(run)
        if voice:
            assist.async_speak_in(chat_log, voice)
        try:
            prompt = await self._async_prompt(user_input, chat_log, voice)
        except conversation.ConverseError as error:
            return error.as_conversation_result()
        try:
            refuse_attachments(chat_log)
            spoken = self._claim(user_input, chat_log, prompt)
        except StepAudioError as error:
            return await self._async_refuse(user_input, chat_log, error)
        try:
            listen_again = await async_answer(chat_log, self.entity_id, spoken.turn, prompt)
        except StepAudioError as error:
            if isinstance(error, VoiceError):
                self._report_voice(run, prompt.config.voice)
            result = await self._async_refuse(user_input, chat_log, error)
            spoken.failure = result.response.speech["plain"]["speech"]
            spoken.turn.fail(error)
            return result
        finally:
            spoken.turn.close()
        given = spoken.turn.answers[-1].voice
        if prompt.config.with_voice and given and given != prompt.config.voice:
            self._report_voice(run, prompt.config.voice)
        elif prompt.config.voice == self._own_voice:
            chosen_voice.async_take_back(self.hass, self.entry, self.entity_id, prompt.config.voice, by="model")
        result = conversation.async_get_result_from_chat_log(user_input, chat_log)
        result.continue_conversation = follow_up.listens(
            self.subentry.data.get(CONF_FOLLOW_UP, FOLLOW_UP_AUTOMATIC),
            result.response.speech["plain"]["speech"],
            decision=listen_again,
        )
        return result

    def _report_voice(self, run: assist.Run | None, voice: str) -> None:
        """Report a refused voice: for this agent, or for text-to-speech if it or the pipeline has named it."""
        namer = run.tts_engine if run is not None and voice != self._own_voice else None
        chosen_voice.async_report(self.hass, self.entry, namer or self.entity_id, voice, by="model")

    async def _async_refuse(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog, error: StepAudioError
    ) -> conversation.ConversationResult:
        """Answer with the reason why there is no answer."""
        sentence = await async_sentence(self.hass, error)
        chat_log.async_add_assistant_content_without_tools(conversation.AssistantContent(self.entity_id, sentence))
        response = intent.IntentResponse(language=user_input.language)
        response.async_set_error(intent.IntentResponseErrorCode.UNKNOWN, sentence)
        return conversation.ConversationResult(response, chat_log.conversation_id)

    def _input_ahead(
        self, conversation_id: str | None, satellite_id: str | None, language: str, user_id: str | None
    ) -> conversation.ConversationInput:
        """Return what the agent will be called with, as far as it can be told before the words are there."""
        return conversation.ConversationInput(
            text="",
            context=Context(user_id=user_id),
            conversation_id=conversation_id,
            device_id=assist.async_device_id(self.hass, satellite_id),
            satellite_id=satellite_id,
            language=language,
            agent_id=self.entity_id,
        )

    def _voice_of(self, run: assist.Run | None) -> str:
        """Return the voice in which the answer is spoken; empty if no voice of this account does, or it is not known.

        The pipeline's wins, then the agent's own, then that of text-to-speech.
        """
        if run is None or not run.speaks or not assist.async_belongs_to(self.hass, run.tts_engine, self.entry.entry_id):
            return ""
        return run.voice or self.subentry.data.get(CONF_VOICE) or run.other_voice or self._own_voice

    async def _async_prompt(
        self,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
        voice: str,
    ) -> Prompt:
        """Render instructions and tools into `chat_log` and return them as the model gets them.

        Without a voice, and where only text-to-speech has it, words alone are asked for (design.md 2.5).
        """
        await chat_log.async_provide_llm_data(
            user_input.as_llm_context(DOMAIN),
            self.subentry.data.get(CONF_LLM_HASS_API),
            self.subentry.data.get(CONF_PROMPT) or DEFAULT_PROMPT,
            user_input.extra_system_prompt,
        )
        speaks = bool(voice) and voice not in self._speech_only
        return build_prompt(
            chat_log,
            Persona.from_options(self.subentry.data),
            language=user_input.language,
            voice=voice if speaks else self._own_voice,
            with_voice=speaks,
        )

    @property
    def _speech_only(self) -> tuple[str, ...]:
        return SPEECH_ONLY_VOICES[self.entry.data[CONF_REGION]]

    @property
    def _own_voice(self) -> str:
        return chosen_voice.voice_of_agent(self.entry, self.subentry)

    def _claim(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog, prompt: Prompt
    ) -> assist.SpokenTurn:
        """Return the turn that the user spoke in this run, or a typed one."""
        conversation_id = chat_log.conversation_id
        spoken = assist.current_turn.get()
        if (
            spoken is not None
            and spoken.conversation_id == conversation_id
            and not spoken.turn.claimed
            and spoken.text == user_input.text
        ):
            pass
        else:
            session = assist.async_session(self.client, conversation_id)
            turn = session.say(user_input.text, prompt.config, history(chat_log.content[1:-1]))
            spoken = assist.SpokenTurn(conversation_id, turn, user_input.text)
            assist.current_turn.set(spoken)
        self.coordinator.underway.async_note(conversation_id, user_input)
        spoken.turn.claimed = True
        spoken.voice = prompt.config.voice if prompt.config.with_voice else ""
        return spoken
