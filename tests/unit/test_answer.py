"""An answer on its way into the chat log."""

import pytest

from custom_components.stepaudio.answer import _arguments, _deltas
from custom_components.stepaudio.client.events import SessionConfig
from custom_components.stepaudio.client.turn import Anew, Answer, Call
from custom_components.stepaudio.prompt import Prompt

CONFIG = SessionConfig("Be brief.", "jingdiannvsheng")


def answer_of(*parts, status="completed"):
    """Return an answer that has ended."""
    answer = Answer(CONFIG, status=status)
    for part in parts:
        answer.parts.push(part)
    answer.parts.end()
    return answer


async def deltas(answer, names=None):
    """Return what the chat log is given, the calls as name and arguments."""
    given = [delta async for delta in _deltas(answer, Prompt(CONFIG, names or {}))]
    calls = [(call.tool_name, call.tool_args) for delta in given for call in delta.pop("tool_calls", ())]
    return [*filter(None, given), *calls]


async def test_answer_that_begins_anew_in_other_words_is_a_message_of_its_own():
    assert await deltas(answer_of("It is", Anew(), "The time is nine.")) == [
        {"role": "assistant"},
        {"content": "It is"},
        {"role": "assistant"},
        {"content": "The time is nine."},
    ]


async def test_calls_come_last_and_under_home_assistants_names():
    answer = answer_of(Call("1", "light_on", '{"name": "Lamp"}'), "One moment.")
    assert await deltas(answer, {"light_on": "light.on"}) == [
        {"role": "assistant"},
        {"content": "One moment."},
        ("light.on", {"name": "Lamp"}),
    ]


async def test_calls_of_an_answer_that_broke_off_are_not_made():
    answer = answer_of("One mom", Call("1", "light_on", "{"), status="cancelled")
    assert await deltas(answer) == [{"role": "assistant"}, {"content": "One mom"}]


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[1]", "null", '"name"'])
def test_arguments_that_are_no_object_are_none(text):
    assert _arguments(text) == {}
