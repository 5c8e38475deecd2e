"""Every language says all that English says, with the same placeholders, and says it in that language."""

import json
import re
import string
from pathlib import Path

import pytest

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / "stepaudio" / "translations"
LANGUAGES = ("zh-Hans", "zh-Hant")
# What is called the same everywhere.
NAMES = {"Step Plan"}


def texts(language):
    """Return the texts of a language by where they stand."""

    def below(value, where):
        if isinstance(value, str):
            yield ".".join(where), value
        else:
            for name, part in value.items():
                yield from below(part, (*where, name))

    return dict(below(json.loads((TRANSLATIONS / f"{language}.json").read_text()), ()))


def placeholders(text):
    """Return the placeholders of a text, in no order but as often as they stand there."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def shape(text):
    """Return what has to be the same in each language: code, paragraphs, examples that are typed."""
    return sorted(re.findall(r"`[^`]*`|\n|https?://[\w.:]*\w", text))


ENGLISH = texts("en")


def test_languages_are_those_that_the_models_speak():
    assert {path.stem for path in TRANSLATIONS.iterdir()} == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_has_every_key_and_no_other(language):
    assert list(texts(language)) == list(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_has_the_same_placeholders_and_code(language):
    for where, text in texts(language).items():
        assert placeholders(text) == placeholders(ENGLISH[where]), where
        assert shape(text) == shape(ENGLISH[where]), where


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_leaves_nothing_in_english(language):
    untranslated = {where: text for where, text in texts(language).items() if text == ENGLISH[where]}
    assert set(untranslated.values()) <= NAMES


def test_each_chinese_is_written_in_its_own_characters():
    simplified, traditional = "".join(texts("zh-Hans").values()), "".join(texts("zh-Hant").values())
    assert not set(traditional) & set("们这个为会语设备实网请选择词说时间开关听类级导应从处项费询额户钥码异验证账")
    assert not set(simplified) & set("們這個為會語設備實網請選擇詞說時間開關聽類級導應從處項費詢額戶鑰碼異驗證帳")
