"""What a request for speech may ask for (sheet 2.1, 2.2)."""

import re

from .containers import FORMATS, RATES, STREAM_FORMATS
from .items import Event
from .voices import CLONE_PREFIX, speech_voices

_STYLES = ("慢速", "极慢", "快速", "极快", "冷漠", "尴尬", "沮丧")
LABELS = {
    "language": ("粤语", "四川话", "日语"),
    "emotion": (
        "高兴", "非常高兴", "悲伤", "生气", "非常生气", "撒娇", "恐惧", "惊讶", "兴奋", "钦佩", "困惑",
    ),
    "style": (*_STYLES, "骄傲", "温柔", "甜美", "豪爽", "严肃", "傲慢", "老年", "吼叫", "阴阳怪气", "磕巴"),
}  # fmt: skip
MINI_LABELS = LABELS | {"style": _STYLES}
"""What voice_label may be on step-tts-2, and on step-tts-mini; refusing others is inferred."""


def speech_problem(settings: Event, model: str, voice_field: str = "voice_id") -> str | None:
    """Say what is wrong with the settings of a TTS request, or None (sheet 2.1, 2.2)."""
    voice = settings.get(voice_field)
    newer = model.startswith("stepaudio-")
    limit = 500 if model == "stepaudio-3-tts" else 200
    instruction = settings.get("instruction", "")
    checks = (
        (
            isinstance(voice, str) and (voice in speech_voices(model) or voice.startswith(CLONE_PREFIX)),
            f"voice {voice} is not valid",
        ),
        (settings.get("response_format", "mp3") in (*FORMATS, *STREAM_FORMATS), "response_format is not valid"),
        (settings.get("sample_rate", 24000) in RATES, "sample_rate is not valid"),
        (_within(settings, ("speed_ratio", "speed"), 0.5, 2.0), "speed must be between 0.5 and 2"),
        (_within(settings, ("volume_ratio", "volume"), 0.1, 2.0), "volume must be between 0.1 and 2"),
        (settings.get("mode", "default") in ("default", "sentence"), "mode is not valid"),
        (settings.get("text_normalization", "standard") in ("standard", "enhanced"), "text_normalization is not valid"),
        (not newer or "voice_label" not in settings, "voice_label is not supported for v2 models"),
        (
            _is_label(settings.get("voice_label"), model),
            "voice_label must be one of language, emotion, style",
        ),
        (_is_map(settings.get("pronunciation_map")), "pronunciation_map is not valid"),
        (newer or not instruction, f"instruction is not supported for {model}"),
        (isinstance(instruction, str) and len(instruction) <= limit, f"instruction is longer than {limit} characters"),
    )
    return next((problem for fine, problem in checks if not fine), None)


def _within(settings: Event, names: tuple[str, ...], low: float, high: float) -> bool:
    found = [settings[name] for name in names if name in settings]
    return all(isinstance(value, int | float) and low <= value <= high for value in found)


def _is_label(label: object, model: str) -> bool:
    known = MINI_LABELS if model == "step-tts-mini" else LABELS
    match label:
        case None:
            return True
        case dict() if len(label) == 1:
            [(kind, value)] = label.items()
            return value in known.get(kind, ())
    return False


def _is_map(pronunciation: object) -> bool:
    if pronunciation is None:
        return True
    tones = pronunciation.get("tone") if isinstance(pronunciation, dict) else None
    return isinstance(tones, list) and all(isinstance(tone, str) and "/" in tone for tone in tones)


def spoken_text(text: str, settings: Event, model: str) -> str:
    """Give the words that are said: replaced, without markdown, without the directions in parentheses of 2.5."""
    for tone in (settings.get("pronunciation_map") or {}).get("tone", ()):
        written, _, said = tone.partition("/")
        text = text.replace(written, said)
    if settings.get("markdown_filter"):
        text = re.sub(r"[*_`#~]+|^\s*>\s?", "", text, flags=re.MULTILINE)
    if model == "stepaudio-2.5-tts":
        text = re.sub(r"\([^)]*\)|（[^）]*）", "", text)
    return text
