"""The agent by itself: typed to over Home Assistant's own entry points, beside our other entities and without them."""

import pytest
from homeassistant.components import conversation
from homeassistant.core import Context
from homeassistant.helpers.chat_session import async_get_chat_session

from simulator import Call, Fault, Say, ScriptedBrain

from .conftest import among_others_and_alone
from .phone import configure, type_to, words_of

TURN_ON = Call("intent__HassTurnOn", {"name": "Kitchen Light"})


pytestmark = among_others_and_alone("conversation")


@pytest.fixture
def agent(engines):
    """Return the agent's id."""
    return engines["conversation"]


@pytest.fixture
async def phone(hass_client, entry):
    """Return a client of Home Assistant's HTTP API."""
    return await hass_client()


@pytest.mark.parametrize("words_as", ["text", "audio_transcript"])
async def test_typed_text_is_answered_in_words_alone(phone, agent, simulator, words_as):
    simulator.switches = simulator.switches.replace(text_only_events=words_as)
    simulator.brain = ScriptedBrain(Say("Good morning to you."))
    answered = await type_to(phone, agent, "Good morning.")
    assert words_of(answered) == "Good morning to you."
    assert answered["response"]["response_type"] == "action_done"
    assert [response.kind for response in simulator.responses] == ["words"]
    assert simulator.brain.prompts[0].user_words() == ["Good morning."]


async def test_typed_text_has_tools_run_once(phone, agent, simulator, house):
    simulator.brain = ScriptedBrain([Say("One moment."), TURN_ON], Say("It is on."))
    assert words_of(await type_to(phone, agent, "Turn on the kitchen light.")) == "It is on."
    assert len(house) == 1


async def test_typed_text_continues_the_conversation_on_the_same_connection(phone, agent, simulator):
    simulator.brain = ScriptedBrain(Say("Hello, Ada."), Say("You are Ada."))
    first = await type_to(phone, agent, "I am Ada.")
    second = await type_to(phone, agent, "Who am I?", conversation_id=first["conversation_id"])
    assert words_of(second) == "You are Ada."
    assert simulator.brain.prompts[1].user_words() == ["I am Ada.", "Who am I?"]
    assert [upgrade.path for upgrade in simulator.upgrades] == ["/v1/realtime"]


async def test_typed_text_after_a_lost_connection_continues_with_the_history(phone, agent, simulator, house):
    simulator.brain = ScriptedBrain(TURN_ON, Say("It is on."), Say("The kitchen light."))
    first = await type_to(phone, agent, "Turn on the kitchen light.")
    simulator.throw(Fault("abort", at="response.create"))
    second = await type_to(phone, agent, "What did you do?", conversation_id=first["conversation_id"])
    assert words_of(second) == "The kitchen light."
    told = [item.text for item in simulator.brain.prompts[-1].items]
    assert told[0] == "Turn on the kitchen light."
    assert "intent__HassTurnOn" in told[1]
    assert told[2:] == ["It is on.", "What did you do?"]
    assert len(house) == 1


async def test_typed_text_in_another_conversation_knows_nothing_of_the_first(phone, agent, simulator):
    simulator.brain = ScriptedBrain(Say("Hello, Ada."), Say("I do not know."))
    await type_to(phone, agent, "I am Ada.")
    assert words_of(await type_to(phone, agent, "Who am I?")) == "I do not know."
    assert simulator.brain.prompts[1].user_words() == ["Who am I?"]


async def test_typed_text_that_the_service_refuses_is_answered_with_the_reason(phone, agent, simulator):
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    answered = await type_to(phone, agent, "Something that is not allowed.")
    assert answered["response"]["response_type"] == "error"
    assert words_of(answered) == "StepAudio does not want to talk about that."
    assert answered["continue_conversation"] is False


