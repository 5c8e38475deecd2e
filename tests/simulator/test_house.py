"""The brain that knows its way about a house."""

import json
import re

import pytest

from simulator import Call, HouseBrain, Item, Prompt, Say

OVERVIEW = """You are a voice assistant for Home Assistant.
Static Context: An overview of the areas and the devices in this smart home:
- names: Kitchen Light, Spot
  domain: light
  areas: Kitchen
- names: Bedroom Lamp
  domain: light
  areas: Bedroom
- names: 客厅灯
  domain: light
  areas: 客厅
- names: Blinds
  domain: cover
  areas: Bedroom
"""
PROPERTIES = {"name": {"type": "string"}, "area": {"type": "string"}, "domain": {"type": "array"}}


def tool(name, properties=PROPERTIES):
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}


TOOLS = [tool("intent__HassTurnOn"), tool("intent__HassTurnOff"), tool("live__GetLiveContext", {})]


def user(text):
    return Item("message", role="user", text=text)


def step(*items, tools=TOOLS):
    [found] = HouseBrain().answer(Prompt(OVERVIEW, items, tools))
    return found


@pytest.mark.parametrize(
    ("heard", "call"),
    [
        (
            "Turn on the kitchen light, please.",
            Call("intent__HassTurnOn", {"name": "Kitchen Light", "area": "Kitchen"}),
        ),
        ("Switch the bedroom lamp off.", Call("intent__HassTurnOff", {"name": "Bedroom Lamp", "area": "Bedroom"})),
        ("turn on the light in the kitchen", Call("intent__HassTurnOn", {"name": "Kitchen Light", "area": "Kitchen"})),
        ("Turn the spot on.", Call("intent__HassTurnOn", {"name": "Kitchen Light"})),
        (
            "Turn off all lights in the bedroom.",
            Call("intent__HassTurnOff", {"name": "Bedroom Lamp", "area": "Bedroom"}),
        ),
        ("Turn on the lights.", Call("intent__HassTurnOn", {"domain": ["light"]})),
        ("Open the blinds.", Call("intent__HassTurnOn", {"name": "Blinds"})),
        ("打开客厅灯。", Call("intent__HassTurnOn", {"name": "客厅灯", "area": "客厅"})),
        ("请把客厅灯关掉。", Call("intent__HassTurnOff", {"name": "客厅灯", "area": "客厅"})),
        ("Is the kitchen light on?", Call("live__GetLiveContext", {})),
        ("客厅灯开着吗？", Call("live__GetLiveContext", {})),
    ],
)
def test_house_calls_the_tool_that_was_asked_for(heard, call):
    assert step(user(heard)) == call


@pytest.mark.parametrize(
    ("here", "heard", "arguments"),
    [
        ("Bedroom", "Turn on the light.", {"name": "Bedroom Lamp"}),
        ("Kitchen (floor Ground)", "开灯。", {"name": "Kitchen Light"}),
        ("Garden", "Turn on the lights.", {"area": "Garden", "domain": ["light"]}),
        ("Garden", "Open the blinds.", {"name": "Blinds"}),
        ("Bedroom", "Turn on the light in the kitchen.", {"name": "Kitchen Light", "area": "Kitchen"}),
    ],
)
def test_house_means_the_room_it_is_in_where_none_is_named(here, heard, arguments):
    instructions = OVERVIEW + f"You are in area {here} and all generic commands like 'turn on' should target this area."
    [found] = HouseBrain().answer(Prompt(instructions, [user(heard)], TOOLS))
    assert found == Call("intent__HassTurnOn", arguments)


@pytest.mark.parametrize(
    ("heard", "area"),
    [
        ("Set the bedroom to 19.5 degrees.", {"area": "Bedroom"}),
        ("调到19.5度", {}),
        ("客厅调到19.5度", {"area": "客厅"}),
    ],
)
def test_house_sets_the_warmth_that_was_asked_for(heard, area):
    tools = [*TOOLS, tool("intent__HassClimateSetTemperature")]
    assert step(user(heard), tools=tools) == Call("intent__HassClimateSetTemperature", {"temperature": 19.5, **area})


