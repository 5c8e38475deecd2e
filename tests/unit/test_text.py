"""Text to be spoken: sentences, and what is read out."""

import itertools

import pytest
from hypothesis import given, strategies as st

from custom_components.stepaudio.client.text import Reader, Sentences, sentences, speakable


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


ABBREVIATED = "Dr. Who met Mrs. Smith, e.g. here. No. Yes."


def test_abbreviation_and_number_of_an_item_end_no_sentence():
    assert streamed(ABBREVIATED) == ["Dr. Who met Mrs. Smith, e.g. here.", " No.", " Yes."]
    assert streamed("1. Milk\n2. Eggs\n**3.** Tea") == ["1. Milk\n", "2. Eggs\n", "**3.** Tea"]
    assert streamed("It is 21. Fine.") == ["It is 21.", " Fine."]


def test_sentence_that_is_too_long_is_cut_where_a_speaker_would_breathe():
    assert streamed("a" * 15 + ", 1,000,000 and", limit=22) == ["a" * 15 + ", ", "1,000,000 and"]
    assert streamed("很" * 12 + "，" + "长" * 12, limit=20) == ["很" * 12 + "，", "长" * 12]


def read_out(text, step=1, limit=1000):
    """Return what is read out of a text that comes in pieces."""
    reader = Reader(limit)
    found = [part for start in range(0, len(text), step) for part in reader.push(text[start : start + step])]
    return [*found, *reader.flush()]


REPLY = """# Your automation

Here is **how** to do it: 😀

```yaml
alias: Evening. Lights
trigger:
  - platform: sun; event: sunset
```

| Room | Light |
|------|:-----:|
| Kitchen | on |

1. Open [the settings](https://my.example.com/a_(b)?c=d. "Title").
2. Press *Save* (at the top)
---
Done! 📝✨"""

CHINESE_REPLY = """## 今天的天气

- 温度：**21 °C** 🌡️
- 湿度：50 %

~~~
code。更多
~~~
更多请看https://weather.example.com/今天。出门记得带伞！😊"""


@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_reply_is_read_out_without_its_markup(step):
    assert read_out(REPLY, step) == [
        "Your automation. ",
        "Here is how to do it: ",
        "Room, Light. ",
        "Kitchen, on. ",
        "1. Open the settings.",
        "2. Press Save, at the top. ",
        "Done!",
    ]
    assert read_out(CHINESE_REPLY, step) == [
        "今天的天气。",
        "温度：21 °C。",
        "湿度：50 %。",
        "更多请看今天。",
        "出门记得带伞！",
    ]


