"""The voice through Home Assistant's own entry points; there is nothing else of ours, where a test does not say so."""

import asyncio

import pytest
from homeassistant.components import assist_pipeline, media_source
from homeassistant.components.media_player import MediaPlayerEntity, MediaPlayerEntityFeature
from homeassistant.components.tts import async_create_stream
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockPlatform, mock_platform

from custom_components.stepaudio.const import DOMAIN, LANGUAGES
from simulator import Fault

from .conftest import among_others_and_alone
from .phone import configure
from .sounds import listen, say

ISSUE = "voice_refused"


@pytest.fixture
def kinds():
    """Let the voice be all there is of ours."""
    return ("tts",)


@pytest.fixture
def speaker(engines):
    """Return the voice's entity id."""
    return engines["tts"]


def created(simulator):
    """Return what the service was asked for, newest last."""
    return [entry.event["data"] for entry in simulator.log if entry.type == "tts.create"]


@among_others_and_alone("tts")
async def test_url_of_a_message_gives_its_voice(hass, speaker, simulator, hass_client, no_process):
    client = await hass_client()
    answer = await client.post(
        "/api/tts_get_url", json={"engine_id": speaker, "message": "Dinner is ready.", "language": "en-US"}
    )
    url = (await answer.json())["path"]
    assert url.endswith(".mp3")
    spoken = await client.get(url)
    assert spoken.content_type == "audio/mpeg"
    assert listen(await spoken.read()) == ("mp3", 24_000, 1, "Dinner is ready.")
    assert [response.kind for response in simulator.responses] == ["speech"]
    assert not simulator.connections


class Player(MediaPlayerEntity):
    """A loudspeaker that remembers what it was to play."""

    _attr_name = "Loudspeaker"
    _attr_supported_features = MediaPlayerEntityFeature.PLAY_MEDIA

    def __init__(self):
        """Play nothing yet."""
        self.played = []

    async def async_play_media(self, media_type, media_id, **more):
        """Note what to play."""
        self.played.append(media_id)


@among_others_and_alone("tts")
async def test_action_speak_plays_the_voice_on_a_loudspeaker(hass, speaker, simulator, hass_client):
    player = Player()

    async def async_setup_platform(hass, config, async_add_entities, discovery_info=None):
        async_add_entities([player])

    assert await async_setup_component(hass, "media_source", {})
    mock_platform(hass, "test.media_player", MockPlatform(async_setup_platform=async_setup_platform))
    assert await async_setup_component(hass, "media_player", {"media_player": {"platform": "test"}})
    await hass.async_block_till_done()
    await hass.services.async_call(
        "tts",
        "speak",
        {
            "entity_id": speaker,
            "media_player_entity_id": player.entity_id,
            "message": "晚饭好了。",
            "language": "zh-CN",
            "options": {"voice": "cixingnansheng", "speed": 1.5, "pronunciation": {"好了": "做好了"}},
        },
        blocking=True,
    )
    (media_id,) = player.played
    media = await media_source.async_resolve_media(hass, media_id, player.entity_id)
    client = await hass_client()
    assert (await (await client.get(media.url)).read())[:1]
    (asked,) = created(simulator)
    assert (asked["voice_id"], asked["speed_ratio"]) == ("cixingnansheng", 1.5)
    assert asked["pronunciation_map"] == {"tone": ["好了/做好了"]}
    assert simulator.responses[0].text == "晚饭好了。"


@among_others_and_alone("tts")
async def test_pipeline_speaks_with_the_voice_alone(hass, speaker, simulator, hass_ws_client, hass_client):
    store = hass.data[assist_pipeline.pipeline.KEY_ASSIST_PIPELINE].pipeline_store
    item = await store.async_create_item(
        {
            "name": "Voice alone",
            "language": "en",
            "conversation_engine": "conversation.home_assistant",
            "conversation_language": "en",
            "stt_engine": None,
            "stt_language": None,
            "tts_engine": speaker,
            "tts_language": "en-US",
            "tts_voice": "qinqienvsheng",
            "wake_word_entity": None,
            "wake_word_id": None,
        }
    )
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "assist_pipeline/run",
            "start_stage": "tts",
            "end_stage": "tts",
            "input": {"text": "The door is open."},
            "pipeline": item.id,
        }
    )
    data = {}
    while data.get("type") != "tts-end":
        message = await client.receive_json()
        data = message.get("event", {})
    audio = await (await (await hass_client()).get(data["data"]["tts_output"]["url"])).read()
    assert listen(audio)[3] == "The door is open."
    assert [asked["voice_id"] for asked in created(simulator)] == ["qinqienvsheng"]


