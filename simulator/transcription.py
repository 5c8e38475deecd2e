"""Telling the client what the user said, at the moment the switches name (sheet 1.10)."""

import asyncio
from collections.abc import AsyncIterator

from .items import Event, Item
from .service import Service
from .switches import Switches
from .text import words_of
from .wire import Outlet

PIECE_S = 0.005


class Transcription:
    """The transcripts that are still owed to one realtime client."""

    def __init__(self, service: Service, outlet: Outlet) -> None:
        """Send through `outlet`."""
        self._service = service
        self._outlet = outlet
        self._owed: dict[Item, asyncio.Lock] = {}
        self._answered: set[Item] = set()

    def owe(self, item: Item) -> None:
        """Note an item whose words the client is to be told."""
        if self._service.switches.transcript_moment != "never":
            self._owed[item] = asyncio.Lock()

    def owed(self) -> list[Item]:
        """Items whose words the client was not told."""
        return list(self._owed)

    def answered(self, items: list[Item]) -> None:
        """Note that a response answers these items, which decides the moment of their words."""
        self._answered.update(items)

    async def unanswered(self, item: Item) -> None:
        """Tell the words of an item that no response has answered in a while."""
        switches = self._service.switches
        if switches.transcript_unanswered_s and switches.transcript_moment != "next":
            await self._service.clock.limit(switches.transcript_unanswered_s)
            if item not in self._answered:
                await self.tell([item])

    async def at(self, moment: str, items: list[Item]) -> None:
        """Tell the words of items when this is their moment."""
        if self._service.switches.transcript_moment == moment:
            await self.tell(items)

    async def tell(self, items: list[Item]) -> None:
        """Tell the words of items, each once."""
        for item in items:
            lock = self._owed.get(item)
            if lock is None or item.words is None:
                continue
            async with lock:
                if item not in self._owed:
                    continue
                words = await item.heard()
                async for event in self._events(item, words, self._service.switches):
                    await self._outlet.send(event)
                del self._owed[item]

    async def _events(self, item: Item, words: str, switches: Switches) -> AsyncIterator[Event]:
        event: Event = {"item_id": item.id, "content_index": 0}
        kind = "conversation.item.input_audio_transcription"
        if switches.transcript_deltas != "none":
            said = ""
            for word in words_of(words):
                said += word
                delta = said if switches.transcript_deltas == "cumulative" else word
                yield {"type": f"{kind}.delta"} | event | {"delta": delta}
                await self._service.clock.sleep(PIECE_S)
            if switches.transcript_deltas == "cumulative" and said:
                # The last one is repeated (sheet 1.10).
                yield {"type": f"{kind}.delta"} | event | {"delta": said}
        yield {"type": f"{kind}.completed"} | event | {"transcript": words}
