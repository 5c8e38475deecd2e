"""AI tasks: data that automations ask for, in words or in a given shape."""

from __future__ import annotations

from typing import override

from homeassistant.components import ai_task, conversation
from homeassistant.const import CONF_PROMPT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import StepAudioConfigEntry, structure
from .answer import async_answer
from .client.errors import StepAudioError
from .client.session import Session
from .const import CONF_REGION, CONF_WEB_SEARCH, DOMAIN, SUBENTRY_TASK, VOICES
from .entity import StepAudioEntity, translated
from .prompt import Persona, Prompt, build_prompt, history

PARALLEL_UPDATES = 0
_TRIES = 2
"""How often the model may answer with something that does not fit."""


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the AI tasks of an account."""
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_TASK:
            async_add_entities([StepAudioTask(entry, subentry)], config_subentry_id=subentry.subentry_id)


class StepAudioTask(StepAudioEntity, ai_task.AITaskEntity):
    """Generates data with words alone."""

    _attr_supported_features = ai_task.AITaskEntityFeature.GENERATE_DATA

    @override
    async def _async_generate_data(
        self, task: ai_task.GenDataTask, chat_log: conversation.ChatLog
    ) -> ai_task.GenDataTaskResult:
        """Have the model do a task, in a session of the task's own."""
        prompt = self._prompt(task, chat_log)
        key = f"{SUBENTRY_TASK}-{chat_log.conversation_id}"
        try:
            session = self.client.session(key, warm=False)
            data = await self._async_data(session, task, chat_log, prompt)
        except StepAudioError as error:
            raise translated(error, HomeAssistantError) from error
        finally:
            self.client.end_session(key)
        return ai_task.GenDataTaskResult(chat_log.conversation_id, data)

    def _prompt(self, task: ai_task.GenDataTask, chat_log: conversation.ChatLog) -> Prompt:
        lines = [self.subentry.data.get(CONF_PROMPT, "")]
        if task.structure is not None:
            api = chat_log.llm_api
            serializer = api.custom_serializer if api is not None else llm.selector_serializer
            lines.append(structure.instruction(task.structure, serializer))
        persona = Persona(answer_language="", web_search=self.subentry.data.get(CONF_WEB_SEARCH, False))
        # No voice will be heard, but the service wants one that it knows.
        voice = VOICES[self.entry.data[CONF_REGION]][0]
        return build_prompt(chat_log, persona, language="", voice=voice, with_voice=False, more=lines)

    async def _async_data(
        self, session: Session, task: ai_task.GenDataTask, chat_log: conversation.ChatLog, prompt: Prompt
    ) -> object:
        """Return what the task asks for; an answer that does not fit is given back once."""
        question = task.instructions
        for _ in range(_TRIES):
            words = await self._async_words(session, question, chat_log, prompt)
            if task.structure is None:
                return words
            try:
                return structure.read(words, task.structure)
            except structure.DoesNotFitError as error:
                question = structure.correction(error)
            chat_log.async_add_user_content(conversation.UserContent(question))
        # Not chained to its cause: what the model said stays out of the log.
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="does_not_fit")

    async def _async_words(
        self, session: Session, question: str, chat_log: conversation.ChatLog, prompt: Prompt
    ) -> str:
        """Return the answer to the question with which the log ends."""
        turn = session.say(question, prompt.config, history(chat_log.content[1:-1]))
        try:
            await async_answer(chat_log, self.entity_id, turn, prompt)
        except StepAudioError as error:
            turn.fail(error)
            raise
        finally:
            turn.close()
        return turn.answers[-1].words