async def test_speech_that_fails_before_its_first_sound_is_an_error_to_who_fetches_it(
    hass, speaker, simulator, hass_client
):
    simulator.throw(Fault("moderation", at="tts.text.done"))
    client = await hass_client()
    answer = await client.post(
        "/api/tts_get_url", json={"engine_id": speaker, "message": "Dinner is ready.", "language": "en-US"}
    )
    assert (await client.get((await answer.json())["path"])).status == 500


@pytest.mark.parametrize("container", ["wav", "flac", "mp3", "ogg"])
async def test_first_bytes_leave_with_the_first_of_the_services(hass, speaker, simulator, container):
    simulator.throw(Fault("stall", at="tts.response.audio.delta", nth=2))
    stream = async_create_stream(hass, speaker, "en-US", {"preferred_format": container})
    stream.async_set_message("Hello there, my friend.")
    chunks = stream.async_stream_result()
    first = await anext(chunks)
    assert len(first) > 400
    simulator.release()
    audio = first + b"".join([chunk async for chunk in chunks])
    assert listen(audio)[3] == "Hello there, my friend."


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 48_000])
async def test_service_is_asked_for_the_rate_that_is_asked_of_us(hass, speaker, simulator, rate_hz):
    await say(hass, speaker, "Hello.", preferred_format="wav", preferred_sample_rate=rate_hz)
    assert [asked["sample_rate"] for asked in created(simulator)] == [rate_hz]


@pytest.mark.parametrize(
    "settings",
    [
        {
            "tts": {
                "voice": "wenrougongzi",
                "speed": 0.8,
                "volume": 1.2,
                "instruction": "Calm.",
                "pronunciation": ["HA/home assistant"],
                "text_normalization": "enhanced",
            }
        }
    ],
)
async def test_settings_of_the_voice_hold_unless_a_call_says_otherwise(hass, speaker, simulator):
    await say(hass, speaker, "Hello.")
    await say(hass, speaker, "Hello.", voice="voice-tone-of-mine", speed="2", volume=1)
    first, second = created(simulator)
    assert first == {
        "session_id": first["session_id"],
        "voice_id": "wenrougongzi",
        "response_format": "pcm",
        "sample_rate": 24_000,
        "speed_ratio": 0.8,
        "volume_ratio": 1.2,
        "instruction": "Calm.",
        "pronunciation_map": {"tone": ["HA/home assistant"]},
        "text_normalization": "enhanced",
    }
    assert (second["voice_id"], second["speed_ratio"]) == ("voice-tone-of-mine", 2.0)
    assert "volume_ratio" not in second


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("speed", 3),
        ("speed", 0.49),
        ("speed", "nan"),
        ("speed", [1]),
        ("volume", "loud"),
        ("volume", 0.05),
        ("instruction", "x" * 201),
        ("pronunciation", ["no slash"]),
        ("pronunciation", "/nothing written"),
        ("pronunciation", {"nothing said": None}),
        ("pronunciation", 5),
        ("text_normalization", "most"),
        ("text_normalization", ["standard"]),
    ],
)
async def test_option_that_the_service_would_refuse_is_named_before_it_is_asked(
    hass, speaker, simulator, option, value
):
    with pytest.raises(HomeAssistantError) as raised:
        await say(hass, speaker, "Hello.", **{option: value})
    assert str(raised.value) == f"StepAudio does not take this value of the option {option}"
    assert not created(simulator)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"speed": "0.5", "volume": "0.1"}, {"speed_ratio": 0.5, "volume_ratio": 0.1}),
        ({"speed": None, "volume": 1, "instruction": " ", "pronunciation": "", "text_normalization": None}, {}),
        ({"instruction": "x" * 200}, {"instruction": "x" * 200}),
        ({"pronunciation": "HA/home\nTTS/speech"}, {"pronunciation_map": {"tone": ["HA/home", "TTS/speech"]}}),
        ({"pronunciation": {"HA": "home"}}, {"pronunciation_map": {"tone": ["HA/home"]}}),
        ({"text_normalization": "standard"}, {"text_normalization": "standard"}),
    ],
)
async def test_option_within_the_services_limits_reaches_it(hass, speaker, simulator, options, asked):
    await say(hass, speaker, "Hello.", **options)
    (told,) = created(simulator)
    plain = {"session_id", "voice_id", "response_format", "sample_rate"}
    assert {name: value for name, value in told.items() if name not in plain} == asked


