"""How a voice is encoded that has piled up before anybody took it."""

import asyncio

import pytest

from custom_components.stepaudio import tts
from custom_components.stepaudio.client.audio import SERVICE_HZ, size_bytes
from custom_components.stepaudio.client.containers import AudioFormat, Encoder


@pytest.mark.parametrize("piece_ms", [40, 170, 4000], ids=["many small pieces", "deltas", "all of it in one"])
async def test_voice_that_has_piled_up_lets_others_have_a_turn_every_half_second_of_it(monkeypatch, piece_ms):
    longest = at_once = 0
    push = Encoder.push

    def noted(encoder, pcm):
        nonlocal longest, at_once
        at_once += len(pcm)
        longest = max(longest, at_once)
        return push(encoder, pcm)

    monkeypatch.setattr(Encoder, "push", noted)

    async def others():
        nonlocal at_once
        while True:
            at_once = 0
            await asyncio.sleep(0)

    async def pieces():
        pcm = bytes(size_bytes(4000, SERVICE_HZ))
        for start in range(0, len(pcm), size_bytes(piece_ms, SERVICE_HZ)):
            yield pcm[start : start + size_bytes(piece_ms, SERVICE_HZ)]

    running = asyncio.create_task(others())
    encoder = Encoder(SERVICE_HZ, AudioFormat())
    stream = b"".join([data async for data in tts._encoded(pieces(), encoder, header_first=True)])
    running.cancel()
    assert len(stream) == len(encoder.header) + size_bytes(4000, SERVICE_HZ)
    assert longest <= size_bytes(500, SERVICE_HZ)
