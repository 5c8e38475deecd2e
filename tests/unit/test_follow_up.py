"""When the satellite listens again."""

import pytest

from custom_components.stepaudio.follow_up import is_question, listens

QUESTIONS = [
    "Which light do you mean?",
    "It is off. Shall I turn it on?",
    'Did you say "kitchen"?',
    "He asked: “Which one?”",
    "Shall I? 🙂",
    "Really?!",
    "要打开哪一盏灯？",
    "要我打开吗",
    "要我打开吗。",
    "要我打開嗎！",
    "你呢",
    "这样可以吧？",
    "“要关灯吗？”",
]
STATEMENTS = [
    "",
    "The light is on.",
    "The light is on",
    "What a day!",
    "Which one? The kitchen's it is.",
    "厨房的灯已经打开了。",
    "门还开着呢。",
    "好吧",
    "…",
]


@pytest.mark.parametrize("words", QUESTIONS)
def test_answer_that_asks_is_a_question(words):
    assert is_question(words)


@pytest.mark.parametrize("words", STATEMENTS)
def test_answer_that_tells_is_no_question(words):
    assert not is_question(words)


@pytest.mark.parametrize(
    ("mode", "decision", "asking", "telling"),
    [
        ("automatic", None, True, False),
        ("automatic", False, True, False),
        ("always", None, True, True),
        ("never", None, False, False),
        ("model", None, True, False),
        ("model", True, True, True),
        ("model", False, False, False),
    ],
)
def test_follow_up_in_a_mode_listens_as_it_says(mode, decision, asking, telling):
    assert listens(mode, "Which one?", decision=decision) is asking
    assert listens(mode, "That one.", decision=decision) is telling
