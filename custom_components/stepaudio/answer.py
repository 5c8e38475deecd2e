"""The words of an answer on their way into Home Assistant's chat log, tool rounds included."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from homeassistant.components import conversation
from homeassistant.helpers import llm
from homeassistant.helpers.json import json_dumps

from . import assist
from .client.errors import ClosedError, StepAudioError, TooManyRoundsError
from .client.turn import Anew, Answer, CallResult, Turn
from .const import MAX_TOOL_ROUNDS
from .follow_up import LISTEN_AGAIN
from .prompt import Prompt

_DONE = '{"success":true}'
_UNKNOWN = '{"error":"There is no such tool."}'


class AttachmentsError(StepAudioError):
    """The service takes words and speech, and nothing else."""

    key = "attachments"


def refuse_attachments(chat_log: conversation.ChatLog) -> None:
    """Raise `AttachmentsError` if the user's message has any."""
    question = chat_log.content[-1]
    if isinstance(question, conversation.UserContent) and question.attachments:
        raise AttachmentsError


async def async_answer(chat_log: conversation.ChatLog, agent_id: str, turn: Turn, prompt: Prompt) -> bool | None:
    """Stream an answer into the chat log, which runs the tools, until nothing is left to do.

    Returns whether the model wants to listen again, None if it did not say.
    """
    config = prompt.config
    if turn.answers and prompt.says_the_same_as(turn.answers[-1].config):
        config = turn.answers[-1].config
    if config.with_voice:
        assist.async_start_voice_early(chat_log)
    listen_again: bool | None = None
    rounds = 0
    while rounds < MAX_TOOL_ROUNDS:
        answer = turn.ask(config)
        results: list[CallResult] = []
        results_of_ours: list[CallResult] = []
        async for content in chat_log.async_add_delta_content_stream(agent_id, _deltas(answer, prompt)):
            if isinstance(content, conversation.ToolResultContent):
                call = next(call for call in answer.calls if call.call_id == content.tool_call_id)
                results.append(CallResult(call, json_dumps(content.result.data)))
        _trace(chat_log, answer)
        if answer.status == "cancelled" and not answer.words:
            raise ClosedError
        ours = [call for call in answer.calls if prompt.is_ours(call)] if answer.status == "completed" else []
        for call in ours:
            known = call.name == LISTEN_AGAIN.name
            wish = _arguments(call.arguments).get("listen") if known else None
            listen_again = wish if isinstance(wish, bool) else listen_again
            results_of_ours.append(CallResult(call, _DONE if known else _UNKNOWN, logged=False))
        turn.give_results([*results, *results_of_ours])
        if not results and (answer.words or not ours):
            return listen_again
        rounds += 1
    raise TooManyRoundsError


def _trace(chat_log: conversation.ChatLog, answer: Answer) -> None:
    """Tell the conversation's trace what an answer cost, in the terms of Home Assistant's own agents."""
    if answer.usage is not None:
        usage = answer.usage
        stats = {
            "input_tokens": usage.input_tokens,
            "cached_input_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
        }
        chat_log.async_trace({"stats": stats})


async def _deltas(answer: Answer, prompt: Prompt) -> AsyncIterator[conversation.AssistantContentDeltaDict]:
    """Yield an answer as the chat log takes it. Function calls wait for the end: then the words are complete."""
    yield {"role": "assistant"}
    async for part in answer.parts:
        if isinstance(part, str):
            yield {"content": part}
        elif isinstance(part, Anew):
            yield {"role": "assistant"}  # the connection was lost, and the model answers in other words
    calls = [call for call in answer.calls if not prompt.is_ours(call)]
    if calls and answer.status == "completed":
        yield {
            "tool_calls": [
                llm.ToolInput(
                    tool_name=prompt.tool_names.get(call.name, call.name),
                    tool_args=_arguments(call.arguments),
                    id=call.call_id,
                )
                for call in calls
            ]
        }


def _arguments(text: str) -> dict[str, object]:
    """Return the arguments of a call; what is no object is none, and the tool's schema will say what is missing."""
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return arguments if isinstance(arguments, dict) else {}
