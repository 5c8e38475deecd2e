"""A small house with a kitchen light, an account of ours, and a satellite that speaks to its pipelines."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from homeassistant.components import assist_pipeline, stt
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.tts import async_get_stream
from homeassistant.const import CONF_API_KEY, CONF_LLM_HASS_API, CONF_PROMPT, CONF_URL
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er, llm
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.stepaudio.client.stream import Stream
from custom_components.stepaudio.const import CONF_MODEL, CONF_PLAN, CONF_REGION, DEFAULT_TITLES, DOMAIN
from simulator import tones

from ..conftest import KEY
from .foreign import set_up_others
from .library import Library, LookUp
from .phone import configure
from .repairing import Repairs

LIGHT = "light.kitchen_light"

KINDS = tuple(DEFAULT_TITLES)
"""What an account has when it is new."""
AGENT = {CONF_PROMPT: "Be brief.", CONF_LLM_HASS_API: ["assist"]}


def among_others_and_alone(kind):
    """Have a test run in an account with all our entities, and in one with nothing but one."""
    return pytest.mark.parametrize("kinds", [KINDS, (kind,)], ids=["among others", "alone"])


@pytest.fixture(autouse=True)
def of_the_voice(enable_custom_integrations, mock_tts_cache_dir):
    """Let Home Assistant find the integration, and keep its audio cache in a folder of the test's own."""


@pytest.fixture
def mock_tts_cache_dir(tmp_path, monkeypatch):
    """Keep cached audio out of the plugin's folder."""
    monkeypatch.setattr("homeassistant.components.tts.SpeechManager.async_init_cache", _no_cache)


async def _no_cache(manager):
    manager.file_cache = {}
    manager.use_file_cache = False


@pytest.fixture
async def house(hass):
    """Return the calls of light.turn_on; the kitchen has a light, and the light is exposed."""
    for component in ("homeassistant", "conversation", "stt", "tts", "assist_pipeline", "intent"):
        assert await async_setup_component(hass, component, {})
    area = ar.async_get(hass).async_get_or_create("Kitchen")
    entity = er.async_get(hass).async_get_or_create(
        "light", "demo", "kitchen", suggested_object_id="kitchen_light", original_name="Kitchen Light"
    )
    er.async_get(hass).async_update_entity(entity.entity_id, area_id=area.id)
    hass.states.async_set(LIGHT, "off", {"friendly_name": "Kitchen Light"})
    async_expose_entity(hass, "conversation", LIGHT, True)
    return async_mock_service(hass, "light", "turn_on")


@pytest.fixture
def kinds():
    """Return the kinds of entities that the account has; a test overrides it by parametrizing."""
    return KINDS


@pytest.fixture
def settings():
    """Return the settings of entities by kind; a test overrides it by parametrizing."""
    return {}


@pytest.fixture
def way():
    """Return the plan's path; a test overrides it by parametrizing."""
    return ""


@pytest.fixture
def region():
    """Return the account's region; a test overrides it by parametrizing."""
    return "custom"


@pytest.fixture
async def entry(hass, house, simulator, kinds, settings, way, region):
    """Set up an account at the simulator."""
    account = MockConfigEntry(
        domain=DOMAIN,
        title="StepAudio",
        data={
            CONF_REGION: region,
            CONF_PLAN: "step_plan" if way else "pay_as_you_go",
            CONF_API_KEY: KEY,
            CONF_MODEL: "stepaudio-2.5-realtime",
            CONF_URL: simulator.url + way,
        },
        options={"warm_sessions": 0},
        subentries_data=[
            {
                "data": settings.get(kind, AGENT if kind == "conversation" else {}),
                "subentry_type": kind,
                "title": DEFAULT_TITLES[kind],
                "unique_id": None,
            }
            for kind in kinds
        ],
    )
    account.add_to_hass(hass)
    assert await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    yield account
    if hass.config_entries.async_get_entry(account.entry_id):
        await hass.config_entries.async_unload(account.entry_id)


@pytest.fixture
def engines(hass, entry):
    """Return our entities' ids by domain."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {entity.domain: entity.entity_id for entity in entities}


@pytest.fixture
async def others(hass, house):
    """Return the ids of another integration's three engines, by domain."""
    return await set_up_others(hass)


@pytest.fixture
def satellite(hass, entry):
    """Return the device of a satellite in the kitchen."""
    other = MockConfigEntry(domain="satellite")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("sat", "1")})
    area = ar.async_get(hass).async_get_area_by_name("Kitchen")
    dr.async_get(hass).async_update_device(device.id, area_id=area.id)
    return device


