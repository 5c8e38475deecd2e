"""Times, inside a running Home Assistant, how StepAudio is imported, set up and first used, and what the loop feels."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from homeassistant.components import assist_pipeline, stt, tts
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType
from homeassistant.loader import async_get_integration

CONFIG_SCHEMA = cv.empty_config_schema("stopwatch")

_DOMAIN = "stepaudio"
_OURS = (f"custom_components.{_DOMAIN}", "av", "websockets")
_QUIET_S = 0.5
"""Home Assistant has things to do when it has started; and as long is looked at before anything begins."""
_TICK_S = 0.001
_FRAME_BYTES = 640
_FRAME_S = 0.005
"""A quarter of real time: the stages are under way together as in a house, and nobody waits for a question's end."""
_FORMATS: tuple[dict[str, str | int], ...] = (
    {"preferred_format": "mp3"},  # browsers
    {"preferred_format": "flac", "preferred_sample_rate": 48_000, "preferred_sample_channels": 1},  # Voice PE
    {"preferred_format": "wav", "preferred_sample_rate": 16_000, "preferred_sample_channels": 1},  # Wyoming
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001  # that is its form
    """Measure once Home Assistant has started, if there is a file to leave the result in."""
    if result := os.environ.get("STOPWATCH_RESULT"):

        async def measure(hass: HomeAssistant) -> None:
            hass.data["stopwatch"] = hass.async_create_background_task(_measure(hass, Path(result)), "stopwatch")

        async_at_started(hass, measure)
    return True


class _Ticker:
    """Wants to run every millisecond, if it runs at all, and notes by how much it was kept from it."""

    def __init__(self, *, runs: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._runs = runs
        self._due = 0.0
        self._longest_s = 0.0
        self._handle: asyncio.TimerHandle | None = None

    @contextmanager
    def watching(self, told: dict[str, float], name: str) -> Iterator[None]:
        """Note the time of a block, or the longest that the loop stood still meanwhile, in milliseconds."""
        begun = time.perf_counter()
        self._longest_s = 0.0
        self._due = self._loop.time()
        if self._runs:
            self._tick()
        yield
        if self._handle is None:
            told[f"{name}_ms"] = (time.perf_counter() - begun) * 1000
        else:
            self._note()  # it may stand still up to the very end
            told[f"{name}_block_ms"] = self._longest_s * 1000
            self._handle.cancel()

    def _tick(self) -> None:
        self._note()
        self._due = self._loop.time() + _TICK_S
        self._handle = self._loop.call_at(self._due, self._tick)

    def _note(self) -> None:
        self._longest_s = max(self._longest_s, self._loop.time() - self._due)


async def _measure(hass: HomeAssistant, result: Path) -> None:
    told: dict[str, Any] = {}
    try:
        await _take(hass, told)
    except Exception as error:  # noqa: BLE001 - whatever it was, the bench tells it
        told["error"] = f"{type(error).__name__}: {error}"
    await hass.async_add_executor_job(_keep, told, result)


def _keep(told: dict[str, Any], result: Path) -> None:
    unfinished = result.with_suffix(".part")
    unfinished.write_text(json.dumps(told))
    unfinished.rename(result)


async def _take(hass: HomeAssistant, told: dict[str, Any]) -> None:
    question = await hass.async_add_executor_job(Path(os.environ["STOPWATCH_QUESTION"]).read_bytes)
    integration = await async_get_integration(hass, _DOMAIN)
    entry = hass.config_entries.async_entries(_DOMAIN)[0]
    ticker = _Ticker(runs="STOPWATCH_TICKS" in os.environ)
    await asyncio.sleep(_QUIET_S)
    with ticker.watching(told, "idle"):
        await asyncio.sleep(_QUIET_S)
    if early := [name for name in _OURS if name in sys.modules]:
        raise RuntimeError(f"{', '.join(early)} was imported before anybody asked for it")
    with ticker.watching(told, "import"):
        # As Home Assistant does for an account: the package with what it always looks for, then the platforms.
        component = await integration.async_get_component()
        await integration.async_get_platforms(component.PLATFORMS)  # type: ignore[attr-defined]  # ours has it
    with ticker.watching(told, "setup"):
        await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"the account is {entry.state.value}: {entry.reason}")
    told["platforms"] = [str(platform) for platform in Platform if f"{_OURS[0]}.{platform}" in sys.modules]
    with ticker.watching(told, "turn"):
        told["audio_bytes"] = [await _turn(hass, question, audio_format) for audio_format in _FORMATS]


async def _turn(hass: HomeAssistant, question: bytes, audio_format: dict[str, str | int]) -> int:
    """Have a question answered, as a satellite would, and return the size of the reply's sound."""
    begun: asyncio.Future[str] = hass.loop.create_future()

    def on_event(event: assist_pipeline.PipelineEvent) -> None:
        if event.type is assist_pipeline.PipelineEventType.RUN_START and event.data:
            begun.set_result(event.data["tts_output"]["token"])
        elif event.type is assist_pipeline.PipelineEventType.ERROR and event.data:
            raise RuntimeError(f"the turn failed: {event.data['message']}")

    async def speak() -> AsyncGenerator[bytes]:
        for start in range(0, len(question), _FRAME_BYTES):
            yield question[start : start + _FRAME_BYTES]
            await asyncio.sleep(_FRAME_S)

    async def listen() -> int:
        stream = tts.async_get_stream(hass, await begun)
        if stream is None:
            raise RuntimeError("the reply has no sound")
        return sum([len(piece) async for piece in stream.async_stream_result()])

    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen())
        await assist_pipeline.async_pipeline_from_audio_stream(
            hass,
            context=Context(),
            event_callback=on_event,
            stt_metadata=stt.SpeechMetadata(
                language="en-US",
                format=stt.AudioFormats.WAV,
                codec=stt.AudioCodecs.PCM,
                bit_rate=stt.AudioBitRates.BITRATE_16,
                sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
                channel=stt.AudioChannels.CHANNEL_MONO,
            ),
            stt_stream=speak(),
            tts_audio_output=dict(audio_format),
            audio_settings=assist_pipeline.AudioSettings(is_vad_enabled=False),
        )
    return listening.result()
