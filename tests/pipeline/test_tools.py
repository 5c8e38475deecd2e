"""Tools run in the conversation stage, once, with the device and the user of the turn."""

from homeassistant.core import Context

from simulator import Call, Say, ScriptedBrain

from ..seen import sent

LOOK_UP = "library__look_up"
"""On the wire; the service takes no dot."""


async def test_tool_gets_the_device_and_the_user_of_the_turn(hass, voice, simulator, satellite, look_up):
    user = await hass.auth.async_create_user("Ada")
    simulator.brain = ScriptedBrain(*[Call(LOOK_UP, {"what": "tea"})] * 2, Say("Found tea."))
    answered = await voice.ask(
        await voice.pipeline(), "Look up tea for me.", device_id=satellite.id, context=Context(user_id=user.id)
    )
    ((arguments, context),) = look_up.calls
    assert arguments == {"what": "tea"}
    assert context.device_id == satellite.id
    assert context.context.user_id == user.id
    assert answered.reply == "Found tea."


async def test_several_calls_in_one_response_all_run_once(voice, simulator, look_up):
    simulator.brain = ScriptedBrain(
        [Call(LOOK_UP, {"what": "tea"}), Call(LOOK_UP, {"what": "milk"})], Say("Both found.")
    )
    answered = await voice.ask(await voice.pipeline(), "Look up tea and milk.")
    assert [arguments["what"] for arguments, _ in look_up.calls] == ["tea", "milk"]
    outputs = [event["item"]["output"] for event in sent(simulator, "conversation.item.create")]
    assert outputs == ['{"found":"tea"}', '{"found":"milk"}']
    assert answered.reply == "Both found."


async def test_tool_that_does_not_exist_tells_the_model_and_the_turn_goes_on(voice, simulator):
    simulator.brain = ScriptedBrain(Call("no_such_tool"), Say("I cannot do that."))
    answered = await voice.ask(await voice.pipeline(), "Do magic for me.")
    assert answered.reply == "I cannot do that."
    assert "not found" in simulator.brain.prompts[-1].results()[0][1]


async def test_endless_calls_end_with_a_spoken_way_out(voice, simulator, look_up):
    simulator.brain = ScriptedBrain(*[Call(LOOK_UP, {"what": str(number)}) for number in range(30)])
    answered = await voice.ask(await voice.pipeline(), "Look up everything there is.")
    assert len(look_up.calls) == 10
    assert "too many steps" in answered.reply