@pytest.mark.parametrize("language", LANGUAGES)
async def test_voice_is_tried_from_the_user_interface(hass, speaker, simulator, hass_client, hass_ws_client, language):
    """The dialogue behind "Try voice" lists the voices, and asks for the address of an example."""
    socket, client = await hass_ws_client(), await hass_client()
    await socket.send_json_auto_id({"type": "tts/engine/voices", "engine_id": speaker, "language": language})
    voices = (await socket.receive_json())["result"]["voices"]
    for voice in (voices[0]["voice_id"], voices[-1]["voice_id"], None):
        answer = await client.post(
            "/api/tts_get_url",
            json={"platform": speaker, "message": "你好。", "language": language, "options": {"voice": voice}},
        )
        spoken = await client.get((await answer.json())["path"])
        assert spoken.content_type == "audio/mpeg"
        assert listen(await spoken.read())[3] == "你好。"
        assert created(simulator)[-1]["voice_id"] == (voice or "elegantgentle-female")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_voices_are_listed_in_the_language_with_the_cloned_ones_last(speaker, hass_ws_client, language):
    socket = await hass_ws_client()
    await socket.send_json_auto_id({"type": "tts/engine/voices", "engine_id": speaker, "language": language})
    voices = (await socket.receive_json())["result"]["voices"]
    names = {voice["voice_id"]: voice["name"] for voice in voices}
    chinese = language.startswith("zh")
    assert voices[0]["voice_id"] == "elegantgentle-female"
    assert [voice["voice_id"][:11] for voice in voices[-2:]] == ["voice-tone-", "voice-tone-"]
    assert names["cixingnansheng"] == ("磁性男声" if chinese else "Magnetic man")
    assert all(name.isascii() is not chinese for name in names.values())
    assert len(set(names.values())) == len(voices) == 38


async def test_voice_that_the_service_refuses_is_an_issue_until_it_works_again(hass, speaker):
    with pytest.raises(HomeAssistantError) as raised:
        await say(hass, speaker, "Hello.", voice="nobody")
    assert raised.value.translation_key == "voice"
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.domain, issue.translation_key) == (DOMAIN, ISSUE)
    assert issue.translation_placeholders == {"entity": speaker, "voice": "nobody"}
    await say(hass, speaker, "Hello.")
    assert not ir.async_get(hass).issues


async def test_voice_that_the_service_refuses_is_no_issue_any_more_when_it_is_changed(hass, entry, speaker, simulator):
    await configure(hass, entry, kind="tts", voice="vibrant")
    with pytest.raises(HomeAssistantError, match="does not know the voice that was chosen"):
        await say(hass, speaker, "Hello.")
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_placeholders == {"entity": speaker, "voice": "vibrant"}
    await configure(hass, entry, kind="tts", voice="cixingnansheng")
    assert not ir.async_get(hass).issues
    await say(hass, speaker, "Hello.")
    assert created(simulator)[-1]["voice_id"] == "cixingnansheng"


async def test_voice_that_drops_goes_on_with_the_sentence_that_broke_off(hass, speaker, simulator):
    simulator.throw(Fault("abort", at="tts.response.sentence.end", nth=1))
    audio = await say(hass, speaker, "The first. The second.")
    assert listen(audio)[3].endswith("The second.")


async def test_listener_who_leaves_closes_the_connection(hass, speaker, simulator):
    simulator.throw(Fault("stall", at="tts.response.audio.delta", nth=2))
    task = asyncio.ensure_future(say(hass, speaker, "Hello there, my friend."))
    await simulator.seen("tts.response.audio.delta")
    task.cancel()
    await asyncio.wait([task])
    simulator.release()
    assert task.cancelled()
