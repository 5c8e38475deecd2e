"""The ears where no agent of ours takes part: Home Assistant's HTTP API, and other engines' pipelines."""

from types import SimpleNamespace

import pytest
from homeassistant.components import stt
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.helpers import area_registry as ar, entity_registry as er, floor_registry as fr

from simulator import Fault, tones

from ..seen import TRANSCRIBED, paths, sent
from .conftest import LIGHT, Voice, among_others_and_alone
from .sounds import CHIME, NOISE

WORDS = "Turn on the Bilresa in the Stube."
SPEECH_CONTENT = "format=wav; codec=pcm; sample_rate=16000; bit_rate=16; channel=1; language={}"


@pytest.fixture
def kinds():
    """Let the ears be all there is of ours."""
    return ("stt",)


@pytest.fixture
async def ears(engines, hass_client):
    """Return what uploads audio to Home Assistant's HTTP API."""
    http = await hass_client()

    async def upload(pcm, language="en-US"):
        answer = await http.post(
            f"/api/stt/{engines['stt']}", data=pcm, headers={"X-Speech-Content": SPEECH_CONTENT.format(language)}
        )
        assert answer.status == 200
        return await answer.json()

    return upload


@pytest.fixture
def voice(hass, engines, others):
    """Return the satellite's voice; what the account lacks is the others'."""
    return Voice(hass, {**others, **engines})


def configured(simulator):
    """Return what recognition was told of the speech."""
    (update,) = (entry.event for entry in simulator.log if entry.type == "session.update")
    return update["session"]["audio"]["input"]["transcription"]


@among_others_and_alone("stt")
@pytest.mark.parametrize("way", ["", "/step_plan"])
async def test_upload_to_home_assistant_is_recognised(ears, simulator, way):
    assert await ears(tones(WORDS, 16_000)) == {"text": WORDS, "result": "success"}
    assert paths(simulator) == ([] if way else ["/v1/realtime/asr/stream"])


async def test_audio_leaves_while_the_user_speaks(engines, hass_client, simulator):
    http = await hass_client()
    pcm = tones(WORDS, 16_000)

    async def speech():
        yield pcm[:32_000]
        await simulator.seen("input_audio_buffer.append")
        assert not sent(simulator, "input_audio_buffer.commit")
        yield pcm[32_000:]

    headers = {"X-Speech-Content": SPEECH_CONTENT.format("en-US")}
    answer = await http.post(f"/api/stt/{engines['stt']}", data=speech(), headers=headers)
    assert await answer.json() == {"text": WORDS, "result": "success"}


@pytest.mark.parametrize(("language", "told"), [("zh-CN", "zh"), ("zh-HK", "zh"), ("en-GB", "en")])
async def test_language_is_told_to_the_service(ears, simulator, language, told):
    await ears(tones(WORDS, 16_000), language)
    assert configured(simulator)["language"] == told


@pytest.mark.parametrize("settings", [{"stt": {"hotwords": ["Bilresa", "Stube"]}}])
async def test_names_of_the_user_are_told_and_none_else(ears, simulator):
    await ears(tones(WORDS, 16_000))
    assert configured(simulator)["prompt"] == "Bilresa, Stube"


@pytest.mark.parametrize("settings", [{"stt": {"hotwords": ["Bilresa"], "hotwords_of_home": True}}])
async def test_names_of_the_home_are_told_where_wished(hass, ears, simulator):
    floor = fr.async_get(hass).async_create("Attic", aliases={"Loft"})
    ar.async_get(hass).async_create("Stube", aliases={"Parlour"}, floor_id=floor.floor_id)
    er.async_get(hass).async_update_entity(LIGHT, aliases=["Ceiling lamp"])
    hass.states.async_set("light.secret", "on", {"friendly_name": "Secret lamp"})
    async_expose_entity(hass, "conversation", "light.secret", False)
    await ears(tones(WORDS, 16_000))
    told = configured(simulator)["prompt"].split(", ")
    assert told[0] == "Bilresa"
    assert {"Kitchen", "Stube", "Parlour", "Attic", "Loft", "Ceiling lamp"} <= set(told)
    assert "Secret lamp" not in told


