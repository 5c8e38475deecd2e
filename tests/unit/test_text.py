"""Text to be spoken: sentences, and what is read out."""

import pytest

from custom_components.stepaudio.client.text import Sentences, sentences, speakable


def streamed(text, step=1, limit=1000):
    """Return the sentences of a text that comes in pieces."""
    cutter = Sentences(limit)
    found = [part for start in range(0, len(text), step) for part in cutter.push(text[start : start + step])]
    return [*found, *cutter.flush()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", " Two!", " Three?"]),
        ("灯开了。还要什么吗？好的", ["灯开了。", "还要什么吗？", "好的"]),
        ("It is 21.5 degrees. Fine.", ["It is 21.5 degrees.", " Fine."]),
        ("好!再见", ["好!", "再见"]),
        ("See https://a.b/c?d=e!f now. Bye.", ["See https://a.b/c?d=e!f now.", " Bye."]),
        ("First line\nsecond line", ["First line\n", "second line"]),
        (
            "Read [the page. All of it](https://a.b) now. Bye.",
            ["Read [the page. All of it](https://a.b) now.", " Bye."],
        ),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_text_in_pieces_gives_whole_sentences(text, expected, step):
    assert streamed(text, step) == expected


def test_sentence_that_has_ended_for_certain_is_given_at_once():
    assert Sentences(1000).push("灯开了。") == ["灯开了。"]
    assert Sentences(1000).push("Done. N") == ["Done."]


@pytest.mark.parametrize("text", ["word " * 500, "很长的句子，" * 400, "字" * 2500])
@pytest.mark.parametrize("step", [7, 10_000])
def test_sentence_without_an_end_is_cut_within_the_limit_and_nothing_is_lost(text, step):
    parts = streamed(text, step)
    assert "".join(parts) == text
    assert max(len(part) for part in parts) <= 1000


def test_sentences_tell_where_they_start():
    assert sentences("Hi. Ho") == [(0, "Hi."), (3, " Ho")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The **light** is *on*.", "The light is on."),
        ("## Weather\n", "Weather "),
        ("- milk\n", "milk "),
        ("* `eggs` ~~and~~ _ham_", "eggs and ham"),
        ("- [x] done", "done"),
        ("> Quoted.", "Quoted."),
        ("Read [the manual](https://example.com/a_b?c=d).", "Read the manual."),
        ("![A cat](cat.png)", "A cat"),
        ("See https://example.com/a?b=c.", "See."),
        ("请看https://example.com/a。谢谢", "请看。谢谢"),
        ("Great 😀👍🏽!", "Great!"),
        ("天气晴☀️，🇨🇳", "天气晴，"),
        ("3 * 4 = 12", "3 * 4 = 12"),
        ("sensor_one is 5.", "sensor_one is 5."),
        ("It is warm (21 degrees) today.", "It is warm, 21 degrees, today."),
        ("很暖和（二十一度）。", "很暖和，二十一度。"),
        ("| Room | 21 |", " Room 21 "),
        ("A sentence. ", "A sentence. "),
        ("2 < 3 & 5 > 4", "2 < 3 & 5 > 4"),
    ],
)
def test_speakable_leaves_out_what_is_not_words(text, said):
    assert speakable(text) == said


@pytest.mark.parametrize("text", ["😀", "---", "```python", "https://example.com", " ", "|---|---|", "**"])
def test_speakable_of_no_words_is_empty(text):
    assert speakable(text) == ""
