"""When to connect again: backoff with jitter, and space between connects. Time is an argument."""

from __future__ import annotations

from collections import deque

# The first new attempt follows soon, since most losses are a hiccup; then the pauses double.
_FIRST_S = 0.25
_LONGEST_S = 60.0
# About the twelfth rapid connect is refused (sheet 1.2); no window is known, so a little fewer in ten seconds.
_BURST = 10
_WINDOW_S = 10.0


class Backoff:
    """The pauses between attempts: doubling, jittered, until something worked."""

    def __init__(self) -> None:
        """Start with the shortest pause."""
        self._attempts = 0

    def next_s(self, jitter: float) -> float:
        """Return the next pause in seconds; `jitter` is a random number from 0 to 1."""
        pause_s: float = min(_FIRST_S * 2**self._attempts, _LONGEST_S)
        self._attempts = min(self._attempts + 1, 16)
        return pause_s * (0.75 + jitter / 2)

    def reset(self) -> None:
        """Start over; only a confirmed configuration proves that a connection works."""
        self._attempts = 0


class Spacing:
    """Space between connects of one account: a few at once, then at the pace of a window."""

    def __init__(self) -> None:
        """Start with nothing connected."""
        self._starts: deque[float] = deque(maxlen=_BURST)

    def wait_s(self, now_s: float) -> float:
        """Take a place, and return how long to wait for it from `now_s` on."""
        start_s = now_s
        if len(self._starts) == _BURST:
            start_s = max(now_s, self._starts[0] + _WINDOW_S)
        self._starts.append(start_s)
        return start_s - now_s
