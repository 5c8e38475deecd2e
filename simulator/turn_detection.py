"""The service's own detection of turns, on the energy of what arrives (sheet 1.5, 1.14)."""

from dataclasses import dataclass
from typing import Literal

from .audio import FRAME_S, SERVICE_HZ, frame_levels, size_bytes
from .items import Event

FRAME_MS = int(FRAME_S * 1000)
ONSET_FRAMES = 3
"""Louder than the threshold for so long: a click is not speech."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Speech has started or stopped at a place in all the audio of the session."""

    kind: Literal["started", "stopped"]
    at_ms: int


class TurnDetector:
    """Finds turns in audio, in the time of that audio: where none arrives, nothing is found."""

    def __init__(
        self, detection: Event, start_lag_ms: int, stop_lag_ms: int, heard_ms: int, rate_hz: int = SERVICE_HZ
    ) -> None:
        """Detect from `heard_ms` on, with the parameters of turn_detection."""
        self._rate_hz = rate_hz
        self._frame_bytes = size_bytes(FRAME_MS, rate_hz)
        self._threshold: int = detection["energy_awakeness_threshold"]
        self._silence_ms: int = detection["silence_duration_ms"]
        self._prefix_ms: int = detection["prefix_padding_ms"]
        self._start_lag_ms = start_lag_ms
        self._stop_lag_ms = stop_lag_ms
        self._rest = b""
        self._now_ms = heard_ms
        self._first_ms = heard_ms
        self._loud_run = 0
        self._onset_ms: int | None = None
        self._last_loud_ms = 0
        self._started = False

    def feed(self, pcm: bytes) -> list[Boundary]:
        """Listen to more audio."""
        audio = self._rest + pcm
        whole = len(audio) // self._frame_bytes * self._frame_bytes
        self._rest = audio[whole:]
        found = []
        for level in frame_levels(audio[:whole], self._rate_hz):
            self._now_ms += FRAME_MS
            boundary = self._frame(level > self._threshold)
            if boundary is not None:
                found.append(boundary)
        return found

    def _frame(self, loud: bool) -> Boundary | None:
        self._loud_run = self._loud_run + 1 if loud else 0
        if self._onset_ms is None and self._loud_run == ONSET_FRAMES:
            self._onset_ms = self._now_ms - ONSET_FRAMES * FRAME_MS
        if self._onset_ms is None:
            return None
        if loud:
            self._last_loud_ms = self._now_ms
        if not self._started:
            if self._now_ms < self._onset_ms + self._start_lag_ms:
                return None
            self._started = True
            return Boundary("started", max(self._first_ms, self._onset_ms - self._prefix_ms))
        if self._now_ms < self._last_loud_ms + self._silence_ms + self._stop_lag_ms:
            return None
        # What was committed is no prefix of the next turn.
        self._onset_ms, self._started, self._first_ms = None, False, self._now_ms
        return Boundary("stopped", self._last_loud_ms)
