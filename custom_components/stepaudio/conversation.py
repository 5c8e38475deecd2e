"""The agent: Home Assistant's conversation calls, and the turn that answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Literal, override

import orjson
from homeassistant.components import conversation
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_LLM_HASS_API, CONF_PROMPT, MATCH_ALL
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import chat_session, intent, llm
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.json import json_dumps
from homeassistant.helpers.start import async_at_started

from . import StepAudioConfigEntry, assist
from .client.errors import ClosedError, StepAudioError, TooManyRoundsError
from .client.turn import Answer, CallResult, Turn
from .const import (
    CONF_EARLY_ANSWER,
    CONF_REGION,
    CONF_TURNS_KEPT,
    CONF_VOICE,
    DEFAULT_EARLY_ANSWER,
    DEFAULT_PROMPT,
    DEFAULT_TURNS_KEPT,
    DOMAIN,
    MAX_TOOL_ROUNDS,
    SUBENTRY_AGENT,
    VOICES,
)
from .entity import StepAudioEntity, async_sentence
from .prompt import Prompt, build_prompt, history

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
            self.client.keep_spares((await self._async_prompt(user_input, log, None, speaks=True)).config)

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
        prompt = await self._async_prompt(user_input, scratch, run, speaks=self._speaks(run))
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
        try:
            prompt = await self._async_prompt(user_input, chat_log, run, speaks=self._speaks(run))
        except conversation.ConverseError as error:
            return error.as_conversation_result()
        try:
            spoken = self._claim(user_input, chat_log, prompt)
        except StepAudioError as error:
            return await self._async_refuse(user_input, chat_log, error)
        try:
            await self._async_answer(chat_log, spoken.turn, prompt)
        except StepAudioError as error:
            result = await self._async_refuse(user_input, chat_log, error)
            spoken.failure = result.response.speech["plain"]["speech"]
            spoken.turn.fail(error)
            return result
        finally:
            spoken.turn.close()
        return conversation.async_get_result_from_chat_log(user_input, chat_log)

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

    def _speaks(self, run: assist.Run | None) -> bool:
        """Whether a voice of this account speaks the answer; when it is not known, words alone (design.md 2.5)."""
        return (
            run is not None and run.speaks and assist.async_belongs_to(self.hass, run.tts_engine, self.entry.entry_id)
        )

    async def _async_prompt(
        self,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
        run: assist.Run | None,
        *,
        speaks: bool,
    ) -> Prompt:
        """Render instructions and tools into `chat_log` and return them as the model gets them."""
        await chat_log.async_provide_llm_data(
            user_input.as_llm_context(DOMAIN),
            self.subentry.data.get(CONF_LLM_HASS_API),
            self.subentry.data.get(CONF_PROMPT) or DEFAULT_PROMPT,
            user_input.extra_system_prompt,
        )
        voice = (run.voice if run is not None and speaks else None) or self._own_voice
        return build_prompt(chat_log, language=user_input.language, voice=voice, with_voice=speaks)

    @property
    def _own_voice(self) -> str:
        voice: str | None = self.subentry.data.get(CONF_VOICE)
        return voice or VOICES[self.entry.data[CONF_REGION]][0]

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
        spoken.turn.claimed = True
        spoken.voice = prompt.config.voice if prompt.config.with_voice else ""
        return spoken

    async def _async_answer(self, chat_log: conversation.ChatLog, turn: Turn, prompt: Prompt) -> None:
        """Stream the words of the answer into the chat log, which runs the tools, until nothing is left to do."""
        config = prompt.config
        if turn.answers and prompt.says_the_same_as(turn.answers[-1].config):
            config = turn.answers[-1].config
        if config.with_voice:
            assist.async_start_voice_early(chat_log)
        rounds = 0
        while rounds < MAX_TOOL_ROUNDS:
            answer = turn.ask(config)
            results: list[CallResult] = []
            async for content in chat_log.async_add_delta_content_stream(
                self.entity_id, _deltas(answer, prompt.tool_names)
            ):
                if isinstance(content, conversation.ToolResultContent):
                    call = next(call for call in answer.calls if call.call_id == content.tool_call_id)
                    results.append(CallResult(call, json_dumps(content.result.data)))
            if answer.status == "broken":
                continue  # the connection was lost in the middle of it; the session counts how often
            if answer.status == "cancelled" and not answer.words:
                raise ClosedError
            if not results:
                return
            turn.give_results(results)
            rounds += 1
        raise TooManyRoundsError


async def _deltas(answer: Answer, tool_names: dict[str, str]) -> AsyncIterator[conversation.AssistantContentDeltaDict]:
    """Yield an answer as the chat log takes it. Function calls wait for the end: then the words are complete."""
    yield {"role": "assistant"}
    async for part in answer.parts:
        if isinstance(part, str):
            yield {"content": part}
    if answer.calls and answer.status == "completed":
        yield {
            "tool_calls": [
                llm.ToolInput(
                    tool_name=tool_names.get(call.name, call.name),
                    tool_args=_arguments(call.arguments),
                    id=call.call_id,
                )
                for call in answer.calls
            ]
        }


def _arguments(text: str) -> dict[str, object]:
    """Return the arguments of a call; what is no object is none, and the tool's schema will say what is missing."""
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return arguments if isinstance(arguments, dict) else {}