@dataclass
class Answered:
    """What a run gave."""

    events: list = field(default_factory=list)
    chunks: Stream = field(default_factory=Stream)
    """The reply's sound as it comes."""
    audio: bytes = b""

    def types(self):
        """Return the types of the events, in order."""
        return [str(event.type) for event in self.events]

    def data(self, kind):
        """Return the data of the last event of a type."""
        found = [event.data for event in self.events if event.type == kind]
        assert found, f"no {kind} in {self.types()}; {[event.data for event in self.events if event.type == 'error']}"
        return found[-1]

    @property
    def transcript(self):
        """What was heard."""
        return self.data("stt-end")["stt_output"]["text"]

    @property
    def reply(self):
        """What was answered, in words."""
        return self.data("intent-end")["intent_output"]["response"]["speech"]["plain"]["speech"]

    @property
    def conversation_id(self):
        """Under which it can be continued."""
        return self.data("run-start")["conversation_id"]

    @property
    def pcm(self):
        """The samples of the reply, past the WAV header."""
        return self.audio[self.audio.index(b"data") + 8 :]


@dataclass
class Voice:
    """Speaks to pipelines as a satellite does."""

    hass: object
    engines: dict

    async def pipeline(self, **changes):
        """Create a pipeline of our engines, with changes, and return its id."""
        store = self.hass.data[assist_pipeline.pipeline.KEY_ASSIST_PIPELINE].pipeline_store
        item = await store.async_create_item(
            {
                "name": f"Test {len(store.data)}",
                "language": "en",
                "conversation_engine": self.engines["conversation"],
                "conversation_language": "*",
                "stt_engine": self.engines["stt"],
                "stt_language": "en-US",
                "tts_engine": self.engines["tts"],
                "tts_language": "en-US",
                "tts_voice": None,
                "wake_word_entity": None,
                "wake_word_id": None,
                **changes,
            }
        )
        return item.id

    async def ask(self, pipeline_id, words, *, end=None, answered=None, **run):
        """Say words to a pipeline, which end with an event if there is one, and take the whole reply."""
        answered = answered or Answered()
        readers = []

        def on_event(event):
            answered.events.append(event)
            starts = event.type == "intent-progress" and event.data.get("tts_start_streaming")
            if (starts or event.type == "tts-end") and not readers:
                readers.append(asyncio.ensure_future(self._read(answered)))

        async def stream():
            pcm = words if isinstance(words, bytes) else tones(words, 16_000)
            for start in range(0, len(pcm), 320):
                yield pcm[start : start + 320]
            if end is not None:
                await end.wait()

        await assist_pipeline.async_pipeline_from_audio_stream(
            self.hass,
            context=run.pop("context", Context()),
            event_callback=on_event,
            stt_metadata=stt.SpeechMetadata(
                language="",
                format=stt.AudioFormats.WAV,
                codec=stt.AudioCodecs.PCM,
                bit_rate=stt.AudioBitRates.BITRATE_16,
                sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
                channel=stt.AudioChannels.CHANNEL_MONO,
            ),
            stt_stream=stream(),
            pipeline_id=pipeline_id,
            audio_settings=assist_pipeline.AudioSettings(is_vad_enabled=False),
            tts_audio_output=run.pop("tts_audio_output", {"preferred_format": "wav"}),
            **run,
        )
        for reader in readers:
            with suppress(HomeAssistantError):  # what a satellite sees of that is a reply without sound
                answered.audio = await reader
        return answered

    async def _read(self, answered):
        stream = async_get_stream(self.hass, answered.data("run-start")["tts_output"]["token"])
        async for chunk in stream.async_stream_result():
            answered.chunks.push(chunk)
        return b"".join(answered.chunks.items)


@pytest.fixture
def voice(hass, engines):
    """Return the satellite's voice."""
    return Voice(hass, engines)


@pytest.fixture
async def look_up(hass, entry):
    """Give the agent a second API, and return its tool."""
    tool = LookUp()
    unregister = llm.async_register_api(hass, Library(hass, tool))
    await configure(hass, entry, llm_hass_api=["assist", "library"])
    yield tool
    unregister()


@pytest.fixture
async def repairs(hass, house, told, hass_client, hass_ws_client):
    """Return the page of repairs."""
    for component in ("repairs", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    return Repairs(hass, await hass_client(), await hass_ws_client())


@pytest.fixture
def no_process(monkeypatch):
    """Let no process start."""

    async def refuse(*command, **options):
        raise AssertionError(f"a process was started: {command}")

    monkeypatch.setattr("asyncio.create_subprocess_exec", refuse)