def test_house_fills_only_what_the_tool_takes():
    found = step(user("Turn on the kitchen light."), tools=[tool("HassTurnOn", {"name": {"type": "string"}})])
    assert found == Call("HassTurnOn", {"name": "Kitchen Light"})


def test_house_without_tools_talks_about_what_it_heard():
    assert "Turn on the kitchen light." in step(user("Turn on the kitchen light."), tools=[]).text
    assert "今天天气很好。" in step(user("今天天气很好。")).text


@pytest.mark.parametrize(
    ("heard", "form"), [("What time is it?", r"It is \d\d:\d\d\."), ("现在几点？", r"现在是\d\d点\d\d分。")]
)
def test_house_tells_the_time(heard, form):
    assert re.fullmatch(form, step(user(heard)).text)


@pytest.mark.parametrize(
    ("heard", "words"),
    [("What did I say?", "You said: The cat sleeps."), ("我刚才说什么？", "你刚才说：The cat sleeps.")],
)
def test_house_recalls_what_was_said(heard, words):
    answer = Item("message", role="assistant", text="Does it?")
    assert step(user("The cat sleeps."), answer, user(heard)) == Say(words)


SUCCESS = {
    "response_type": "action_done",
    "data": {"success": [{"type": "entity", "name": "Kitchen Light"}], "failed": []},
}
CONTEXT = """Live Context:
- names: Kitchen Light
  domain: light
  state: 'on'
  areas: Kitchen
- names: Bedroom Temperature, 卧室温度
  domain: sensor
  state: '18.5'
  areas: Bedroom
"""


@pytest.mark.parametrize(
    ("name", "result", "heard", "words"),
    [
        ("intent__HassTurnOn", SUCCESS, "Turn on the kitchen light.", "I turned on Kitchen Light."),
        ("intent__HassTurnOff", SUCCESS, "Turn off the kitchen light.", "I turned off Kitchen Light."),
        ("intent__HassTurnOff", SUCCESS, "关掉厨房灯。", "Kitchen Light已关闭。"),
        ("HassTurnOn", {"speech": {"plain": {"speech": "As you wish."}}}, "Turn it on.", "As you wish."),
        (
            "HassTurnOn",
            {"error": "MatchFailedError", "error_text": "no such light"},
            "Turn it on.",
            "That did not work: no such light.",
        ),
        (
            "GetLiveContext",
            {"success": True, "result": CONTEXT},
            "Is the kitchen light on?",
            "The Kitchen Light is on.",
        ),
        (
            "GetLiveContext",
            {"success": True, "result": CONTEXT},
            "How warm is it in the bedroom?",
            "The Bedroom Temperature is 18.5.",
        ),
        (
            "GetLiveContext",
            {"success": True, "result": CONTEXT},
            "How warm is it in the kitchen?",
            "I could not find that.",
        ),
        ("GetLiveContext", {"success": True, "result": CONTEXT}, "Is the garage door open?", "I could not find that."),
        ("llm__GetDateTime", {"time": "19:39:01", "weekday": "Sunday"}, "What time is it?", "It is 19:39:01."),
        ("GetDateTime", {"success": True, "result": {"time": "19:39"}}, "现在几点？", "现在是19:39。"),
        ("HassNevermind", {}, "Never mind.", "Done."),
    ],
)
def test_house_says_what_the_tool_says(name, result, heard, words):
    call = Item("function_call", name=name, call_id="c1", text="{}")
    output = Item("function_call_output", call_id="c1", text=json.dumps(result))
    assert step(user(heard), call, output) == Say(words)


def test_house_says_a_result_that_is_no_json():
    call = Item("function_call", name="x", call_id="c1", text="{}")
    assert step(user("Do it."), call, Item("function_call_output", call_id="c1", text="plain words")) == Say(
        "plain words"
    )


def test_house_greets_who_says_nothing():
    assert step().text.startswith("Hello")
