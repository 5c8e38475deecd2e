"""Whether an answer that was started early is as good as the one that is asked for."""

from dataclasses import replace

from custom_components.stepaudio.client.events import SessionConfig, Tool
from custom_components.stepaudio.prompt import Prompt

CONFIG = SessionConfig("Current time is 16:20:07. Be brief.", "elegantgentle-female", (Tool("a", "", {}),))
PROMPT = Prompt(CONFIG, {})


def test_prompt_that_differs_by_seconds_says_the_same():
    assert PROMPT.says_the_same_as(replace(CONFIG, instructions="Current time is 16:20:11. Be brief."))


def test_prompt_of_another_room_voice_or_tool_does_not_say_the_same():
    assert not PROMPT.says_the_same_as(
        replace(CONFIG, instructions="Current time is 16:20:07. You are in the kitchen.")
    )
    assert not PROMPT.says_the_same_as(replace(CONFIG, voice="ruyananshi"))
    assert not PROMPT.says_the_same_as(replace(CONFIG, tools=()))
    assert not PROMPT.says_the_same_as(replace(CONFIG, with_voice=False))
