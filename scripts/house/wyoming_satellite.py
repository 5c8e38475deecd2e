"""A Wyoming satellite: Home Assistant's Wyoming integration connects to it, listens to it and speaks through it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, async_read_event, async_write_event
from wyoming.info import Attribution, Info, Satellite
from wyoming.ping import Ping, Pong
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.snd import Played
from wyoming.tts import Synthesize

from .report import HouseError
from .satellite import Heard
from .sound import RATE_HZ, wav

_CHUNK_MS = 10
_CHUNK_BYTES = RATE_HZ * 2 * _CHUNK_MS // 1000


type Speaker = Callable[[AudioStart, AsyncIterator[bytes]], Awaitable[None]]
"""Plays samples of a shape while they come, until they have been played."""


@dataclass
class _Sound:
    """What Home Assistant is sending to be played."""

    heard: Heard
    shape: AudioStart
    announced: bool
    """Whether nobody asked for it."""
    samples: bytearray = field(default_factory=bytearray)
    coming: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    """What is still to be played; None is the end."""

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the samples as they come."""
        while (piece := await self.coming.get()) is not None:
            self.samples += piece
            yield piece


class WyomingSatellite:
    """One device in one room, with a button to speak while it is held; Home Assistant keeps its conversation."""

    def __init__(
        self, name: str, area: str | None = None, *, in_real_time: bool = True, speaker: Speaker | None = None
    ) -> None:
        """Be a satellite that, unless in real time, speaks as fast as the network takes it.

        Without a speaker it plays to nobody: in real time it waits as long as playing takes.
        """
        self.announcements: asyncio.Queue[Heard] = asyncio.Queue()
        """What was said without having been asked, each as soon as it was played."""
        self._name = name
        self._area = area
        self._in_real_time = in_real_time
        self._speaker = speaker or self._play_to_nobody
        self._home: asyncio.StreamWriter | None = None
        self._running = asyncio.Event()
        self._turn: Heard | None = None
        self._answered = asyncio.Event()
        self._sound: _Sound | None = None

    @asynccontextmanager
    async def served(self, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[int]:
        """Wait for Home Assistant at the port that this gives, until the context ends."""
        async with asyncio.TaskGroup() as group:
            tasks: set[asyncio.Task[None]] = set()

            def start(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
                task = group.create_task(work)
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                return task

            self._start = start
            server = await asyncio.start_server(lambda *streams: start(self._serve(*streams)), host, port)
            try:
                yield server.sockets[0].getsockname()[1]
            finally:
                server.close()
                for task in tasks:
                    task.cancel()

    async def running(self) -> None:
        """Wait until Home Assistant has told the satellite to run."""
        await self._running.wait()

    async def ask(self, question: bytes | AsyncGenerator[bytes], timeout_s: float = 60.0) -> Heard:
        """Speak a question, 16 kHz mono, and listen until the reply was played.

        What comes from a microphone is sent until Home Assistant has heard the end of it.
        """
        if self._turn is not None:
            raise HouseError(f"The satellite {self._name} is still being answered.")
        turn = self._turn = Heard(time.monotonic())
        self._answered.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._speak(question, turn)
                await self._answered.wait()
        except TimeoutError:
            turn.error = f"the turn was not over after {timeout_s:.0f} s"
        except (OSError, HouseError) as error:
            turn.error = str(error)
        finally:
            self._turn = None
        return turn

    async def _speak(self, question: bytes | AsyncGenerator[bytes], turn: Heard) -> None:
        await self._send(RunPipeline(PipelineStage.ASR, PipelineStage.TTS))
        await self._send(AudioStart(RATE_HZ, 2, 1))
        async with aclosing(self._spoken(question, turn) if isinstance(question, bytes) else question) as chunks:
            async for chunk in chunks:
                if turn.vad_end is not None or self._answered.is_set():
                    break
                await self._send(AudioChunk(RATE_HZ, 2, 1, chunk))
        await self._send(AudioStop())
        turn.speech_end = time.monotonic()

    async def _spoken(self, question: bytes, turn: Heard) -> AsyncGenerator[bytes]:
        """Give a question as a microphone would."""
        for at in range(0, len(question), _CHUNK_BYTES):
            yield question[at : at + _CHUNK_BYTES]
            if self._in_real_time:
                await asyncio.sleep(turn.started + (at // _CHUNK_BYTES + 1) * _CHUNK_MS / 1000 - time.monotonic())

    async def _send(self, message: Eventable) -> None:
        if self._home is None:
            raise HouseError(f"Home Assistant is not connected to the satellite {self._name}.")
        await async_write_event(message.event(), self._home)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: the one that runs the satellite, or one that only asks what it is."""
        try:
            while (event := await async_read_event(reader)) is not None:
                match event.type:
                    case "describe":
                        await async_write_event(self._info().event(), writer)
                    case "ping":
                        await async_write_event(Pong(Ping.from_event(event).text).event(), writer)
                    case "run-satellite":
                        self._home = writer
                        self._running.set()
                    case "pause-satellite":
                        self._leave(writer)
                    case _:
                        self._take(event)
        except ConnectionError, asyncio.IncompleteReadError:
            pass
        finally:
            self._leave(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _info(self) -> Info:
        attribution = Attribution("StepAudio for Home Assistant", "")
        return Info(satellite=Satellite(self._name, attribution, True, None, None, area=self._area, has_vad=True))

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        if self._home is not writer:
            return
        self._home = None
        self._running.clear()
        if self._sound is not None:
            self._playing.cancel()
            self._sound = None
        if self._turn is not None:
            self._fail(self._turn, "Home Assistant left in the middle of a turn")

    def _take(self, event: Event) -> None:
        """Take what Home Assistant tells of the turn, and its sound."""
        now = time.monotonic()
        turn = self._turn
        match event.type:
            case "audio-start":
                self._sound = _Sound(turn or Heard(now), AudioStart.from_event(event), announced=turn is None)
                self._playing = self._start(self._play(self._sound))
            case "audio-chunk" if self._sound:
                self._sound.heard.first_audio = self._sound.heard.first_audio or now
                self._sound.coming.put_nowait(AudioChunk.from_event(event).audio)
            case "audio-stop" if self._sound:
                self._sound.heard.audio_end = now
                self._sound.coming.put_nowait(None)
                self._sound = None
            case "audio-stop" if turn:
                turn.ended = now
                self._end(turn)
            case "voice-stopped" if turn:
                turn.vad_end = now
            case "transcript" if turn:
                turn.transcript, turn.transcript_at = Transcript.from_event(event).text, now
            case "synthesize" if turn:
                turn.reply, turn.words_end = Synthesize.from_event(event).text, now
                self._end(turn)
            case "error" if turn:
                error = Error.from_event(event)
                self._fail(turn, f"{error.text} ({error.code})")

    async def _play(self, sound: _Sound) -> None:
        """Play what comes, and tell that it was played."""
        heard, shape = sound.heard, sound.shape
        await self._speaker(shape, sound.pieces())
        heard.audio += wav(bytes(sound.samples), shape.rate, shape.channels, shape.width)
        heard.ended = time.monotonic()
        with suppress(ConnectionError, HouseError):
            await self._send(Played())
        if sound.announced:
            self.announcements.put_nowait(heard)
        else:
            self._end(heard)

    async def _play_to_nobody(self, shape: AudioStart, pieces: AsyncIterator[bytes]) -> None:
        begun, played_s = time.monotonic(), 0.0
        async for piece in pieces:
            played_s += len(piece) / (shape.rate * shape.channels * shape.width)
        if self._in_real_time:
            await asyncio.sleep(begun + played_s - time.monotonic())

    def _end(self, turn: Heard) -> None:
        """End the turn when both are here: the voice of a fused turn may be complete before its words are told."""
        if turn is self._turn and turn.ended is not None and turn.words_end is not None:
            self._answered.set()

    def _fail(self, turn: Heard, error: str) -> None:
        turn.error = error
        self._answered.set()
