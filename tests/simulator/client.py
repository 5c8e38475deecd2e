"""A plain client of the service's websockets, made for these tests alone."""

import asyncio
import base64
from contextlib import asynccontextmanager

import orjson
from websockets.asyncio.client import connect

from simulator import tones
from simulator.tones import sentences

MODEL = "stepaudio-2.5-realtime"
KEY = "test-key"
TIMEOUT_S = 10
APPEND_BYTES = 2880
SILENCE = bytes(2880)


def voice_of(text, rate_hz=24000):
    return b"".join(tones(sentence, rate_hz) for sentence in sentences(text))


class Client:
    """One websocket, and everything it was sent."""

    def __init__(self, socket):
        self.socket = socket
        self.events = []

    async def send(self, event_type, **fields):
        await self.socket.send(orjson.dumps({"type": event_type} | fields).decode())

    async def receive(self):
        async with asyncio.timeout(TIMEOUT_S):
            event = orjson.loads(await self.socket.recv())
        self.events.append(event)
        return event

    async def until(self, *event_types, count=1):
        """Receive until that many events of one of these types have come, and give the last."""
        while True:
            event = await self.receive()
            if event["type"] in event_types:
                count -= 1
                if count == 0:
                    return event

    def types(self):
        """Give the types in their order, repeated deltas as one."""
        found = [event["type"] for event in self.events]
        return [kind for at, kind in enumerate(found) if at == 0 or kind != found[at - 1]]

    def all(self, event_type):
        return [event for event in self.events if event["type"] == event_type]

    def audio(self):
        return b"".join(base64.b64decode(event["delta"]) for event in self.all("response.audio.delta"))

    async def configure(self, **session):
        session = {"modalities": ["text", "audio"], "turn_detection": None} | session
        await self.send("session.update", event_id="configure", session=session)
        return await self.until("session.updated", "error")

    async def append(self, pcm):
        for at in range(0, len(pcm), APPEND_BYTES):
            audio = base64.b64encode(pcm[at : at + APPEND_BYTES]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    async def say(self, text):
        """Say something in tones, and commit it."""
        await self.append(voice_of(text))
        await self.send("input_audio_buffer.commit")

    async def ask(self, text, **create):
        """Say something and receive the whole answer."""
        await self.say(text)
        await self.send("response.create", **create)
        return await self.until("response.done")

    async def type(self, text, role="user"):
        part = "input_text" if role == "user" else "text"
        item = {"type": "message", "role": role, "content": [{"type": part, "text": text}]}
        await self.send("conversation.item.create", event_id="type", item=item)
        return await self.until("conversation.item.created", "error")


@asynccontextmanager
async def opened(simulator, path="/v1/realtime", model=MODEL, key=KEY, close_timeout=2):
    """Open a websocket of the service."""
    url = simulator.url.replace("http", "ws", 1) + path + (f"?model={model}" if model else "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with connect(
        url, additional_headers=headers, ping_interval=None, close_timeout=close_timeout, max_size=None
    ) as socket:
        yield Client(socket)


@asynccontextmanager
async def configured(simulator, **session):
    """Open a realtime session and configure it."""
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.configure(**session)
        yield client
