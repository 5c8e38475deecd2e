"""Words, and how long they take to say."""

import re

LATIN_S = 0.065
CJK_S = 0.2
_CJK_RANGES = r"\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_CJK = re.compile(f"[{_CJK_RANGES}]")
_WORD = re.compile(rf"\s*(?:[{_CJK_RANGES}]|[^\s{_CJK_RANGES}]+)|\s+$")


def is_chinese(text: str) -> bool:
    """Tell whether text has Chinese characters."""
    return _CJK.search(text) is not None


def is_mostly_chinese(text: str) -> bool:
    """Tell whether more of the letters are Chinese than Latin."""
    return len(_CJK.findall(text)) > len(re.findall(r"[A-Za-z]+", text))


def words_of(text: str) -> list[str]:
    """Cut text as a model streams it: words with the space before them, Chinese by character."""
    return _WORD.findall(text)


def spoken_s(text: str) -> float:
    """Guess how long text takes to say."""
    chinese = len(_CJK.findall(text))
    return chinese * CJK_S + (len(text) - chinese) * LATIN_S
