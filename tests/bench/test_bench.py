"""The bench's own arithmetic, its goals and its pictures."""

import json
from xml.etree import ElementTree as ET

import pytest

from house.bench.figures import Chart, Measured, Panel, Span, percentile, percentiles
from house.bench.goals import Goal, goal_of
from house.bench.plot import draw_chart, draw_turn
from house.bench.service import QUESTIONS, REPLIES, spoken
from simulator.tones import read_tones

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - ours


def colors(svg):
    return [bar.get("fill") for bar in ET.fromstring(svg).iter(f"{SVG}rect")]  # noqa: S314 - ours


def test_percentile_of_few_and_many_values_is_one_that_so_many_do_not_exceed():
    assert percentile([4.0], 50) == percentile([4.0], 99) == 4.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.5
    assert percentile([float(n) for n in range(1, 101)], 99) == 99.0
    assert percentile([5.0, 1.0, 9.0], 95) == 9.0
    assert percentiles("up_ms", [3.0, 1.0, 2.0], 50, 99) == {"up_ms_p50": 2.0, "up_ms_p99": 3.0}


def test_goal_from_above_and_from_below_is_met_at_its_limit():
    assert Goal(5).is_met(5)
    assert not Goal(5).is_met(5.01)
    assert Goal(400, at_least=True).is_met(400)
    assert not Goal(400, at_least=True).is_met(399)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("handoff.wav16k.down_ms_p50", 5),
        ("handoff.flac48k.down_ms_p50", 10),
        ("handoff.mp3.down_ms_p50", 10),
        ("turn.zh8.fused_core_ratio", 0.25),
        ("house.50.our_share_percent", 25),
    ],
)
def test_goal_of_a_figure_is_found_by_its_name(name, limit):
    assert goal_of(name) == Goal(limit)


def test_goal_of_a_figure_without_one_is_none():
    assert goal_of("handoff.mp3.down_ms_p99") is None


def test_chart_tells_every_figure_and_marks_the_missed_ones():
    chart = Chart("Up", (Panel("ms", (("median", "handoff.up_ms_p50"), ("99 %", "handoff.up_ms_p99"))),))
    met = draw_chart(chart, {"handoff.up_ms_p50": 2.5, "handoff.up_ms_p99": 24.0})
    assert {"Up", "median", "2.5 ms", "99 %", "24 ms"} <= set(texts(met))
    missed = draw_chart(chart, {"handoff.up_ms_p50": 5.5, "handoff.up_ms_p99": 24.0})
    assert len(set(colors(missed))) == len(set(colors(met))) + 1


def test_chart_of_a_name_with_signs_is_well_formed():
    chart = Chart("<&>", (Panel("ms", (("a < b", "handoff.up_ms_p50"),)),))
    assert "a < b" in texts(draw_chart(chart, {"handoff.up_ms_p50": 0}))


def test_turn_is_drawn_in_its_order_with_its_times():
    turn = (Span("satellite", "last sound", 0, 0), Span("the service", "thinks", 2.5, 214.5))
    drawn = texts(draw_turn(turn))
    assert drawn.index("last sound") < drawn.index("thinks")
    assert "2.5…214.5" in drawn


def test_measured_goes_from_process_to_process_unchanged():
    measured = Measured({"a": 1.5}, (Span("satellite", "last sound", 0, 1),))
    assert Measured.from_json(json.loads(json.dumps(measured.as_json()))) == measured


@pytest.mark.parametrize("length", REPLIES)
def test_question_of_the_bench_is_heard_by_script_ears(length):
    assert read_tones(spoken(length), 16_000) == QUESTIONS[length]


@pytest.mark.parametrize(("length", "count"), [("2", 2), ("12", 12), ("60", 60)])
def test_reply_of_the_bench_has_the_length_that_it_is_named_for(length, count):
    assert len(REPLIES[length].split()) == count


def test_chinese_reply_of_the_bench_has_eight_characters():
    assert len(REPLIES["zh8"].strip("。")) == 8
