"""The input audio buffer of a realtime session."""

from .audio import SERVICE_HZ, duration_ms, loud_span, size_bytes
from .items import Event, RefusedError
from .session import Session
from .switches import Switches
from .turn_detection import Boundary, TurnDetector


class InputAudio:
    """What the client has sent and nobody has committed, and the detection of turns in it."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.buffer = bytearray()
        self.heard_bytes = 0
        self._detector: TurnDetector | None = None
        self._detection: Event | None = None

    def append(self, audio: bytes, session: Session, switches: Switches) -> list[Boundary]:
        """Take audio, and give the boundaries found in it when the service detects turns."""
        self.buffer += audio
        detector = self._detector_for(session, switches)
        self.heard_bytes += len(audio)
        return detector.feed(audio) if detector is not None else []

    def take(self) -> bytes:
        """Give what was not committed yet."""
        if not self.buffer:
            raise RefusedError("input audio buffer is empty")
        taken, self.buffer = bytes(self.buffer), bytearray()
        return taken

    def take_from(self, start_ms: int) -> bytes:
        """Give what was heard since a place in all the audio."""
        size = self.heard_bytes - size_bytes(start_ms)
        taken = bytes(self.buffer[-size:]) if size else b""
        self.buffer.clear()
        return taken

    def clear(self) -> None:
        """Forget what was not committed."""
        self.buffer.clear()

    def _detector_for(self, session: Session, switches: Switches) -> TurnDetector | None:
        if session.detection != self._detection:
            self._detection = session.detection
            self._detector = None
            if session.detection is not None:
                lags = switches.vad_start_lag_ms, switches.vad_stop_lag_ms
                self._detector = TurnDetector(session.detection, *lags, duration_ms(self.heard_bytes))
        return self._detector


def is_speech(audio: bytes, switches: Switches) -> bool:
    """Tell whether committed audio holds enough speech to be answered (sheet 1.13)."""
    if switches.min_speech_ms == 0:
        return True
    span = loud_span(audio, SERVICE_HZ, switches.speech_level)
    return span is not None and span[1] - span[0] >= switches.min_speech_ms
