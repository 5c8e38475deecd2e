"""An agent answers a text on a satellite or a media player, in its own voice."""

import pytest
from homeassistant.components.tts import async_get_stream
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.stepaudio.const import DOMAIN
from simulator import Call, Fault, Say, ScriptedBrain, read_tones

from .phone import configure
from .test_wyoming_satellite import prefer, samples_of, wyoming  # noqa: F401 - a fixture

# Home Assistant's own HTTP server.
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")


async def ask(hass, agent, player, **data):
    """Have an agent answer, and return the response."""
    data = {"agent": agent, "text": "What do you see?", "player": player, **data}
    return await hass.services.async_call(
        DOMAIN, "ask", data, blocking=True, return_response=True, context=data.pop("context", None)
    )


async def test_ask_answers_on_a_satellite_in_the_own_voice_of_the_agent(
    hass,
    entry,
    engines,
    simulator,
    wyoming,  # noqa: F811
    look_up,
):
    satellite, entity_id = wyoming
    await configure(hass, entry, voice="jingdiannvsheng")
    simulator.brain = ScriptedBrain(Call("library__look_up", {"what": "tea"}), Say("I see tea in the kitchen."))
    user = await hass.auth.async_create_user("Ada", group_ids=["system-admin"])
    told = await ask(hass, engines["conversation"], entity_id, context=Context(user_id=user.id))
    assert told == {"reply": "I see tea in the kitchen."}
    heard = satellite.announcements.get_nowait()
    assert read_tones(samples_of(heard), 22_050) == "I see tea in the kitchen."
    # The model spoke itself, in one session, and nothing was synthesised.
    assert [response.kind for response in simulator.responses] == ["voice", "voice"]
    assert [upgrade.path for upgrade in simulator.upgrades] == ["/v1/realtime"]
    ((_, context),) = look_up.calls
    assert context.context.user_id == user.id
    assert "Kitchen" in simulator.responses[0].instructions


async def test_ask_plays_on_a_media_player(hass, engines, simulator):
    hass.config.internal_url = "http://127.0.0.1:8123"
    hass.states.async_set("media_player.kitchen", "idle")
    played = async_mock_service(hass, "media_player", "play_media")
    simulator.brain = ScriptedBrain(Say("I see nothing."))
    assert await ask(hass, engines["conversation"], "media_player.kitchen") == {"reply": "I see nothing."}
    (call,) = played
    url = call.data["media_content_id"]
    assert url.startswith("http://127.0.0.1:8123/api/tts_proxy/")
    stream = async_get_stream(hass, url.rpartition("/")[2])
    assert len(b"".join([chunk async for chunk in stream.async_stream_result()])) > 1000
    assert [response.kind for response in simulator.responses] == ["voice"]


@pytest.mark.parametrize(
    ("agent", "player", "why"),
    [("conversation.home_assistant", "media_player.kitchen", "no_agent"), (None, "media_player.none", "no_player")],
)
async def test_ask_of_what_does_not_exist_says_so(hass, engines, simulator, agent, player, why):
    hass.states.async_set("media_player.kitchen", "idle")
    with pytest.raises(ServiceValidationError) as refused:
        await ask(hass, agent or engines["conversation"], player)
    assert refused.value.translation_key == why
    assert not simulator.upgrades


@pytest.mark.parametrize("kinds", [("conversation",)])
async def test_ask_without_a_voice_in_the_account_says_so(hass, engines):
    hass.states.async_set("media_player.kitchen", "idle")
    with pytest.raises(ServiceValidationError) as refused:
        await ask(hass, engines["conversation"], "media_player.kitchen")
    assert refused.value.translation_key == "no_voice_beside"


async def test_ask_that_the_service_refuses_gives_the_reason(hass, engines, simulator):
    hass.states.async_set("media_player.kitchen", "idle")
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    with pytest.raises(HomeAssistantError) as refused:
        await ask(hass, engines["conversation"], "media_player.kitchen")
    assert refused.value.translation_key == "no_answer"
    assert "does not want to talk" in refused.value.translation_placeholders["reason"]
