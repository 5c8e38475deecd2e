"""The format of a reply: what a player asks for, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components import tts
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

from .client.audio import SERVICE_HZ
from .client.containers import CONTAINERS, AudioFormat
from .speaking import refused

SHAPE_OPTIONS: Final = (
    tts.ATTR_PREFERRED_SAMPLE_RATE,
    tts.ATTR_PREFERRED_SAMPLE_CHANNELS,
    tts.ATTR_PREFERRED_SAMPLE_BYTES,
    tts.ATTR_PREFERRED_BITRATE,
)
FORMAT_OPTIONS: Final = (tts.ATTR_PREFERRED_FORMAT, *SHAPE_OPTIONS)
TAKEN_OVER: Final = "stepaudio_"
"""Begins the name of an option that Home Assistant shall leave to us."""
CONVERTS_EVERY_SHAPE: Final = (MAJOR_VERSION, MINOR_VERSION) < (2026, 11)
"""Before 2026.11 a reply of which a rate or the like is asked is converted even if the engine lists the option."""
_ALIASES: Final = {"opus": "ogg", "oga": "ogg", "wave": "wav"}


def taken_over(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of which Home Assistant converts the container alone, if that is not ours."""
    return {f"{TAKEN_OVER}{name}" if name in SHAPE_OPTIONS else name: value for name, value in options.items()}


def reply_format(options: Mapping[str, Any]) -> tuple[str, AudioFormat]:
    """Return the extension and the format of the reply to a request with these options.

    Where Home Assistant will convert in any case, that is plain WAV, which costs it least. Raises `HomeAssistantError`
    for what is no number.
    """
    asked = str(options.get(tts.ATTR_PREFERRED_FORMAT) or "mp3").lower()
    container = _ALIASES.get(asked, asked)
    left_to_us = {name: options[f"{TAKEN_OVER}{name}"] for name in SHAPE_OPTIONS if f"{TAKEN_OVER}{name}" in options}
    rate_hz, channels, sample_bytes, bitrate = (
        _number(name, left_to_us.get(name, options.get(name))) for name in SHAPE_OPTIONS
    )
    plain = AudioFormat("wav", rate_hz or SERVICE_HZ)
    converted = CONVERTS_EVERY_SHAPE and any(options.get(name) is not None for name in SHAPE_OPTIONS)
    if converted or container not in CONTAINERS:
        return "wav", plain.nearest()
    exact = AudioFormat(container, plain.rate_hz, channels or 1, sample_bytes or 2, bitrate)
    return asked, exact.nearest()


def _number(name: str, value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError) as error:
        raise refused(name) from error
