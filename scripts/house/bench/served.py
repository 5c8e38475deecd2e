"""What the service wrote down of spoken turns."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BYTES_PER_MS = 48  # 16-bit mono at 24 kHz
# The filter of a resampler holds the last few samples of a piece back until the next one.
_HELD_BACK_MS = 2


@dataclass
class Served:
    """One spoken turn at the service; times are monotonic seconds, 0 for what did not come."""

    appends: list[tuple[float, int]] = field(default_factory=list)
    """When audio came, and how many bytes of it."""
    commit: float = 0.0
    words: str = ""
    first_audio: float = 0.0
    """The first piece of the model's voice was sent."""


def served(record: Path, start: float) -> list[Served]:
    """Return the turns that were committed after a time."""
    lines = (json.loads(line) for line in record.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return [turn for turn in _turns(lines) if turn.commit >= start]


def _turns(lines: Iterable[dict[str, Any]]) -> list[Served]:
    turns: list[Served] = []
    fed: dict[int, Served] = {}
    answered: dict[int, Served] = {}
    for line in lines:
        connection, event = line["connection"], line.get("event", {})
        match line["direction"], event.get("type"):
            case "in", "input_audio_buffer.append":
                fed.setdefault(connection, Served()).appends.append((line["at"], event["audio"]))
            case "in", "input_audio_buffer.commit":
                turn = answered[connection] = fed.pop(connection, Served())
                turn.commit = line["at"]
                turns.append(turn)
            case "out", "conversation.item.input_audio_transcription.completed" if connection in answered:
                answered[connection].words = event["transcript"]
            case "out", "response.audio.delta" if connection in answered:
                turn = answered[connection]
                turn.first_audio = turn.first_audio or line["at"]
    return turns


def delays_ms(frames: Sequence[float], frame_ms: int, turn: Served) -> list[float]:
    """Return for each frame, by when it was sent, how long it took until all of its sound was at the service."""
    delays = []
    arrivals = iter(turn.appends)
    at, arrived_ms = 0.0, 0.0
    for number, sent in enumerate(frames, 1):
        while arrived_ms < number * frame_ms - _HELD_BACK_MS:
            at, size = next(arrivals, (turn.commit, number * frame_ms * _BYTES_PER_MS))
            arrived_ms += size / _BYTES_PER_MS
        delays.append((at - sent) * 1000)
    return delays
