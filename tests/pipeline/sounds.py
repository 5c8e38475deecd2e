"""What tests play to the ears, what they have said, and how they listen to it."""

import io
import random
import struct

import av
from homeassistant.components.tts import async_create_stream

from house.sound import decode
from simulator import read_tones

# Two seconds of a quiet room's hiss.
NOISE = b"".join(struct.pack("<h", random.Random(n).randrange(-150, 150)) for n in range(32_000))
CHIME = (b"\x00\x20" * 20 + b"\x00\xe0" * 20) * 200


def listen(data):
    """Return container, rate and channels of a reply, and its words."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        shape = container.format.name, stream.rate, stream.channels
    return *shape, read_tones(decode(data, 24_000), 24_000)


async def say(hass, speaker, message, **options):
    """Return the audio of a message."""
    stream = async_create_stream(hass, speaker, "en-US", options)
    stream.async_set_message(message)
    return b"".join([chunk async for chunk in stream.async_stream_result()])
