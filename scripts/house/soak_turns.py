"""The turns of a soak: what is asked, what the model makes of it, what goes wrong, and how a turn ended."""

import asyncio
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components import assist_pipeline, conversation, stt
from homeassistant.components.tts import async_get_stream
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError

from simulator import Call, Fault, Prompt, Say, tones
from simulator.brain import Step
from simulator.faults import Kind
from simulator.house import find_tool

from .soak_home import Home, refusals

ANSWERED, INTERRUPTED, LOST, NO_TEXT = "answered", "interrupted", "lost", "no_text"
# Longer than a turn may take with the home's timeouts: patience for the loss of connections, then the words, then the
# voice, which is synthesised if need be.
_LIMIT_S = 20.0
_WAV_HEADER_BYTES = 44
_CHUNK_BYTES = 320
_BYTES_PER_S = 48_000
_REPORTED = "(What the home reports back:"
_PHASES = ("connecting", "idle", "listening", "committed", "answering", "in_tool", "speaking")
# Kind, value, times in a row, and how often it is chosen; a hundred times in a row is an outage.
_FAULTS: tuple[tuple[Kind, str, int, int], ...] = (
    ("refuse", "401", 1, 1),
    ("refuse", "402", 1, 1),
    ("refuse", "404", 1, 1),
    ("refuse", "429", 1, 3),
    ("refuse", "503", 1, 3),
    ("refuse", "503", 100, 1),
    ("close", "1000", 1, 6),
    ("close", "1000", 100, 1),
    ("abort", "", 1, 6),
    ("abort", "", 100, 1),
    ("half_open", "", 1, 3),
    ("stall", "", 1, 3),
    ("error", "the words of the service", 1, 2),
    ("internal_error", "", 1, 3),
    ("internal_error", "", 100, 1),
    ("moderation", "error", 1, 1),
    ("moderation", "failed", 1, 1),
    ("moderation", "silent", 1, 1),
    ("busy", "", 1, 2),
    ("drop", "", 1, 2),
    ("duplicate", "", 1, 2),
    ("reorder", "", 1, 2),
    ("unknown", "", 1, 1),
    ("malformed", "json", 1, 1),
    ("malformed", "binary", 1, 1),
    ("malformed", "fields", 1, 1),
    ("malformed", "types", 1, 1),
    ("odd_audio", "", 1, 1),
    ("empty", "", 1, 1),
)


def random_fault(chance: random.Random) -> Fault:
    """Return one kind of fault at one phase of a turn."""
    kind, value, times, _ = chance.choices(_FAULTS, [weight for *_, weight in _FAULTS])[0]
    return Fault(kind, at="connecting" if kind == "refuse" else chance.choice(_PHASES), times=times, value=value)


@dataclass(frozen=True)
class Question:
    """What is asked; the number tells the model which turn it is in."""

    number: int
    light: bool
    long: bool = False

    @property
    def words(self) -> str:
        """What is said."""
        what = "Light" if self.light else "Talk" if self.long else "Chat"
        return f"{what}, number {self.number}."


class SoakBrain:
    """Switches the light when it is asked to, chats otherwise, and remembers by turn what came of it."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self.called: Counter[int] = Counter()
        """How often a turn's call was made, in this answer or that."""
        self.failed: set[int] = set()
        """The turns that were told that their call did not work."""

    def answer(self, prompt: Prompt) -> Sequence[Step]:
        """Plan one response."""
        words = prompt.user_words()
        reports = [output for _, output in prompt.results()]
        if words and words[-1].startswith(_REPORTED):
            reports.append(words[-1])
        asked = [match for text in words if (match := re.fullmatch(r"(\w+), number (\d+)\.", text))]
        if not asked:
            return [Say("Pardon?")]
        what, number = asked[-1][1], int(asked[-1][2])
        if reports:
            if not all("action_done" in report for report in reports):
                self.failed.add(number)
            return [Say("Done.")]
        if what == "Light" and (tool := find_tool(prompt, "HassTurnOn")):
            self.called[number] += 1
            return [Call(tool, {"name": "Kitchen Light"})]
        return [Say("Well. There is a lot to tell about that. Let me begin." if what == "Talk" else "Fine.")]

    def forget(self, number: int) -> None:
        """Forget a turn."""
        del self.called[number]
        self.failed.discard(number)


