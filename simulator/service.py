"""What all endpoints of one simulated service share."""

import itertools
import random
from dataclasses import dataclass, field
from typing import Literal

from .brain import Brain
from .clock import Clock
from .ears import Ears, ScriptEars
from .faults import Fault, Faults
from .house import HouseBrain
from .profiles import PROFILES
from .switches import Switches
from .voice import ToneVoice, Voice
from .wire import Upgrade, WireEvent, WireLog

KEPT_RESPONSES = 50
"""They hold their audio."""


@dataclass(eq=False, slots=True)
class SpokenResponse:
    """What the service answered or spoke, as it was sent."""

    id: str
    connection: int
    kind: Literal["voice", "words", "speech"]
    """An answer by voice, an answer by words alone, or text that was to be spoken."""
    text: str = ""
    audio: bytes = b""
    status: str = "in_progress"
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """call_id, name, arguments."""
    voice: str = ""
    instructions: str = ""
    format: str = "pcm"
    sample_rate: int = 24000


class Service:
    """Switches, senses, and the record of what happened."""

    def __init__(
        self,
        *,
        switches: Switches | None = None,
        profile: str = "s3",
        key: str | None = None,
        brain: Brain | None = None,
        ears: Ears | None = None,
        voice: Voice | None = None,
        pace: float = 0.0,
        life: float = 1.0,
        keep: int = 0,
    ) -> None:
        """`switches` wins over `profile`; without `key` any key is right; without a pace nothing is waited for.

        `keep` is how many entries of the log stay, 0 for all; with it, only the newest responses stay.
        """
        self.switches = PROFILES[profile] if switches is None else switches
        """In force from the next event on; replaceable at any time."""
        self.key = key
        self.brain: Brain = brain or HouseBrain()
        self.ears: Ears = ears or ScriptEars()
        self.voice: Voice = voice or ToneVoice()
        self.clock = Clock(pace, life)
        self.faults = Faults(lambda: self.switches.faults)
        self.wire = WireLog(self.clock, keep)
        self.responses: list[SpokenResponse] = []
        self.random = random.Random(0)
        self.numbers = itertools.count(1)
        """Of websockets, in the order of their upgrade."""

        self._keep = keep

    @property
    def upgrades(self) -> list[Upgrade]:
        """Every attempt to open a websocket, in order."""
        return self.wire.upgrades

    @property
    def log(self) -> list[WireEvent]:
        """Every event on every websocket, in order."""
        return self.wire.events

    def answering(self, response: SpokenResponse) -> None:
        """Note a response that has begun."""
        self.responses.append(response)
        if self._keep and len(self.responses) > 2 * KEPT_RESPONSES:
            del self.responses[:-KEPT_RESPONSES]

    async def seen(self, event_type: str, count: int = 1, connection: int | None = None) -> WireEvent:
        """Wait until this many events of a type have passed, and give the last of them."""
        return await self.wire.seen(event_type, count, connection)

    def hear(self, *transcripts: str) -> None:
        """Queue what script ears hear next."""
        if not isinstance(self.ears, ScriptEars):
            raise TypeError("only script ears can be told what they hear")
        self.ears.queue.extend(transcripts)

    def throw(self, *faults: Fault) -> None:
        """Place more faults, counted from now."""
        self.switches = self.switches.replace(faults=(*self.switches.faults, *faults))

    def mend(self) -> None:
        """Take all faults away, and let go on what is stalled."""
        self.switches = self.switches.replace(faults=())
        self.faults.release()

    def release(self) -> None:
        """Let go on what is stalled."""
        self.faults.release()
