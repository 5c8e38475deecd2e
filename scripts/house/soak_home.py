"""The home of a soak: Home Assistant's core, our integration and the simulated service, all in this process."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from homeassistant import loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.components import assist_pipeline
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.tts.const import DATA_TTS_MANAGER
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_LLM_HASS_API, CONF_PROMPT, CONF_URL, EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.helpers import area_registry as ar, chat_session, entity_registry as er
from homeassistant.setup import async_setup_component

import custom_components.stepaudio as integration
from custom_components.stepaudio.const import CONF_MAX_SESSIONS, CONF_MODEL, CONF_PLAN, CONF_REGION, CONF_SPARES, DOMAIN
from custom_components.stepaudio.coordinator import AccountCoordinator
from simulator import PROFILES, Simulator
from simulator.brain import Brain

from .haste import hasten
from .report import HouseError

_LIGHT = "light.kitchen_light"
_KEY = "key-of-nobody"
# Home Assistant remembers a conversation for five minutes after its last turn; so many older ones stand for that.
_REMEMBERED = 16
# Read aloud, a reply is of no use to anybody; Home Assistant would keep it for five minutes too.
_VOICE_KEPT_S = 5.0


class Home:
    """Home Assistant with a kitchen light and an account of ours, and the service behind it."""

    def __init__(self, hass: HomeAssistant, simulator: Simulator) -> None:
        """Begin with nobody in it."""
        self.hass = hass
        self.simulator = simulator
        self.entry: ConfigEntry[AccountCoordinator]
        self.pipeline_id = ""
        self.agent_id = ""
        self.switched: Counter[str] = Counter()
        """How often the light was really switched, by the id of the context of whoever asked."""
        self._left: deque[str] = deque()

    def leave(self, conversation_id: str) -> None:
        """Take leave of a conversation, which Home Assistant will forget when enough others were left after it."""
        self._left.append(conversation_id)
        while len(self._left) > _REMEMBERED:
            self._forget(self._left.popleft())

    def forget_all(self) -> None:
        """Forget all conversations and replies."""
        self._left.clear()
        for conversation_id in list(self.hass.data.get(chat_session.DATA_CHAT_SESSION) or ()):
            self._forget(conversation_id)
        manager = self.hass.data[DATA_TTS_MANAGER]
        manager.mem_cache.clear()
        manager.token_to_stream.clear()

    def _forget(self, conversation_id: str) -> None:
        """Do what Home Assistant does with a conversation whose time is over."""
        if (session := self.hass.data[chat_session.DATA_CHAT_SESSION].pop(conversation_id, None)) is not None:
            session.async_cleanup()

    async def set_up(self, satellites: int) -> None:
        """Set up the light, the account and a pipeline of its three engines."""
        hass = self.hass
        for component in ("homeassistant", "conversation", "stt", "tts", "assist_pipeline", "intent"):
            if not await async_setup_component(hass, component, {}):
                raise HouseError(f"Home Assistant could not set up {component}.")
        manager = hass.data[DATA_TTS_MANAGER]
        manager.use_file_cache = False
        manager.memcache_cleanup.maxage = manager.token_to_stream_cleanup.maxage = _VOICE_KEPT_S
        self._place_light()
        self.entry = _account(self.simulator.url, satellites)
        await hass.config_entries.async_add(self.entry)
        if self.entry.state is not ConfigEntryState.LOADED:
            raise HouseError(f"The account could not be set up: {self.entry.reason}")
        hasten(self.entry.runtime_data.client)
        self.pipeline_id = await self._create_pipeline()
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await hass.async_block_till_done()

    def _place_light(self) -> None:
        hass = self.hass
        area = ar.async_get(hass).async_get_or_create("Kitchen")
        er.async_get(hass).async_get_or_create(
            "light", "soak", "kitchen", suggested_object_id="kitchen_light", original_name="Kitchen Light"
        )
        er.async_get(hass).async_update_entity(_LIGHT, area_id=area.id)
        hass.states.async_set(_LIGHT, "off", {"friendly_name": "Kitchen Light"})
        async_expose_entity(hass, "conversation", _LIGHT, True)

        async def switch(call: ServiceCall) -> None:
            self.switched[call.context.id] += 1

        hass.services.async_register("light", "turn_on", switch)

    async def _create_pipeline(self) -> str:
        entities = er.async_entries_for_config_entry(er.async_get(self.hass), self.entry.entry_id)
        engines = {entity.domain: entity.entity_id for entity in entities}
        self.agent_id = engines["conversation"]
        store = self.hass.data[assist_pipeline.pipeline.KEY_ASSIST_PIPELINE].pipeline_store
        pipeline = await store.async_create_item(
            {
                "name": "Soak",
                "language": "en",
                "conversation_engine": engines["conversation"],
                "conversation_language": "*",
                "stt_engine": engines["stt"],
                "stt_language": "en-US",
                "tts_engine": engines["tts"],
                "tts_language": "en-US",
                "tts_voice": None,
                "wake_word_entity": None,
                "wake_word_id": None,
            }
        )
        return str(pipeline.id)


def refusals() -> dict[str, str]:
    """Return how the integration's own sentences begin, and the key of each."""
    translations = json.loads((Path(integration.__file__).parent / "translations" / "en.json").read_text())
    beginnings = {sentence["message"].partition("{")[0]: key for key, sentence in translations["exceptions"].items()}
    return {beginning: key for beginning, key in beginnings.items() if beginning}


