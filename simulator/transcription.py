"""Telling the client what the user said, at the moment the switches name (sheet 1.10)."""

import asyncio

from .faults import StruckError
from .items import Event, Item
from .service import Service
from .text import words_of
from .wire import Outlet

KIND = "conversation.item.input_audio_transcription"
PIECE_S = 0.005
RANDOM_MOMENTS = ("before", "within", "after")


class Transcription:
    """The transcripts that are still owed to one realtime client."""

    def __init__(self, service: Service, outlet: Outlet) -> None:
        """Send through `outlet`."""
        self._service = service
        self._outlet = outlet
        self._owed: dict[Item, asyncio.Lock] = {}
        self._moments: dict[Item, str] = {}
        self._answered: set[Item] = set()

    def owe(self, item: Item) -> None:
        """Note an item whose words the client is to be told."""
        moment: str = self._service.switches.transcript_moment
        if moment == "random":
            moment = self._service.random.choice(RANDOM_MOMENTS)
        if moment != "never":
            self._owed[item], self._moments[item] = asyncio.Lock(), moment

    def owed(self) -> list[Item]:
        """Items whose words the client was not told."""
        return list(self._owed)

    def answered(self, items: list[Item]) -> None:
        """Note that a response answers these items, which decides the moment of their words."""
        self._answered.update(items)

    async def unanswered(self, item: Item) -> None:
        """Tell the words of an item that no response has answered in a while."""
        limit_s = self._service.switches.transcript_unanswered_s
        if limit_s and self._moments.get(item) not in (None, "next"):
            await self._service.clock.limit(limit_s)
            if item not in self._answered:
                await self._tell(item)

    async def at(self, moment: str, items: list[Item]) -> None:
        """Tell the words of the items whose moment this is."""
        for item in items:
            if self._moments.get(item) == moment:
                await self._tell(item)

    async def after(self, items: list[Item]) -> None:
        """Tell what is left of the words of items that were answered."""
        for item in items:
            if self._moments.get(item) != "next":
                await self._tell(item)

    async def _tell(self, item: Item) -> None:
        """Tell the words of an item, once."""
        lock = self._owed.get(item)
        if lock is None:
            return
        async with lock:
            if item not in self._owed:
                return
            words = await item.heard()
            try:
                for event in self._events(item, words):
                    await self._outlet.send(event)
                    await self._service.clock.sleep(PIECE_S)
            except StruckError as struck:
                place: Event = {"item_id": item.id, "content_index": 0}
                error = {"type": "server_error", "code": "503", "message": struck.fault.value or "transcription failed"}
                await self._outlet.send({"type": f"{KIND}.failed"} | place | {"error": error})
            del self._owed[item]

    def _events(self, item: Item, words: str) -> list[Event]:
        place: Event = {"item_id": item.id, "content_index": 0}
        form, said, events = self._service.switches.transcript_deltas, "", []
        for word in words_of(words) if form != "none" else ():
            said += word
            delta = said if form == "cumulative" else word
            events.append({"type": f"{KIND}.delta"} | place | {"delta": delta})
        if form == "cumulative" and said:
            # The last one is repeated (sheet 1.10).
            events.append({"type": f"{KIND}.delta"} | place | {"delta": said})
        return [*events, {"type": f"{KIND}.completed"} | place | {"transcript": words}]
