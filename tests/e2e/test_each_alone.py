"""Ears, voice and agent each by itself, through a real Home Assistant's own entry points, heard and spoken for real."""

import asyncio
import io
import json
import os
import random
import re
import shutil
import struct
from difflib import SequenceMatcher
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import aiohttp
import av
import pytest

from custom_components.stepaudio.voices import CHINA as VOICES
from house.api import Api
from house.assist import state_of
from house.satellite import Satellite
from house.service import Record
from house.sound import RATE_HZ, decode, wav

from .shell import opened_by

LIGHT_ON = "Turn on the kitchen light, please."
SPEECH_CONTENT = "format=wav; codec=pcm; sample_rate=16000; bit_rate=16; channel=1; language=en-US"
MESSAGES = ("The washing machine has finished.", "Your package arrived this morning.")
VOICE = "cixingnansheng"
# Two seconds of hiss, loud enough that the simulator's recogniser has to decide what it is.
NOISE = b"".join(struct.pack("<h", int(random.Random(n).gauss(0, 600))) for n in range(32_000))

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Open one house for all; whenever it calls ffmpeg, that is written down first."""
    folder = tmp_path_factory.mktemp("house")
    calls = folder / "ffmpeg-calls"
    calls.touch()
    watched = folder / "ffmpeg"
    watched.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{calls}"\nexec "{shutil.which("ffmpeg")}" "$@"\n')
    watched.chmod(0o700)
    path = f"{folder}:{os.environ['PATH']}"
    with opened_by("tests.e2e.open_house", folder, LIGHT_ON, PATH=path) as told:
        yield SimpleNamespace(**told, folder=folder, ffmpeg_calls=calls)


@pytest.fixture
async def api(opened):
    async with aiohttp.ClientSession() as session:
        yield Api(session, opened.url, opened.token)


@pytest.fixture
async def socket(api):
    async with api.socket() as socket:
        yield socket


@pytest.fixture
def speech(opened):
    return (opened.folder / "0.pcm").read_bytes()


@pytest.fixture
def converted(opened):
    """Return a function that tells what Home Assistant has had ffmpeg do since the test began."""

    def calls():
        return opened.ffmpeg_calls.read_text().splitlines()

    before = len(calls())
    return lambda: calls()[before:]


# --- ears ---


@pytest.mark.parametrize("header", [b"", wav(b"", RATE_HZ)], ids=["samples", "file"])
async def test_ears_alone_give_the_words(api, opened, speech, header):
    assert words(await hear(api, opened, header + speech)) == words(LIGHT_ON)


@pytest.mark.parametrize("sound", [bytes(64_000), NOISE], ids=["silence", "noise"])
async def test_ears_alone_without_speech_invent_no_words(api, opened, sound):
    assert await hear(api, opened, sound) == ""


async def test_ears_beside_another_agent_give_the_words_so_far(api, socket, opened, speech):
    pipeline = await pipeline_of(socket, opened, conversation_engine="conversation.home_assistant")
    heard, so_far, passed = await ask(api, socket, opened, pipeline, speech)
    assert "response.create" not in passed
    assert words(heard.transcript) == words(LIGHT_ON)
    assert so_far
    assert alike(so_far[-1], LIGHT_ON)


async def test_fused_turn_gives_the_words_so_far(api, socket, opened, speech, converted):
    heard, so_far, passed = await ask(api, socket, opened, opened.pipeline_id, speech)
    assert "response.audio.delta" in passed
    assert "tts.create" not in passed
    assert words(heard.transcript) == words(LIGHT_ON)
    assert so_far
    assert alike(so_far[-1], LIGHT_ON)
    assert converted() == []


# --- voice ---

SHAPE = {"preferred_sample_channels": 1, "preferred_sample_bytes": 2}
FORMATS = {
    "wav": {"preferred_format": "wav", "preferred_sample_rate": 16_000, **SHAPE},
    "flac": {"preferred_format": "flac", "preferred_sample_rate": 48_000, **SHAPE},
    "mp3": {},
}
GIVEN = {"wav": ("wav", 16_000, 1), "flac": ("flac", 48_000, 1), "mp3": ("mp3", 24_000, 1)}


@pytest.mark.parametrize("container", FORMATS)
async def test_voice_alone_is_understood_in_the_format_asked_for(api, socket, opened, converted, container):
    tried, played = MESSAGES
    sounds = await asyncio.gather(
        try_voice(api, opened, tried, {"voice": VOICE, **FORMATS[container]}),
        play(api, socket, opened, played, {"speed": 0.9, **FORMATS[container]}),
    )
    assert [shape(sound) for sound in sounds] == [GIVEN[container]] * 2
    heard = await asyncio.gather(*(hear(api, opened, decode(sound)) for sound in sounds))
    assert all(map(alike, heard, MESSAGES, strict=True)), heard
    said = {(data["voice_id"], data.get("speed_ratio")) for data in asked(opened)[-2:]}
    assert said == {(VOICE, None), (VOICES[0], 0.9)}
    assert converted() == []


async def test_format_that_is_not_ours_is_converted_by_home_assistant(api, opened, converted):
    sound = await try_voice(api, opened, MESSAGES[0], {"preferred_format": "adts"})
    assert shape(sound)[0] == "aac"
    assert len(converted()) == 1


# --- agent ---


async def test_agent_alone_switches_the_light_on_typed_words(socket, opened):
    await darken(socket, opened)
    answer = await socket.call(
        "conversation/process", text=LIGHT_ON, language="en", agent_id=opened.entities["conversation"]
    )
    assert answer["response"]["response_type"] == "action_done"
    assert answer["response"]["speech"]["plain"]["speech"]
    assert await state_of(socket, opened.light) == "on"


# --- what a user does ---


async def hear(api, opened, sound):
    """Return the words that Home Assistant's HTTP API hears."""
    headers = {"Authorization": f"Bearer {api.token}", "X-Speech-Content": SPEECH_CONTENT}
    url = f"{api.url}/api/stt/{opened.entities['stt']}"
    async with api.session.post(url, data=sound, headers=headers) as response:
        answer = await response.json()
    assert answer["result"] == "success"
    return answer["text"]


