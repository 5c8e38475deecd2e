"""The configuration of a realtime session: what can be set, and how it is echoed (sheet 1.5)."""

import copy
import re
import uuid
from typing import Any

from .items import Event, RefusedError
from .switches import Switches
from .voices import CLONE_PREFIX, accepts_clones, realtime_voices

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


class Session:
    """What a client has configured, over the service's defaults."""

    def __init__(self, model: str, switches: Switches) -> None:
        """Start with the defaults."""
        self.id = f"sess_{uuid.uuid4().hex}"
        self.model = model
        self.modalities = list(MODALITIES)
        self.modalities_sent = False
        self.instructions = ""
        self.voice = realtime_voices(model, switches.region)[0]
        self.voice_sent = False
        self.detection: Event | None = dict(DETECTION) if switches.vad_default else None
        self.tools: list[Event] = []
        self.volume_ratio: float | None = None
        self.sampling: Event = {}
        """Temperature and number of tokens, where they can be set. What they do is the brain's matter: nothing."""
        self.transcription_asked = False
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
        return shown | self.sampling

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
            case (("temperature" | "max_response_output_tokens"), (int() | float() | str())):
                if switches.sampling_echoed:
                    self.sampling = self.sampling | {name: value}
            case "input_audio_transcription", _:
                self.transcription_asked = value is not None
            case (("modalities" | "instructions" | "voice" | "turn_detection" | "tools" | "tool_choice"), _):
                raise RefusedError("invalid event format")
            case (("input_audio_format" | "output_audio_format"), _):
                raise RefusedError(f"{name} {value} is not valid")

    def allowed_voice(self, voice: str, switches: Switches) -> str:
        """Give a voice that the model speaks with, or refuse it, or give the session's own instead."""
        cloned = voice.startswith(CLONE_PREFIX) and accepts_clones(self.model)
        if voice in realtime_voices(self.model, switches.region) or cloned:
            return voice
        if switches.voice_refusal == "error":
            raise RefusedError(f"voice {voice} is not valid")
        return self.voice

    def _set_voice(self, voice: str, switches: Switches) -> None:
        voice = self.allowed_voice(voice, switches)
        fixed = self.spoken or (self.voice_sent and switches.voice_fixed_after == "update")
        if voice != self.voice and fixed:
            if switches.voice_change == "error":
                raise RefusedError("voice cannot be changed any more")
            return
        self.voice, self.voice_sent = voice, True

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
    """Read one tool: functions in the nested form (sheet 1.7); refusing other forms and names is inferred."""
    match tool:
        case {"type": "function", "function": {"name": str(name), **rest}} if re.fullmatch(r"[\w-]+", name, re.ASCII):
            fine = isinstance(rest.get("parameters", {}), dict)
        case {"type": "retrieval", "function": {"options": {"vector_store_id": str(store), **rest}}}:
            fine = bool(store) and isinstance(rest.get("prompt_template", ""), str)
        case {"type": "web_search", "function": {"options": options}}:
            fine = are_search_options(options)
        case {"type": "web_search", **rest}:
            fine = isinstance(rest.get("function", {}), dict)
        case _:
            fine = False
    if not fine:
        raise RefusedError("invalid event format")
    return dict(tool)


def are_search_options(options: Any) -> bool:
    """Tell whether options of web_search are numbers, as its defaults are: top_k 5, timeout_seconds 3."""
    return isinstance(options, dict) and all(
        isinstance(options.get(name, 1), int | float) for name in ("top_k", "timeout_seconds")
    )
