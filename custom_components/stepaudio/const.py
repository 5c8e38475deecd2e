"""Names and defaults."""

from typing import Final

from .voices import CHINA, INTERNATIONAL, SPEECH_ONLY_CHINA

DOMAIN: Final = "stepaudio"

CONF_REGION: Final = "region"
CONF_PLAN: Final = "plan"
CONF_MODEL: Final = "model"
CONF_VOICE: Final = "voice"
CONF_RECOMMENDED: Final = "recommended"

SECTION_ADVANCED: Final = "advanced"
SECTION_CHARACTER: Final = "character"
SECTION_CONVERSATION: Final = "conversation"

REGION_CHINA: Final = "china"
REGION_INTERNATIONAL: Final = "international"
REGION_CUSTOM: Final = "custom"
REGIONS: Final = (REGION_CHINA, REGION_INTERNATIONAL, REGION_CUSTOM)
REGION_URLS: Final = {
    REGION_CHINA: "https://api.stepfun.com",
    REGION_INTERNATIONAL: "https://api.stepfun.ai",
}

PLAN_PAY_AS_YOU_GO: Final = "pay_as_you_go"
PLAN_STEP_PLAN: Final = "step_plan"
PLANS: Final = (PLAN_PAY_AS_YOU_GO, PLAN_STEP_PLAN)
STEP_PLAN_PATH: Final = "/step_plan"

DEFAULT_MODEL: Final = "stepaudio-2.5-realtime"
SUGGESTED_MODELS: Final = (DEFAULT_MODEL, "stepaudio-3-realtime-preview")
MODEL_ALIASES: Final = {"step-2.5-realtime": DEFAULT_MODEL}
"""Spellings that people know from the press and that are no ids of the service (protocol sheet 1.3)."""
DEFAULT_SPEECH_MODEL: Final = "stepaudio-2.5-tts"

SUBENTRY_AGENT: Final = "conversation"
SUBENTRY_STT: Final = "stt"
SUBENTRY_TTS: Final = "tts"
SUBENTRY_TASK: Final = "ai_task_data"
DEFAULT_TITLES: Final = {
    SUBENTRY_AGENT: "StepAudio",
    SUBENTRY_STT: "StepAudio ears",
    SUBENTRY_TTS: "StepAudio voice",
    SUBENTRY_TASK: "StepAudio task",
}

LANGUAGES: Final = ("zh-CN", "zh-TW", "zh-HK", "en-US", "en-GB")
"""What the models hear and speak (protocol sheet 1.6), in codes that Home Assistant can match."""

VOICES: Final = {
    REGION_CHINA: CHINA,
    REGION_INTERNATIONAL: INTERNATIONAL,
    REGION_CUSTOM: CHINA,
}
"""The voices of the realtime model; the first is the default."""
SPEECH_ONLY_VOICES: Final = {
    REGION_CHINA: SPEECH_ONLY_CHINA,
    REGION_INTERNATIONAL: (),
    REGION_CUSTOM: SPEECH_ONLY_CHINA,
}
"""The voices that text-to-speech has besides."""

DEFAULT_PROMPT: Final = """You are the voice of a home: a warm, quick-witted assistant for Home Assistant.
You hear the person themselves: let their tone, mood and pace shape how you answer.
Answer truthfully, briefly and in plain spoken sentences, without lists, markup or emoji.
Use a tool whenever something in the home is to be done or looked up, and say afterwards what was done."""

CONF_MAX_SESSIONS: Final = "max_sessions"
DEFAULT_MAX_SESSIONS: Final = 4
"""The lowest tier allows 5 (protocol sheet 5)."""
CONF_SPARES: Final = "warm_sessions"
DEFAULT_SPARES: Final = 1
CONF_EARLY_ANSWER: Final = "early_answer"
DEFAULT_EARLY_ANSWER: Final = True
CONF_TURNS_KEPT: Final = "turns_kept"
DEFAULT_TURNS_KEPT: Final = 20

CONF_HOTWORDS: Final = "hotwords"
CONF_HOTWORDS_OF_HOME: Final = "hotwords_of_home"
MAX_HOTWORDS: Final = 100
MAX_HOTWORD_LENGTH: Final = 40

UNHEARD: Final = "…"
"""Stands for the user's words where the service does not tell them; no sentence trigger or intent matches it."""

MAX_TOOL_ROUNDS: Final = 10
"""As many as Home Assistant's own agents allow."""

CONF_FOLLOW_UP: Final = "follow_up"
FOLLOW_UP_AUTOMATIC: Final = "automatic"
FOLLOW_UP_ALWAYS: Final = "always"
FOLLOW_UP_NEVER: Final = "never"
FOLLOW_UP_MODEL: Final = "model"
FOLLOW_UPS: Final = (FOLLOW_UP_AUTOMATIC, FOLLOW_UP_ALWAYS, FOLLOW_UP_NEVER, FOLLOW_UP_MODEL)

CONF_SCENE: Final = "scene"
CONF_TONE: Final = "tone"
CONF_WEB_SEARCH: Final = "web_search"
CONF_ANSWER_LANGUAGE: Final = "answer_language"
ANSWER_AS_SPOKEN: Final = "as_spoken"
ANSWER_ENGLISH: Final = "english"
ANSWER_CHINESE: Final = "chinese"
ANSWER_LANGUAGES: Final = (ANSWER_AS_SPOKEN, ANSWER_ENGLISH, ANSWER_CHINESE)

CONF_WATCHING: Final = "watching"
"""The section of the account's options that tells what is shown of its turns."""
CONF_REPORT_WORDS: Final = "report_words"
CONF_LOW_BALANCE: Final = "low_balance"
CONF_PRICE_INPUT: Final = "price_input"
CONF_PRICE_CACHED: Final = "price_cached"
CONF_PRICE_OUTPUT: Final = "price_output"