async def try_voice(api, opened, message, options):
    """Return the sound of a message as the settings' "Try voice" button plays it."""
    body = {"engine_id": opened.entities["tts"], "message": message, "language": "en-US", "options": options}
    return await fetch(api, (await api.post("/api/tts_get_url", body))["path"])


async def play(api, socket, opened, message, options):
    """Return the sound of a message as a player gets it that the action tts.speak was told to use."""
    query = urlencode({"message": message, "language": "en-US", "tts_options": json.dumps(options)})
    media_id = f"media-source://tts/{opened.entities['tts']}?{query}"
    media = await socket.call("media_source/resolve_media", media_content_id=media_id)
    return await fetch(api, media["url"])


async def fetch(api, path):
    """Return the audio at an address that needs no signing in, as a player fetches it."""
    async with api.session.get(api.url + path) as response:
        assert response.ok
        return await response.read()


async def ask(api, socket, opened, pipeline_id, speech):
    """Ask by voice; return what a satellite got, the words so far ahead of the last, and what the service was told."""
    await darken(socket, opened)
    async with socket.subscription("subscribe_events", event_type="overheard") as overheard:
        heard = await Satellite(api, socket, pipeline_id).ask(speech)
    assert not heard.error
    assert heard.reply
    assert await state_of(socket, opened.light) == "on"
    told = [overheard.get_nowait() for _ in range(overheard.qsize())]
    passed = {kind for _, _, kind in Record(Path(opened.record)).between(heard.started, heard.ended)}
    return heard, [event["data"]["words"] for at, event in told if at < heard.transcript_at], passed


async def darken(socket, opened):
    await socket.call("call_service", domain="light", service="turn_off", target={"entity_id": opened.light})


async def pipeline_of(socket, opened, **changes):
    """Create a pipeline like the house's own, with changes, and return its id."""
    told = await socket.call("assist_pipeline/pipeline/get", pipeline_id=opened.pipeline_id)
    likewise = {name: value for name, value in told.items() if name != "id"}
    return (await socket.call("assist_pipeline/pipeline/create", **{**likewise, "name": "Mixed", **changes}))["id"]


def asked(opened):
    """Return what the service's text-to-speech was asked for, newest last."""
    entries = map(json.loads, Path(opened.record).read_text().splitlines())
    events = (entry["event"] for entry in entries if "event" in entry)
    return [event["data"] for event in events if event.get("type") == "tts.create"]


def shape(audio):
    """Return container, rate and channels."""
    with av.open(io.BytesIO(audio)) as container:
        stream = container.streams.audio[0]
        return container.format.name, stream.rate, stream.channels


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def alike(one, other):
    return SequenceMatcher(None, words(one), words(other)).ratio() >= 0.8
