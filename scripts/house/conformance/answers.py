"""One answer of the model as it came over the wire."""

from typing import Any, Self

from .findings import ProbeError
from .wire import Event, Wire

_WORDS = ("response.audio_transcript.delta", "response.text.delta")


class Answer:
    """From response.created, or the error instead of it, to the end."""

    def __init__(self, wire: Wire, first: Event, asked_s: float) -> None:
        """Take the first event; `asked_s` is when the answer was asked for."""
        self._wire = wire
        self.first = first
        self.asked_s = asked_s
        self.end: Event | None = None

    @property
    def error(self) -> Event | None:
        """The error that came instead of the answer, or that ended it."""
        for event in (self.first, self.end):
            if event is not None and event.error is not None:
                return event
        return None

    def or_fail(self) -> Self:
        """Give it where it is an answer."""
        if self.error is not None:
            raise ProbeError(f"a question was not answered: {self.error.message}")
        return self

    @property
    def events(self) -> list[Event]:
        """All events from the first on, to the end if it has come."""
        last = self._wire.mark if self.end is None else self.end.index + 1
        return self._wire.events[self.first.index : last]

    def of(self, *kinds: str) -> list[Event]:
        """Give the events of some kinds."""
        return [event for event in self.events if event.kind in kinds]

    @property
    def voice(self) -> list[Event]:
        """The pieces of voice."""
        return self.of("response.audio.delta")

    @property
    def words(self) -> list[Event]:
        """The pieces of words."""
        return self.of(*_WORDS)

    @property
    def text(self) -> str:
        """The words."""
        return "".join(str(event.body.get("delta", "")) for event in self.words)

    @property
    def response(self) -> dict[str, Any]:
        """What the last event tells of the answer."""
        return {} if self.end is None else self.end.part("response")

    @property
    def items(self) -> list[dict[str, Any]]:
        """The finished items."""
        done = [event.part("item") for event in self.of("response.output_item.done")]
        output = self.response.get("output")
        return done + [item for item in (output if isinstance(output, list) else []) if isinstance(item, dict)]

    @property
    def calls(self) -> list[Event]:
        """The functions that were called, with all of their arguments."""
        return self.of("response.function_call_arguments.done")
