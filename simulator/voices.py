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
SPEECH_MODELS = ("stepaudio-3-tts", "stepaudio-2.5-tts", "step-tts-2", "step-tts-mini", "step-tts-vivid")
PLAN_SPEECH_MODELS = ("stepaudio-2.5-tts",)
UPLOAD_RECOGNITION_MODELS = ("stepaudio-2.5-asr", "stepaudio-2-asr-pro", "stepaudio-3-asr-max", "step-asr-1.1-stream")
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

SPEECH_VOICES = (
    *REALTIME_VOICES["com"],
    "wenrougongzi", "tianmeinvsheng", "vibrant-youth", "lively-girl", "soft-spoken-gentleman", "magnetic-voiced-male",
    "zixinnansheng", "shuangkuainansheng", "ganliannvsheng", "qinhenvsheng", "huolinvsheng",
)  # fmt: skip
"""System voices of the TTS endpoints (sheet 2.1)."""

CLONE_PREFIX = "voice-tone-"
CLONES = ("voice-tone-Fw8bQ1kZ2n", "voice-tone-Hx3cR7mY4p")
"""Cloned voices of the simulated account."""
