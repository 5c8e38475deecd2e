"""The configuration of a realtime session: what can be set, and how it is echoed (sheet 1.5)."""

import copy
import uuid
from typing import Any

from .items import Event, RefusedError
from .switches import Switches
from .voices import CLONE_PREFIX, REALTIME_VOICES

MODALITIES = ("text", "audio")
DETECTION = {
    "type": "server_vad",
    "prefix_padding_ms": 500,
    "silence_duration_ms": 100,
    "energy_awakeness_threshold": 2500,
}
DETECTION_RANGES = {
    "prefix_padding_ms": (0, 60_000),
    "silence_duration_ms": (0, 60_000),
    "energy_awakeness_threshold": (0, 5000),
}
TOOL_TYPES = ("function", "web_search", "retrieval")


class Session:
    """What a client has configured, over the service's defaults."""

    def __init__(self, model: str, switches: Switches) -> None:
        """Start with the defaults."""
        self.id = f"sess_{uuid.uuid4().hex}"
        self.model = model
        self.modalities = list(MODALITIES)
        self.modalities_sent = False
        self.instructions = ""
        self.voice = REALTIME_VOICES[switches.region][0]
        self.detection: Event | None = dict(DETECTION) if switches.vad_default else None
        self.tools: list[Event] = []
        self.volume_ratio: float | None = None
        self.spoken = False
        """Audio has been sent: the voice is fixed."""

    def created(self, switches: Switches) -> Event:
        """Give the session of session.created."""
        tokens: int | str = 4096 if switches.max_tokens_echo == "number" else "4096"
        return self._identity() | self._common() | {"max_response_output_tokens": tokens}

    def updated(self, switches: Switches) -> Event:
        """Give the session of session.updated: known fields only."""
        shown = (self._identity() if switches.updated_carries_id else {}) | self._common()
        shown["tools"] = copy.deepcopy(self.tools)
        if self.detection is not None:
            shown["turn_detection"] = dict(self.detection)
        elif switches.vad_off_echo != "missing":
            shown["turn_detection"] = None if switches.vad_off_echo == "null" else {"type": ""}
        if self.volume_ratio is not None:
            shown["volume_ratio"] = self.volume_ratio
        return shown

    def update(self, body: Any, switches: Switches) -> None:
        """Merge what a client sent, wholly or not at all; what is unknown is dropped."""
        if not isinstance(body, dict):
            raise RefusedError("invalid event format")
        draft = copy.copy(self)
        for name, value in body.items():
            draft.set(name, value, switches)
        self.__dict__ = draft.__dict__

    def set(self, name: str, value: Any, switches: Switches) -> None:
        """Set one field as a client sent it."""
        match name, value:
            case "modalities", list() if value and set(value) <= set(MODALITIES):
                self.modalities, self.modalities_sent = list(value), True
            case "instructions", str():
                self.instructions = value
            case "voice", str():
                self._set_voice(value, switches)
            case (("input_audio_format" | "output_audio_format"), "pcm16"):
                pass
            case "turn_detection", (dict() | None):
                self.detection = read_detection(value)
            case "tools", list():
                self.tools = [read_tool(tool) for tool in value]
            case "tool_choice", str():
                pass  # accepted, not enforced, not echoed
            case "volume_ratio", (int() | float()):
                self.volume_ratio = value
            case (("modalities" | "instructions" | "voice" | "turn_detection" | "tools" | "tool_choice"), _):
                raise RefusedError("invalid event format")
            case (("input_audio_format" | "output_audio_format"), _):
                raise RefusedError(f"{name} {value} is not valid")

    def _set_voice(self, voice: str, switches: Switches) -> None:
        if voice not in REALTIME_VOICES[switches.region] and not voice.startswith(CLONE_PREFIX):
            if switches.voice_refusal == "error":
                raise RefusedError(f"voice {voice} is not valid")
            return
        if voice != self.voice and self.spoken:
            if switches.voice_change == "error":
                raise RefusedError("voice cannot be changed after audio was sent")
            return
        self.voice = voice

    def _identity(self) -> Event:
        return {"id": self.id, "object": "realtime.session", "model": self.model}

    def _common(self) -> Event:
        return {
            "modalities": list(self.modalities),
            "instructions": self.instructions,
            "voice": self.voice,
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
        }


def read_detection(value: Event | None) -> Event | None:
    """Read turn_detection, with the documented defaults and ranges; None is off."""
    if value is None:
        return None
    if value.get("type") != "server_vad":
        raise RefusedError("turn_detection.type must be server_vad")
    detection = dict(DETECTION)
    for name, (low, high) in DETECTION_RANGES.items():
        found = value.get(name, DETECTION[name])
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            raise RefusedError(f"turn_detection.{name} is not valid")
        detection[name] = found
    return detection


def read_tool(tool: Any) -> Event:
    """Read one tool: functions in the nested form (sheet 1.7); refusing other forms is inferred."""
    if not isinstance(tool, dict) or tool.get("type") not in TOOL_TYPES:
        raise RefusedError("invalid event format")
    function = tool.get("function")
    if tool["type"] == "function" and (not isinstance(function, dict) or not isinstance(function.get("name"), str)):
        raise RefusedError("invalid event format")
    if tool["type"] == "retrieval":
        options = function.get("options") if isinstance(function, dict) else None
        if not isinstance(options, dict) or not options.get("vector_store_id"):
            raise RefusedError("invalid event format")
    return tool