@dataclass(eq=False)
class Turn:
    """One turn, as a satellite or a typist has it."""

    home: Home
    question: Question
    conversation_id: str | None
    context: Context = field(default_factory=Context)
    interrupted: bool = False
    overdue: bool = False
    error: str = ""
    reply: str = ""
    refused: bool = False
    """Whether the reply is an error."""
    voice_bytes: int = 0
    voice_error: str = ""
    voice_began: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[str] = field(default_factory=list)
    _token: str = ""
    _began_s: float = 0.0
    _running: asyncio.Task[None] | None = None
    _reader: asyncio.Task[None] | None = None

    async def run(self, *, typed: bool) -> None:
        """Have the turn from its beginning to its end, whatever that is."""
        self._running = asyncio.create_task(self._type() if typed else self._speak())
        try:
            async with asyncio.timeout(_LIMIT_S):
                await asyncio.wait([self._running])
                if self._reader is not None:
                    await asyncio.wait([self._reader])
        except TimeoutError:
            self.overdue = True
        tasks = [task for task in (self._running, self._reader) if task is not None]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                self.error = self.error or "".join(traceback.format_exception(result))
        self._running = self._reader = None
        self.voice_began.set()

    def interrupt(self, *, silence: bool) -> None:
        """Begin to speak over the answer; with `silence` the satellite ends what still runs of the turn, as most do."""
        self.interrupted = True
        if silence and self._running is not None:
            self._running.cancel()

    async def play(self) -> None:
        """Wait until the voice has been played."""
        await asyncio.sleep(self._began_s + self.voice_bytes / _BYTES_PER_S - time.monotonic())

    async def _type(self) -> None:
        result = await conversation.async_converse(
            self.home.hass, self.question.words, self.conversation_id, self.context, "en", self.home.agent_id
        )
        self.conversation_id = result.conversation_id
        self._take_response(result.response.as_dict())
        self.voice_bytes = _WAV_HEADER_BYTES + 1  # there is none to miss

    async def _speak(self) -> None:
        await assist_pipeline.async_pipeline_from_audio_stream(
            self.home.hass,
            context=self.context,
            event_callback=self._on_event,
            stt_metadata=stt.SpeechMetadata(
                language="",
                format=stt.AudioFormats.WAV,
                codec=stt.AudioCodecs.PCM,
                bit_rate=stt.AudioBitRates.BITRATE_16,
                sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
                channel=stt.AudioChannels.CHANNEL_MONO,
            ),
            stt_stream=self._sound(),
            pipeline_id=self.home.pipeline_id,
            conversation_id=self.conversation_id,
            audio_settings=assist_pipeline.AudioSettings(is_vad_enabled=False),
            tts_audio_output={"preferred_format": "wav"},
        )

    async def _sound(self) -> AsyncGenerator[bytes]:
        pcm = tones(self.question.words, 16_000)
        for start in range(0, len(pcm), _CHUNK_BYTES):
            yield pcm[start : start + _CHUNK_BYTES]
            await asyncio.sleep(0)

    def _on_event(self, event: assist_pipeline.PipelineEvent) -> None:
        data: dict[str, Any] = event.data or {}
        self.events.append(str(event.type))
        match str(event.type):
            case "run-start":
                self.conversation_id = data["conversation_id"]
                self._token = data["tts_output"]["token"]
            case "intent-end":
                self._take_response(data["intent_output"]["response"])
            case "error":
                self.error = f"{data['code']}: {data['message']}"
        starts = str(event.type) == "tts-end" or data.get("tts_start_streaming")
        if starts and self._reader is None:
            self._reader = asyncio.create_task(self._read())

    def _take_response(self, response: dict[str, Any]) -> None:
        self.refused = response["response_type"] == "error"
        self.reply = response["speech"].get("plain", {}).get("speech", "")

    async def _read(self) -> None:
        """Take the voice as a player does."""
        stream = async_get_stream(self.home.hass, self._token)
        if stream is None:
            self.voice_error = "the stream is gone"
            return
        try:
            async for chunk in stream.async_stream_result():
                self.voice_bytes += len(chunk)
                if not self._began_s and self.voice_bytes > _WAV_HEADER_BYTES:
                    self._began_s = time.monotonic()
                    self.voice_began.set()
                await asyncio.sleep(0)
        except HomeAssistantError as error:
            self.voice_error = error.translation_key or str(error)

    def ending(self) -> tuple[str, str]:
        """Return how the turn ended, and what tells why if it was lost."""
        if self.overdue:
            return LOST, f"it had not ended after {_LIMIT_S:.0f} s; events: {self.events}, {self.voice_bytes} bytes"
        if self.error.startswith("stt-no-text-recognized"):
            return NO_TEXT, ""
        if self.interrupted and (self.error or self.refused or not self.reply):
            return INTERRUPTED, ""
        if self.error or not self.reply:
            return LOST, self.error or f"there was no reply; events: {self.events}"
        if self.refused:
            key = next((key for start, key in refusals().items() if self.reply.startswith(start)), "")
            return (key, "") if key else (LOST, f"nobody knows the sentence {self.reply!r}")
        if self.voice_bytes > _WAV_HEADER_BYTES or self.interrupted:
            return ANSWERED, ""
        if self.voice_error in refusals().values():
            return self.voice_error, ""
        return LOST, f"the reply {self.reply!r} had no voice: {self.voice_error or self.events}"