@asynccontextmanager
async def home(brain: Brain) -> AsyncGenerator[Home]:
    """Open a home for as long as the block lasts; its files are gone afterwards."""
    async with AsyncExitStack() as stack:
        config = stack.enter_context(TemporaryDirectory(prefix="stepaudio-soak-"))
        switches = PROFILES["s25plan"].replace(rapid_connects=0)
        # What passes is of no use afterwards, and its memory would hide ours.
        simulator = await stack.enter_async_context(Simulator(switches=switches, key=_KEY, brain=brain, keep=16))
        hass = await _core(config)
        stack.push_async_callback(hass.async_stop, force=True)
        yield Home(hass, simulator)


async def _core(config_dir: str) -> HomeAssistant:
    """Return a Home Assistant that is starting: what bootstrap makes, without a configuration file."""
    hass = HomeAssistant(config_dir)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await loader.async_get_custom_components(hass)
    if not await async_load_base_functionality(hass):
        raise HouseError("Home Assistant could not load its registries.")
    hass.auth = await auth_manager_from_config(hass, [], [])
    hass.set_state(CoreState.starting)
    return hass


def _account(url: str, satellites: int) -> ConfigEntry[AccountCoordinator]:
    return ConfigEntry(
        version=1,
        minor_version=1,
        domain=DOMAIN,
        title="StepAudio",
        source=SOURCE_USER,
        unique_id=None,
        data={
            CONF_REGION: "custom",
            CONF_PLAN: "pay_as_you_go",
            CONF_API_KEY: _KEY,
            CONF_MODEL: "stepaudio-2.5-realtime",
            CONF_URL: url,
        },
        options={CONF_MAX_SESSIONS: satellites + 1, CONF_SPARES: 1},
        discovery_keys=MappingProxyType({}),
        subentries_data=[
            {
                "data": {CONF_PROMPT: "Be brief.", CONF_LLM_HASS_API: ["assist"]},
                "subentry_type": "conversation",
                "title": "StepAudio",
                "unique_id": None,
            },
            {"data": {}, "subentry_type": "stt", "title": "StepAudio ears", "unique_id": None},
            {"data": {}, "subentry_type": "tts", "title": "StepAudio voice", "unique_id": None},
        ],
    )


def tasks_of_the_client(before: set[asyncio.Task[object]]) -> list[asyncio.Task[object]]:
    """Return the tasks that were not there before, but for those of the simulated service."""
    return [
        task
        for task in asyncio.all_tasks() - before
        if task is not asyncio.current_task() and not _is_of_the_service(task)
    ]


def _is_of_the_service(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    path = Path(code.co_filename) if code is not None else Path()
    return path.parent.name == "simulator" or (path.parent.name == "aiohttp" and path.name.startswith("web"))
