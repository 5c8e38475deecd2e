"""A satellite that ends its speech itself, and breaks a reply off once it has heard enough of it."""

import asyncio
import time
from dataclasses import dataclass, field
from math import inf

from house.api import Api, Json, Socket
from house.report import HouseError
from house.sound import RATE_HZ, header_bytes

FRAME_MS = 20
_FRAME_BYTES = RATE_HZ * 2 * FRAME_MS // 1000


@dataclass
class Turn:
    """One turn from the satellite's side; times are monotonic seconds, 0 for what did not come."""

    frames: list[float] = field(default_factory=list)
    """When each frame of the question is sent."""
    last_frame: float = 0.0
    """The last frame of the question is sent, and right behind it that there is no more."""
    transcript: float = 0.0
    fetch: float = 0.0
    """The satellite asks for the reply's sound."""
    first_sound: float = 0.0
    """The first byte of sound, behind the container's header."""
    run_end: float = 0.0

    heard: str = ""
    """What Home Assistant took the question for."""
    conversation_id: str = ""
    sound: bytearray = field(default_factory=bytearray)
    """The reply as far as it was heard, in its container."""


async def ask(
    api: Api,
    socket: Socket,
    pipeline_id: str,
    question: bytes,
    *,
    conversation_id: str | None = None,
    enough_bytes: float = 1,
    timeout_s: float = 30.0,
) -> Turn:
    """Speak 16 kHz speech in real time, and listen to so many bytes of sound; `inf`: until reply and run are over.

    What Home Assistant still does when enough was heard is cancelled.
    """
    turn = Turn()
    run = socket.subscription(
        "assist_pipeline/run",
        start_stage="stt",
        end_stage="tts",
        input={"sample_rate": RATE_HZ, "no_vad": True},
        pipeline=pipeline_id,
        conversation_id=conversation_id,
    )
    try:
        async with asyncio.timeout(timeout_s), run as events, asyncio.TaskGroup() as tasks:
            begin = await _told(events, turn)
            turn.conversation_id = begin["conversation_id"]
            handler = bytes([begin["runner_data"]["stt_binary_handler_id"]])
            tasks.create_task(_speak(socket, handler, question, turn))
            told: Json = {}
            while not ("tts_output" in told or told.get("tts_start_streaming")):
                told = await _told(events, turn)
            rest = tasks.create_task(_until_over(events, turn))
            await _listen(api, api.url + begin["tts_output"]["url"], enough_bytes, turn)
            if enough_bytes != inf:
                rest.cancel()
    except TimeoutError:
        raise HouseError(f"The turn was not over after {timeout_s:.0f} s.") from None
    return turn


async def _told(events: asyncio.Queue[tuple[float, Json] | None], turn: Turn) -> Json:
    """Note the run's next event, and return its data."""
    if (arrival := await events.get()) is None:
        raise HouseError("Home Assistant closed the connection in the middle of a turn.")
    at, event = arrival
    data: Json = event.get("data") or {}
    match event["type"]:
        case "stt-end":
            turn.transcript = at
            turn.heard = data["stt_output"]["text"]
        case "error":
            raise HouseError(f"The turn failed: {data['message']} ({data['code']})")
        case "run-end":
            turn.run_end = at
    return data


async def _until_over(events: asyncio.Queue[tuple[float, Json] | None], turn: Turn) -> None:
    while not turn.run_end:
        await _told(events, turn)


async def _speak(socket: Socket, handler: bytes, question: bytes, turn: Turn) -> None:
    """Send the question a frame at a time, as fast as it is spoken, and end it."""
    begun = time.monotonic()
    for sent, at in enumerate(range(0, len(question), _FRAME_BYTES)):
        await asyncio.sleep(begun + sent * FRAME_MS / 1000 - time.monotonic())
        turn.last_frame = time.monotonic()
        turn.frames.append(turn.last_frame)
        await socket.send_binary(handler + question[at : at + _FRAME_BYTES])
    await socket.send_binary(handler)


async def _listen(api: Api, url: str, enough_bytes: float, turn: Turn) -> None:
    """Fetch the reply's sound while it is being made, until there is enough of it."""
    turn.fetch = time.monotonic()
    async with api.session.get(url) as response:
        if not response.ok:
            raise HouseError(f"Home Assistant answered the reply's address with {response.status}.")
        header: int | None = None
        async for piece in response.content.iter_any():
            turn.sound += piece
            if header is None:
                header = header_bytes(bytes(turn.sound))
            heard_bytes = 0 if header is None else len(turn.sound) - header
            if heard_bytes > 0 and not turn.first_sound:
                turn.first_sound = time.monotonic()
            if heard_bytes >= enough_bytes:
                return
    if not turn.first_sound:
        raise HouseError("The reply has no sound.")