@pytest.mark.parametrize("settings", [{"stt": {"hotwords": ["long " * 20], "hotwords_of_home": True}}])
async def test_names_of_a_large_home_are_bounded(hass, ears, simulator):
    for number in range(300):
        ar.async_get(hass).async_create(f"Room {number}")
    await ears(tones(WORDS, 16_000))
    told = configured(simulator)["prompt"].split(", ")
    assert len(told) == 100
    assert all(len(name) <= 40 for name in told)


@pytest.mark.parametrize("way", ["", "/step_plan"])
@pytest.mark.parametrize("sound", [b"", bytes(64_000), NOISE], ids=["nothing", "silence", "noise"])
async def test_sound_without_speech_has_no_words(ears, way, sound):
    assert await ears(sound) == {"text": "", "result": "success"}


@pytest.mark.parametrize("way", ["", "/step_plan"])
async def test_chime_that_is_recognised_as_a_full_stop_has_no_words(ears, simulator, way):
    simulator.hear("。")
    assert await ears(CHIME) == {"text": "", "result": "success"}


@pytest.mark.parametrize("way", ["", "/step_plan"])
async def test_service_that_refuses_is_an_error(ears, simulator, way):
    simulator.throw(
        Fault("moderation", at=TRANSCRIBED, value="error"), Fault("error", at="transcript.text.done", value="risk")
    )
    assert await ears(tones(WORDS, 16_000)) == {"text": None, "result": "error"}


@pytest.mark.parametrize("status", ["401", "402", "429", "503"])
@pytest.mark.parametrize(("way", "at"), [("", "connecting"), ("/step_plan", "/step_plan/v1/audio/asr/sse")])
async def test_service_that_takes_nothing_is_an_error(ears, simulator, at, status):
    simulator.throw(Fault("refuse", at=at, value=status, times=9))
    assert await ears(tones(WORDS, 16_000)) == {"text": None, "result": "error"}


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("", Fault("abort", at="input_audio_buffer.append", nth=4)),
        ("/step_plan", Fault("abort", at="transcript.text.delta", nth=2)),
    ],
    ids=["while the user speaks", "upload"],
)
async def test_connection_that_is_lost_costs_no_words(ears, simulator, fault):
    simulator.throw(fault)
    assert await ears(tones(WORDS, 16_000)) == {"text": WORDS, "result": "success"}


async def test_words_so_far_are_told_while_the_user_speaks(hass, engines, monkeypatch):
    entity = stt.async_get_speech_to_text_entity(hass, engines["stt"])
    metadata = stt.SpeechMetadata(
        language="en-US",
        format=stt.AudioFormats.WAV,
        codec=stt.AudioCodecs.PCM,
        bit_rate=stt.AudioBitRates.BITRATE_16,
        sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
        channel=stt.AudioChannels.CHANNEL_MONO,
    )

    async def speech():
        yield tones(WORDS, 16_000)

    if hasattr(stt, "PartialSpeechResult"):
        heard = entity.internal_async_process_audio_stream_with_progress(metadata, speech())
        *partials, final = [result async for result in heard]
    else:  # as Home Assistant 2026.11 does
        monkeypatch.setattr(stt, "PartialSpeechResult", lambda text: SimpleNamespace(text=text), raising=False)
        heard = entity.async_process_audio_stream_with_progress(metadata, speech())
        *partials, final = [result async for result in heard]
    partials = [partial.text for partial in partials]
    assert partials
    assert all(WORDS.startswith(partial) for partial in partials)
    assert final == stt.SpeechResult(WORDS, stt.SpeechResultState.SUCCESS)


async def test_pipeline_of_other_engines_gets_the_words(voice, simulator):
    answered = await voice.ask(await voice.pipeline(), WORDS)
    assert answered.transcript == WORDS
    assert answered.audio == f"Others say: {WORDS}".encode()
    assert paths(simulator) == ["/v1/realtime/asr/stream"]
    assert configured(simulator)["language"] == "en"


async def test_pipeline_of_other_engines_takes_a_chime_for_no_words(voice, simulator):
    simulator.hear("。")
    answered = await voice.ask(await voice.pipeline(), CHIME)
    assert answered.data("error")["code"] == "stt-no-text-recognized"


@pytest.mark.parametrize("sound", [bytes(64_000), NOISE], ids=["silence", "noise"])
async def test_pipeline_of_other_engines_without_speech_says_so(voice, sound):
    answered = await voice.ask(await voice.pipeline(), sound)
    assert answered.data("error")["code"] == "stt-no-text-recognized"