async def test_action_gives_the_answer(hass, agent, simulator):
    simulator.brain = ScriptedBrain(Say("下午好。"))
    answered = await hass.services.async_call(
        "conversation",
        "process",
        {"text": "下午好", "agent_id": agent, "language": "zh-CN"},
        blocking=True,
        return_response=True,
    )
    assert words_of(answered) == "下午好。"
    assert "Always answer in Chinese" in simulator.responses[0].instructions


@pytest.mark.parametrize("words_as", ["text", "audio_transcript"])
async def test_pipeline_of_words_alone_streams_them(hass, hass_ws_client, agent, simulator, words_as):
    simulator.switches = simulator.switches.replace(text_only_events=words_as)
    words = "There was once a house that could speak, and it spoke all day."
    simulator.brain = ScriptedBrain(Say(words))
    socket = await hass_ws_client()
    await socket.send_json_auto_id(
        {"type": "assist_pipeline/pipeline/create", "name": "Typed", "language": "en", "conversation_engine": agent}
        | {"conversation_language": "en", "stt_engine": None, "stt_language": None, "tts_engine": None}
        | {"tts_language": None, "tts_voice": None, "wake_word_entity": None, "wake_word_id": None}
    )
    pipeline = (await socket.receive_json())["result"]["id"]
    await socket.send_json_auto_id(
        {"type": "assist_pipeline/run", "start_stage": "intent", "end_stage": "intent"}
        | {"pipeline": pipeline, "input": {"text": "Tell me a story."}}
    )
    assert (await socket.receive_json())["success"]
    events = []
    while not events or events[-1]["type"] != "run-end":
        events.append((await socket.receive_json())["event"])
    pieces = [
        event["data"]["chat_log_delta"]["content"]
        for event in events
        if event["type"] == "intent-progress" and event["data"].get("chat_log_delta", {}).get("content")
    ]
    assert len(pieces) > 1
    assert "".join(pieces) == words
    (end,) = [event["data"]["intent_output"] for event in events if event["type"] == "intent-end"]
    assert words_of(end) == words
    assert [response.kind for response in simulator.responses] == ["words"]


async def test_several_apis_at_once_are_all_told_and_used(phone, agent, look_up, simulator, house):
    asked = Call("library__look_up", {"what": "tea"})
    simulator.brain = ScriptedBrain([asked, Call("assist__intent__HassTurnOn", TURN_ON.arguments)], Say("Both."))
    assert words_of(await type_to(phone, agent, "Look up tea and turn on the light.")) == "Both."
    assert "There is a library." in simulator.brain.prompts[0].instructions
    assert simulator.brain.prompts[1].results()[0] == ("library__look_up", '{"found":"tea"}')
    assert [arguments for arguments, _ in look_up.calls] == [{"what": "tea"}]
    assert len(house) == 1


async def test_message_with_an_attachment_is_refused_with_a_clear_sentence(hass, entry, agent, simulator, tmp_path):
    picture = conversation.Attachment("media-source://picture", "image/png", tmp_path / "picture.png")
    user_input = conversation.ConversationInput(
        text="What is this?",
        context=Context(),
        conversation_id=None,
        device_id=None,
        satellite_id=None,
        language="en",
        agent_id=agent,
    )
    entity = hass.data[conversation.DATA_COMPONENT].get_entity(agent)
    with async_get_chat_session(hass) as session, conversation.async_get_chat_log(hass, session) as log:
        log.async_add_user_content(conversation.UserContent("What is this?", attachments=[picture]))
        result = await entity._async_handle_message(user_input, log)
    assert words_of({"response": result.response.as_dict()}) == "StepAudio takes words and speech only, no attachments."
    assert not entry.runtime_data.client.find_session(session.conversation_id)
    assert not simulator.upgrades


async def test_agent_whose_api_is_gone_says_so(hass, phone, entry, agent, simulator):
    await configure(hass, entry, llm_hass_api=["assist", "gone"])
    answered = await type_to(phone, agent, "Good morning.")
    assert answered["response"]["response_type"] == "error"
    assert words_of(answered) == "Error preparing LLM API"
    assert not simulator.upgrades
