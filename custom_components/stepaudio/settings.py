"""The settings that an agent, ears, a voice and tasks begin with, and those that most people never touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_LLM_HASS_API, CONF_PROMPT
from homeassistant.helpers import llm

from .const import (
    ANSWER_AS_SPOKEN,
    CONF_ANSWER_LANGUAGE,
    CONF_EARLY_ANSWER,
    CONF_FOLLOW_UP,
    CONF_SCENE,
    CONF_TONE,
    CONF_TURNS_KEPT,
    CONF_WEB_SEARCH,
    DEFAULT_EARLY_ANSWER,
    DEFAULT_PROMPT,
    DEFAULT_TITLES,
    DEFAULT_TURNS_KEPT,
    FOLLOW_UP_AUTOMATIC,
    SUBENTRY_AGENT,
    SUBENTRY_STT,
    SUBENTRY_TASK,
    SUBENTRY_TTS,
)
from .speaking import CONF_INSTRUCTION, CONF_PRONUNCIATION, CONF_SPEED, CONF_TEXT_NORMALIZATION, CONF_VOLUME

FIRST: Final[Mapping[str, Mapping[str, Any]]] = {
    SUBENTRY_AGENT: {CONF_PROMPT: DEFAULT_PROMPT, CONF_LLM_HASS_API: [llm.LLM_API_ASSIST]},
    SUBENTRY_STT: {},
    SUBENTRY_TTS: {},
    SUBENTRY_TASK: {},
}
"""What a new one has."""

_CHINESE_TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "zh-Hans": {
        SUBENTRY_AGENT: "StepAudio",
        SUBENTRY_STT: "StepAudio 语音识别",
        SUBENTRY_TTS: "StepAudio 语音合成",
        SUBENTRY_TASK: "StepAudio 任务",
    },
    "zh-Hant": {
        SUBENTRY_AGENT: "StepAudio",
        SUBENTRY_STT: "StepAudio 語音辨識",
        SUBENTRY_TTS: "StepAudio 語音合成",
        SUBENTRY_TASK: "StepAudio 任務",
    },
}

RECOMMENDED: Final[Mapping[str, Mapping[str, Any]]] = {
    SUBENTRY_AGENT: {
        CONF_SCENE: "",
        CONF_TONE: "",
        CONF_ANSWER_LANGUAGE: ANSWER_AS_SPOKEN,
        CONF_FOLLOW_UP: FOLLOW_UP_AUTOMATIC,
        CONF_WEB_SEARCH: False,
        CONF_EARLY_ANSWER: DEFAULT_EARLY_ANSWER,
        CONF_TURNS_KEPT: DEFAULT_TURNS_KEPT,
    },
    SUBENTRY_TTS: {
        CONF_SPEED: 1.0,
        CONF_VOLUME: 1.0,
        CONF_INSTRUCTION: "",
        CONF_PRONUNCIATION: [],
        CONF_TEXT_NORMALIZATION: "",
    },
    SUBENTRY_STT: {},
    SUBENTRY_TASK: {},
}
"""What holds where nothing is set; as long as all of it holds, nothing of it is kept."""


def default_title(kind: str, language: str) -> str:
    """Return what a new one is called, in the language of the home."""
    return _CHINESE_TITLES.get(language, DEFAULT_TITLES)[kind]


def follows_recommendation(kind: str, data: Mapping[str, Any]) -> bool:
    """Return whether nothing that has a recommendation is set."""
    return not RECOMMENDED[kind].keys() & data.keys()


def without_recommended(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of version 1.1, which kept everything, without what is recommended if all of it is."""
    recommended = RECOMMENDED[kind]
    if any(data.get(name, value) != value for name, value in recommended.items()):
        return dict(data)
    return {name: value for name, value in data.items() if name not in recommended}
