"""A house of satellites: what is read out of what was written down, and a run of the scenario."""

import json

import pytest

from house.bench.lateness import latest_ms
from house.bench.served import Served, delays_ms, served
from house.bench.shares import our_share_percent

from .measuring import figures_of

OURS = "runner.py:run;/config/custom_components/stepaudio/stt.py:StepAudioEars.async_process_audio_stream"
SOCKET = "runner.py:run;/lib/site-packages/websockets/asyncio/connection.py:Connection.data_received"
THEIRS = "runner.py:run;/lib/site-packages/homeassistant/core.py:HomeAssistant.async_run_hass_job"


def line(at, connection, direction, kind, **event):
    return json.dumps({"at": at, "connection": connection, "direction": direction, "event": {"type": kind, **event}})


def test_turns_of_several_connections_are_told_apart(tmp_path):
    record = tmp_path / "service.jsonl"
    transcribed = "conversation.item.input_audio_transcription.completed"
    lines = [
        json.dumps({"at": 0.0, "connection": 1, "direction": "open", "path": "/v1/realtime", "status": 101}),
        line(0.5, 1, "in", "input_audio_buffer.append", audio=4800),
        line(0.6, 1, "in", "input_audio_buffer.commit"),
        line(0.7, 1, "out", "response.audio.delta", delta=8192),
        line(1.0, 1, "in", "input_audio_buffer.append", audio=2880),
        line(1.1, 2, "in", "input_audio_buffer.append", audio=960),
        line(1.2, 1, "in", "input_audio_buffer.append", audio=480),
        line(1.3, 1, "in", "input_audio_buffer.commit"),
        line(1.4, 2, "in", "input_audio_buffer.commit"),
        line(1.5, 2, "out", transcribed, transcript="two"),
        line(1.6, 1, "out", transcribed, transcript="one"),
        line(1.7, 1, "out", "response.audio.delta", delta=8192),
        line(1.8, 2, "out", "response.audio.delta", delta=8192),
        line(1.9, 1, "out", "response.audio.delta", delta=8192),
    ]
    record.write_text("\n".join(lines) + '\n{"at": 2.0, "conn')
    assert served(record, 1.0) == [
        Served([(1.0, 2880), (1.2, 480)], 1.3, "one", 1.7),
        Served([(1.1, 960)], 1.4, "two", 1.8),
    ]


def test_frame_has_come_when_all_of_its_sound_is_in_an_append():
    # Four frames of 20 ms; 60 ms come in one append, without the samples that a filter holds back, the rest at the end.
    turn = Served([(0.065, 60 * 48 - 48), (0.085, 10 * 48)], commit=0.1)
    assert delays_ms([0.0, 0.02, 0.04, 0.06], 20, turn) == pytest.approx([65, 45, 25, 40])


def test_share_is_of_all_samples_with_our_code_or_sockets_on_the_stack():
    inside = f"{OURS};/lib/site-packages/homeassistant/components/assist_pipeline/vad.py:chunk_samples"
    assert our_share_percent({OURS: 2, SOCKET: 1, inside: 1, THEIRS: 12}) == 25
    assert our_share_percent({}) == 0


def test_lateness_is_the_worst_since_a_time(tmp_path):
    log = tmp_path / "simulator.log"
    log.write_text("listening on http://127.0.0.1:1\nlate 10.000 50.0\nlate 20.000 7.5\nlate 21.000 6.0\n")
    assert latest_ms(log, 15) == 7.5
    assert latest_ms(log, 30) == 0


@pytest.mark.e2e
def test_house_gives_every_figure():
    figures = figures_of("house", turns=1)
    names = ("down_ms_p95", "late_chunks", "cpu_s_per_satellite_minute", "our_share_percent")
    assert {f"house.{size}.{name}" for size in (1, 10, 25, 50) for name in names} <= figures.keys()
    for size in (1, 10, 25, 50):
        assert figures[f"house.{size}.down_ms_p95"] > 0
        assert 0 < figures[f"house.{size}.our_share_percent"] < 100