FRAGMENTS = [
    *"。！？；，、.!?;:, \n()[]（）*_`~#|->",
    *("```\n", "```yaml\n", "**", "[a. b](https://c.d/e. f)", "https://a.b/c?d=e.", "1. ", "Dr. ", "e.g. ", "3.5 "),
    *("灯开了", "好", "word", "21 °C", "👨‍👩‍👧", "🇨🇳", "👍🏽", "1,000", "| a | b |\n", "- ", "字" * 30, "x" * 30),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


@given(texts, st.lists(st.integers(0, 400)), st.sampled_from([20, 50, 1000]))
def test_text_in_any_pieces_gives_the_same_sentences(text, at, limit):
    edges = sorted({0, len(text), *(edge for edge in at if edge < len(text))})
    for kind in (Sentences, Reader):
        cutter, whole = kind(limit), kind(limit)
        pieces = [
            part for start, end in itertools.pairwise(edges) for part in cutter.push(text[start:end])
        ] + cutter.flush()
        assert pieces == whole.push(text) + whole.flush()
        assert max(map(len, pieces), default=0) <= limit
        if kind is Sentences:
            assert "".join(pieces) == text


@given(texts)
def test_what_is_read_out_has_words_and_no_markup(text):
    for said in read_out(text, 10_000):
        assert any(character.isalnum() for character in said)
        assert not set(said) & set("`|()（）👨👍\u200d\n")
        assert "://" not in said
        assert "**" not in said


def test_sentences_tell_where_they_start():
    assert sentences("Hi. Ho") == [(0, "Hi."), (3, " Ho")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The **light** is *on*.", "The light is on."),
        ("## Weather\n", "Weather. "),
        ("###天气\n", "天气。"),
        ("## Weather ##\n", "Weather. "),
        ("#1 choice", "#1 choice"),
        ("- milk\n", "milk. "),
        ("- milk,\n", "milk, "),
        ("1. milk\n", "1. milk. "),
        ("2、鸡蛋\n", "2、鸡蛋。"),
        ("• tea\n", "tea. "),
        ("> - > quoted\n", "quoted. "),
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
        ("| Room | 21 |", "Room, 21"),
        ("| **Room** | 21 °C | |\n", "Room, 21 °C. "),
        ("| 房间 | 温度 |\n", "房间，温度。"),
        ("Room | 21\n", "Room, 21. "),
        ("It is on.\n", "It is on. "),
        ("如下：\n", "如下： "),
        ("A sentence. ", "A sentence. "),
        ("这是*重点*内容，**很**重要。", "这是重点内容，很重要。"),
        ("***Really*** __bold__ and `light.turn_on`", "Really bold and light.turn_on"),
        ("2**3 is 2*2*2, 5*3 = 15", "2**3 is 2*2*2, 5*3 = 15"),
        ("my_sensor_name and __init__", "my_sensor_name and init"),
        (r"1\. Not a list\*", "1. Not a list"),
        ("Press <b>Start</b><br>and wait", "Press Start and wait"),
        ("Tom &amp; Jerry&nbsp;3", "Tom & Jerry 3"),
        ("x<y and y>z", "x<y and y>z"),
        ("It is warm [1][2] today [^3]. ", "It is warm today. "),
        ("Rain is likely [1](https://a.b/c).", "Rain is likely."),
        ("明天有雨【3†来源】。", "明天有雨。"),
        ("[Mercury](https://en.example.org/wiki/Mercury_(planet)) is hot.", "Mercury is hot."),
        ('[Page](https://a.b "A title. Really") here', "Page here"),
        ("[https://a.b](https://a.b)可以看", "可以看"),
        ("Open homeassistant://config or <https://a.b>, please.", "Open or, please."),
        ("Family 👨‍👩‍👧‍👦, flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿, wave 👋🏿, heart ❤️‍🔥!", "Family, flag, wave, heart!"),
        ("1️⃣ First ✅\n", "1 First. "),
        ("Settings → Devices ➡️ Add", "Settings, Devices, Add"),
        ("设置→设备", "设置，设备"),
        ("21 °C, 50 %, 5 €, $3.50, ±2, ~7, -5 °C, 1,000 W, 20–22 ℃", None),
        ("21°C，湿度50％，￥5，-3℃～5℃", None),
        ("The light(s) and switch(es) are on.", "The lights and switches are on."),
        ("Great :) See you ;-).", "Great See you."),
        ("(By the way) it rains.", "By the way, it rains."),
        ("（顺便说）下雨了。", "顺便说，下雨了。"),
        ("At 10:30 it is 3:1; a=b", None),
        ("2 < 3 & 5 > 4", "2 < 3 & 5 > 4"),
    ],
)
def test_speakable_leaves_out_what_is_not_words(text, said):
    assert speakable(text) == (text if said is None else said)


@pytest.mark.parametrize(
    "text",
    [
        "😀",
        "---",
        "```python",
        "https://example.com",
        " ",
        "|---|---|",
        "**",
        "| :-: | --- |\n",
        "👍🏽\n",
        "[1]",
        "~~~",
    ],
)
def test_speakable_of_no_words_is_empty(text):
    assert speakable(text) == ""
