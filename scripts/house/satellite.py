"""A voice satellite: speaks into Assist over Home Assistant's websocket and plays what comes back."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

from .api import Api, Json, Socket
from .report import HouseError
from .sound import RATE_HZ, header_bytes

_FRAME_MS = 20
_FRAME_BYTES = RATE_HZ * 2 * _FRAME_MS // 1000
_SILENCE = bytes(_FRAME_BYTES)
_UNHEARD = "\u200b"  # zero-width: starts speech early, is neither shown nor spoken


@dataclass
class Heard:
    """One turn from the satellite's side; times are monotonic seconds."""

    started: float
    speech_end: float | None = None
    """The last frame of the question was sent."""
    vad_end: float | None = None
    """Home Assistant decided that the user has finished."""
    transcript_at: float | None = None
    first_word: float | None = None
    words_end: float | None = None
    fetch: float | None = None
    """The satellite asked for the reply's sound."""
    first_audio: float | None = None
    """The first byte of sound, behind the container's header."""
    audio_end: float | None = None
    ended: float | None = None

    transcript: str = ""
    reply: str = ""
    words_before_voice: str = ""
    """What the agent had said when Home Assistant announced the voice."""
    tools: list[tuple[str, Json, float]] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    conversation_id: str | None = None
    error: str | None = None


class Satellite:
    """One device in one room; its conversation goes on from turn to turn."""

    def __init__(self, api: Api, socket: Socket, pipeline_id: str, device_id: str | None = None) -> None:
        self._api = api
        self._socket = socket
        self._pipeline_id = pipeline_id
        self._device_id = device_id
        self._conversation_id: str | None = None

    async def ask(self, question: bytes, timeout_s: float = 60.0) -> Heard:
        """Speak a question, in real time, and listen until the reply has ended."""
        turn = Heard(time.monotonic())
        try:
            async with asyncio.timeout(timeout_s):
                await self._ask(question, turn)
        except* TimeoutError:
            turn.error = f"the turn was not over after {timeout_s:.0f} s"
        except* (HouseError, aiohttp.ClientError, OSError) as errors:
            turn.error = "; ".join(str(error) for error in errors.exceptions)
        self._conversation_id = turn.conversation_id or self._conversation_id
        return turn

    async def _ask(self, question: bytes, turn: Heard) -> None:
        run = self._socket.subscription(
            "assist_pipeline/run",
            start_stage="stt",
            end_stage="tts",
            input={"sample_rate": RATE_HZ},
            pipeline=self._pipeline_id,
            conversation_id=self._conversation_id,
            device_id=self._device_id,
        )
        async with run as events, asyncio.TaskGroup() as tasks:
            speaking: asyncio.Task[None] | None = None
            listening: asyncio.Task[None] | None = None
            url = ""
            while turn.ended is None:
                if (arrival := await events.get()) is None:
                    raise HouseError("Home Assistant closed the connection in the middle of a turn.")
                at, event = arrival
                data = event.get("data") or {}
                _note(turn, event["type"], data, at)
                match event["type"]:
                    case "run-start":
                        url = self._api.url + data["tts_output"]["url"]
                        handler = bytes([data["runner_data"]["stt_binary_handler_id"]])
                        speaking = tasks.create_task(self._speak(question, handler, turn))
                    case "stt-vad-end" | "stt-end" | "error" if speaking:
                        speaking.cancel()
                if listening is None and (data.get("tts_start_streaming") or event["type"] == "tts-end"):
                    listening = tasks.create_task(self._listen(url, turn))
            if speaking:
                speaking.cancel()

    async def _speak(self, question: bytes, handler: bytes, turn: Heard) -> None:
        """Send the question and then silence, a frame at a time, until somebody says stop."""
        begun = time.monotonic()
        sent = 0
        while True:
            frame = question[sent * _FRAME_BYTES : (sent + 1) * _FRAME_BYTES]
            if not frame and turn.speech_end is None:
                turn.speech_end = time.monotonic()
            await self._socket.send_binary(handler + frame + _SILENCE[len(frame) :])
            sent += 1
            await asyncio.sleep(begun + sent * _FRAME_MS / 1000 - time.monotonic())

    async def _listen(self, url: str, turn: Heard) -> None:
        """Fetch the reply's sound while it is being made."""
        turn.fetch = time.monotonic()
        try:
            async with self._api.session.get(url) as response:
                response.raise_for_status()
                async for piece in response.content.iter_any():
                    turn.audio += piece
                    if turn.first_audio is None:
                        header = header_bytes(bytes(turn.audio[:65536]))
                        if header is not None and len(turn.audio) > header:
                            turn.first_audio = time.monotonic()
        except aiohttp.ClientError as error:
            turn.error = turn.error or f"the reply's sound could not be fetched: {error}"
        turn.audio_end = time.monotonic()


def _note(turn: Heard, kind: str, data: Json, at: float) -> None:
    """Write down what one pipeline event tells."""
    match kind:
        case "run-start":
            turn.conversation_id = data.get("conversation_id")
        case "stt-vad-end":
            turn.vad_end = at
        case "stt-end":
            turn.transcript = data["stt_output"]["text"]
            turn.transcript_at = at
        case "intent-progress":
            delta = data.get("chat_log_delta") or {}
            if delta.get("role") == "assistant" and turn.reply and not turn.reply[-1].isspace():
                turn.reply += " "
            words = (delta.get("content") or "").replace(_UNHEARD, "")
            if words and delta.get("role") in {None, "assistant"}:
                turn.reply += words
                turn.first_word = turn.first_word or at
            turn.tools += [(call["tool_name"], call["tool_args"], at) for call in delta.get("tool_calls") or ()]
            if data.get("tts_start_streaming"):
                turn.words_before_voice = turn.reply
        case "intent-end":
            turn.words_end = at
            speech = data["intent_output"]["response"]["speech"]
            turn.reply = turn.reply.strip() or speech.get("plain", {}).get("speech", "")
        case "error":
            turn.error = f"{data['message']} ({data['code']})"
        case "run-end":
            turn.ended = at
