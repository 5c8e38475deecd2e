"""Models and voices that the sheet lists."""

REALTIME_MODELS = (
    "stepaudio-3-realtime-preview",
    "stepaudio-2.5-realtime",
    "step-audio-r1.5",
    "step-audio-2",
    "step-audio-2-mini",
    "step-1o-audio",
)
PLAN_REALTIME_MODELS = ("stepaudio-2.5-realtime",)
TRANSCRIPT_ONLY_MODELS = ("step-audio-2", "step-audio-2-mini")
REASONING_MODELS = ("step-audio-r1.5",)
CALL_READING_MODELS = ("step-audio-r1.5",)
"""What is told of single models (sheet 1.3, 1.15)."""
SPEECH_MODELS = ("stepaudio-3-tts", "stepaudio-2.5-tts", "step-tts-2", "step-tts-mini", "step-tts-vivid")
PLAN_SPEECH_MODELS = ("stepaudio-2.5-tts",)
UPLOAD_RECOGNITION_MODELS = ("stepaudio-2.5-asr", "stepaudio-2-asr-pro", "stepaudio-3-asr-max", "step-asr-1.1-stream")
TRANSCRIPTION_MODELS = ("step-asr",)
FILE_RECOGNITION_MODELS = ("step-asr-1.1",)
STREAM_RECOGNITION_MODELS = ("step-asr-1.1-stream", "stepaudio-2.5-asr-stream")

REALTIME_VOICES = {
    "com": (
        "jingdiannvsheng", "elegantgentle-female", "livelybreezy-female", "wenroushunv", "qingchunshaonv",
        "yuanqishaonv", "linjiajiejie", "qinqienvsheng", "wenrounvsheng", "jilingshaonv", "ruanmengnvsheng",
        "youyanvsheng", "lengyanyujie", "shuangkuaijiejie", "wenjingxuejie", "linjiameimei", "zhixingjiejie",
        "wenrounansheng", "yuanqinansheng", "cixingnansheng", "zhengpaiqingnian", "qingniandaxuesheng",
        "boyinnansheng", "ruyananshi", "shenchennanyin",
    ),
    "ai": (
        "vibrant-youth", "lively-girl", "elegantgentle-female", "livelybreezy-female", "magnetic-voiced-male",
        "soft-spoken-gentleman", "zixinnansheng",
    ),
}  # fmt: skip
"""Voices a realtime session accepts, the region's default first (sheet 1.6)."""

OLDER_VOICES = {
    "step-audio-2": ("qingchunshaonv", "wenrounansheng", "elegantgentle-female", "livelybreezy-female"),
    "step-audio-2-mini": ("qingchunshaonv", "wenrounansheng"),
}
"""Voices of the models that have few, the default first (sheet 1.6)."""


def realtime_voices(model: str, region: str) -> tuple[str, ...]:
    """Give the system voices that a realtime model accepts, its default first."""
    return OLDER_VOICES.get(model) or REALTIME_VOICES[region]


def accepts_clones(model: str) -> bool:
    """Tell whether a realtime model speaks with cloned voices (sheet 1.6, 1.15)."""
    return model != "step-audio-2-mini"


SPEECH_VOICES = (
    *REALTIME_VOICES["com"],
    "wenrougongzi", "tianmeinvsheng", "vibrant-youth", "lively-girl", "soft-spoken-gentleman", "magnetic-voiced-male",
    "zixinnansheng", "shuangkuainansheng", "ganliannvsheng", "qinhenvsheng", "huolinvsheng",
)  # fmt: skip
"""System voices of the TTS endpoints (sheet 2.1)."""
FEW_VOICES_MODELS = ("step-tts-mini", "step-tts-vivid")
"""They lack the newest nine. What the sheet says of them is older than stepaudio-3-tts, which is not among them."""
CATALOGUE_MODEL = "step-tts-2"
CATALOGUE = (*SPEECH_VOICES, "energeticconfident-female", "yingwennansheng", "yingwennvsheng")
"""What system_voices lists for its one model (sheet 2.1, 2.3)."""


def speech_voices(model: str) -> tuple[str, ...]:
    """Give the system voices that a TTS model accepts."""
    if model == CATALOGUE_MODEL:
        return CATALOGUE
    return SPEECH_VOICES[:-9] if model in FEW_VOICES_MODELS else SPEECH_VOICES


CLONE_PREFIX = "voice-tone-"
CLONES = ("voice-tone-Fw8bQ1kZ2n", "voice-tone-Hx3cR7mY4p")
"""Cloned voices of the simulated account, the oldest first."""
CLONING_MODELS = ("stepaudio-2.5-tts", "step-tts-2", "step-tts-mini")
