"""The scenario that takes first turns far from the service, and the line that makes it far."""

import asyncio

import pytest

from house.bench.distance import Line

from .measuring import figures_of


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_warm_gives_every_figure():
    figures = figures_of("warm", turns=1)
    assert set(figures) == {"warm.fused_ms", "warm.with_ms", "warm.without_ms", "warm.with_over_fused_ms"}
    over_ms = figures["warm.with_ms"] - figures["warm.fused_ms"]
    assert figures["warm.with_over_fused_ms"] == pytest.approx(over_ms, abs=0.002)  # each is rounded
    # What the line adds is no matter of how fast the machine is: it is waited for in any case.
    assert figures["warm.with_ms"] > 212 + 60
    assert figures["warm.without_ms"] > 212 + 60


async def test_line_carries_both_ways_in_order_and_ends_with_either_end(socket_enabled):
    async def shout(reader, writer):
        while piece := await reader.read(100):
            writer.write(piece.upper())
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        line = Line(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        line.round_trip_s = 0.002
        async with line.opened():
            reader, writer = await asyncio.open_connection("127.0.0.1", int(line.url.rpartition(":")[2]))
            for number in range(50):
                writer.write(b"piece %d " % number)
                await asyncio.sleep(0)
            said = b"".join(b"PIECE %d " % number for number in range(50))
            # All of it before the end: a websocket, too, closes only when nobody has more to say.
            assert await reader.readexactly(len(said)) == said
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()


async def test_line_lets_nothing_through_before_the_greetings_of_both_ends(socket_enabled):
    """A connection that opens takes TCP's round trip and TLS's, and half of one for the first byte to arrive."""
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()

    async def note(reader, writer):
        await reader.read(1)
        arrived.set_result(loop.time())
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        line = Line(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        line.round_trip_s = 0.04
        async with line.opened():
            begun = loop.time()
            _, writer = await asyncio.open_connection("127.0.0.1", int(line.url.rpartition(":")[2]))
            writer.write(b"!")
            assert await arrived - begun > 2.4 * 0.04
            writer.close()
