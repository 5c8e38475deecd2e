"""What one turn took, in figures and as lines to read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .satellite import Heard
from .service import Record

_COMMIT = "input_audio_buffer.commit"
_AUDIO_DELTA = "response.audio.delta"
_SPEECH_EVENTS = "tts."  # of the socket that speaks a given text
_EARLY_CHARACTERS = 60  # of a reply; Home Assistant starts a voice this early only where the integration asks for it


@dataclass(frozen=True)
class Figures:
    """The answer's delays, and whether the model's own voice was heard; None where nobody could tell."""

    first_audio_ms: int | None
    """From the decision that the user has finished to the first byte of sound at the satellite."""
    model_first_audio_ms: int | None
    """From the commit at the service to the first piece of the model's voice that it sent."""
    fused: bool


@dataclass(frozen=True)
class Turn:
    """A turn that is over: what the satellite heard, its figures, where the reply is kept."""

    heard: Heard
    figures: Figures
    reply_wav: Path


def figures(turn: Heard, record: Record | None) -> Figures:
    """Work out a turn's figures from what the satellite heard and what the service wrote down."""
    first_audio_ms = _ms(turn.vad_end or turn.speech_end, turn.first_audio)
    if record is None or turn.ended is None:
        # The real service tells nobody what it sent. A voice that begins before its words is not read from a text.
        early = turn.fetch is not None and len(turn.words_before_voice) <= _EARLY_CHARACTERS
        spoken_late = turn.words_end is None or turn.fetch is None or turn.fetch >= turn.words_end
        return Figures(first_audio_ms, None, early and not spoken_late)
    events = record.between(turn.started, max(turn.ended, turn.audio_end or 0))
    committed = next((at for at, direction, kind in events if (direction, kind) == ("in", _COMMIT)), None)
    spoken = next((at for at, direction, kind in events if (direction, kind) == ("out", _AUDIO_DELTA)), None)
    synthesised = any(kind.startswith(_SPEECH_EVENTS) for _, _, kind in events)
    return Figures(first_audio_ms, _ms(committed, spoken), spoken is not None and not synthesised)


def mode(all_figures: list[Figures]) -> str:
    """Name how the run went: fused only if every turn was."""
    return "fused" if all_figures and all(one.fused for one in all_figures) else "staged"


def lines(over: Turn) -> list[str]:
    """Return the turn as a timeline; zero is the end of the user's speech."""
    turn = over.heard
    zero = turn.speech_end or turn.started
    marks: list[tuple[float | None, str, str]] = [
        (turn.speech_end, "end of speech", ""),
        (turn.vad_end, "heard as the end", "Home Assistant waits for silence"),
        (turn.transcript_at, "transcript", turn.transcript),
        *((at, "tool call", f"{name} {json.dumps(args, ensure_ascii=False)}") for name, args, at in turn.tools),
        (turn.first_word, "first word", ""),
        (turn.fetch, "reply fetched", ""),
        (turn.first_audio, "first audio", _delays(over.figures)),
        (turn.words_end, "last word", turn.reply),
        (turn.audio_end, "end", ""),
    ]
    known = sorted((at - zero, name, note) for at, name, note in marks if at is not None)
    return [f"  {at * 1000:+7.0f} ms  {name:<17} {note}".rstrip() for at, name, note in known]


def as_json(turn: Turn) -> dict[str, Any]:
    """Return what a program wants to know of a turn."""
    return {
        "transcript": turn.heard.transcript,
        "reply": turn.heard.reply,
        "tools": [name for name, _, _ in turn.heard.tools],
        "first_audio_ms": turn.figures.first_audio_ms,
        "model_first_audio_ms": turn.figures.model_first_audio_ms,
        "reply_wav": str(turn.reply_wav.resolve()),
    }


def _delays(told: Figures) -> str:
    if told.first_audio_ms is None:
        return ""
    own = f", the service's own share {told.model_first_audio_ms} ms" if told.model_first_audio_ms is not None else ""
    return f"{told.first_audio_ms} ms after the end was heard{own}"


def _ms(start: float | None, end: float | None) -> int | None:
    return None if start is None or end is None else round((end - start) * 1000)
