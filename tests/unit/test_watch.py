"""What scripts/watch makes of a log, and how it draws it."""

import io
import re

import pytest
from rich.console import Console

from house.watch_turns import Watched
from house.watch_view import THROWS, frame, waterfall
from simulator import Fault

ASKED = [
    (0.0, "in", "input_audio_buffer.append", {}),
    (0.9, "in", "input_audio_buffer.append", {}),
    (1.0, "in", "input_audio_buffer.commit", {}),
    (1.0, "in", "response.create", {}),
    (1.01, "out", "input_audio_buffer.committed", {"item_id": "i1"}),
    (1.02, "out", "response.created", {"response": {"id": "r1"}}),
]
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
ANSWERED = [
    (1.1, "out", TRANSCRIBED, {"item_id": "i1", "transcript": "Turn on the light."}),
    (1.2, "out", "response.audio_transcript.delta", {"response_id": "r1", "delta": "It is "}),
    (1.25, "out", "response.audio_transcript.delta", {"response_id": "r1", "delta": "on."}),
    (1.3, "out", "response.audio.delta", {"response_id": "r1", "delta": 8192}),
    (2.0, "out", "response.done", {"response": {"id": "r1", "status": "completed"}}),
]


def opening(number=1, path="/v1/realtime", status=101, at=-1.0):
    return {"at": at, "connection": number, "direction": "open", "path": path, "model": "m", "status": status}


def event(at, direction, kind, fields, number=1):
    return {"at": at, "connection": number, "direction": direction, "event": {"type": kind} | fields}


def closing(at, by="service", number=1):
    return {"at": at, "connection": number, "direction": "close", "code": 1006, "by": by}


def watched(*events, path="/v1/realtime"):
    seen = Watched()
    seen.take([opening(path=path), *(event(*one) for one in events)])
    return seen


def test_spoken_turn_is_timed_from_the_end_of_speech():
    seen = watched(*ASKED, *ANSWERED)
    (turn,) = seen.turns
    assert (turn.kind, turn.heard, turn.words, turn.outcome) == (
        "spoken",
        "Turn on the light.",
        "It is on.",
        "answered",
    )
    assert turn.figures() == {"transcript": 100, "first word": 200, "first audio": 300, "end": 1000}


def test_detected_turn_is_timed_from_where_the_service_found_its_end():
    detected = [
        (0.0, "in", "input_audio_buffer.append", {}),
        (0.5, "out", "input_audio_buffer.speech_started", {}),
        (1.0, "out", "input_audio_buffer.speech_stopped", {}),
    ]
    (turn,) = watched(*detected, *ASKED[4:], *ANSWERED).turns
    assert turn.figures()["first audio"] == 300


def test_turn_with_a_call_goes_on_until_it_is_answered():
    called = [
        (1.1, "out", "response.function_call_arguments.done", {"response_id": "r1", "name": "HassTurnOn"}),
        (1.2, "out", "response.done", {"response": {"id": "r1", "status": "completed"}}),
    ]
    seen = watched(*ASKED, *called)
    assert (seen.turns[0].outcome, seen.connections[1].state) == ("", "in a tool")
    seen.take(
        event(*one)
        for one in [
            (1.5, "in", "conversation.item.create", {"item": {"type": "function_call_output"}}),
            (1.5, "in", "response.create", {}),
            (1.6, "out", "response.created", {"response": {"id": "r2"}}),
            (1.7, "out", "response.audio.delta", {"response_id": "r2", "delta": 1}),
            (1.9, "out", "response.done", {"response": {"id": "r2", "status": "completed"}}),
        ]
    )
    (turn,) = seen.turns
    assert (turn.calls, turn.outcome) == (["HassTurnOn"], "answered")
    assert turn.figures() == {"first audio": 700, "end": 900}


def test_typed_turn_begins_with_its_question_and_not_with_what_was_said_before():
    def said(at, role):
        return (at, "in", "conversation.item.create", {"item": {"type": "message", "role": role}})

    told = [said(0.0, "user"), said(0.0, "assistant")]
    seen = watched(*told, *ASKED, *ANSWERED)
    assert [turn.kind for turn in seen.turns] == ["spoken"]
    seen.take([event(*said(3.0, "user")), event(3.0, "in", "response.create", {})])
    assert [turn.kind for turn in seen.turns] == ["spoken", "typed"]


def test_next_question_over_an_answer_is_a_turn_of_its_own():
    seen = watched(*ASKED, (1.2, "in", "input_audio_buffer.append", {}), *ANSWERED)
    first, second = seen.turns
    assert (first.outcome, first.heard, second.outcome, second.figures()) == ("answered", "Turn on the light.", "", {})


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([(1.5, "out", "error", {"error": {"message": "no speech found"}})], "no speech found"),
        ([(1.5, "out", "response.done", {"response": {"id": "r1", "status": "incomplete"}})], "incomplete"),
        ([(1.5, "out", "error", {"error": {"message": "item not found"}}), *ANSWERED], "answered"),
    ],
)
def test_turn_that_fails_says_why(events, outcome):
    (turn,) = watched(*ASKED, *events).turns
    assert turn.outcome == outcome
    assert "end" in turn.figures()


def test_turn_ends_with_its_connection():
    seen = watched(*ASKED)
    seen.take([closing(1.5)])
    assert seen.turns[0].outcome == "the connection ended"
    assert not seen.open_connections()


def test_connections_are_named_by_what_they_are_for():
    seen = Watched()
    paths = ["/v1/realtime", "/step_plan/v1/realtime", "/v1/realtime/audio", "/v1/realtime/asr/stream"]
    seen.take(opening(number, path) for number, path in enumerate(paths, 1))
    seen.take([event(*ASKED[0], number=2), opening(0, status=429)])
    roles = [connection.role for connection in seen.open_connections()]
    assert roles == ["warm spare", "session", "synthesis", "recognition"]
    assert seen.refused == 1


def test_synthesis_and_recognition_are_turns_too():
    spoken = [
        (0.0, "out", "tts.connection.done", {}),
        (0.0, "in", "tts.create", {"data": {}}),
        (0.1, "in", "tts.text.delta", {"data": {"text": "Hello."}}),
        (0.5, "out", "tts.response.audio.delta", {"data": {"audio": 9}}),
        (0.9, "out", "tts.response.audio.done", {"data": {"audio": 0}}),
    ]
    (turn,) = watched(*spoken, path="/v1/realtime/audio").turns
    assert (turn.words, turn.outcome, turn.figures()) == ("Hello.", "spoken", {"first audio": 400, "end": 800})
    (turn,) = watched(*ASKED[:3], ASKED[4], ANSWERED[0], path="/v1/realtime/asr/stream").turns
    assert (turn.kind, turn.heard, turn.outcome) == ("recognition", "Turn on the light.", "recognised")
    assert turn.figures() == {"transcript": 100, "end": 100}


def test_log_that_begins_in_the_middle_is_followed():
    seen = Watched()
    seen.take(event(*one) for one in [*ASKED, *ANSWERED])
    assert seen.turns[0].outcome == "answered"


def test_events_of_a_kind_in_a_row_are_counted():
    seen = watched(*ASKED)
    assert [(passed.what, passed.count) for passed in seen.events][1:3] == [
        ("input_audio_buffer.append", 2),
        ("input_audio_buffer.commit", 1),
    ]


def drawn(seen, faults=(), width=120, height=40):
    console = Console(record=True, width=width, height=height, file=io.StringIO())
    console.print(frame(seen, "http://service", faults, width, height))
    return console


def test_frame_shows_connections_turns_events_and_keys():
    shown = drawn(watched(*ASKED, *ANSWERED)).export_text()
    for part in ("session", "Turn on the light.", "answered", "← response.audio_transcript.delta  ×2", " q  quit"):
        assert part in shown
    assert re.search(r" 100 +200 +300 +1000 +answered", shown)


def test_frame_is_a_picture_too():
    assert "Turn&#160;on&#160;the&#160;light." in drawn(watched(*ASKED, *ANSWERED)).export_svg()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 31), (100, 32), (120, 40), (200, 70)])
def test_frame_fits_the_terminal(width, height):
    seen = watched(*ASKED, *ANSWERED)
    seen.take(opening(number) for number in range(2, 9))
    seen.take(event(*one, number=number) for number in range(2, 9) for one in [*ASKED, *ANSWERED])
    lines = drawn(seen, ["abort@idle"], width, height).export_text().splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "q  quit" in "".join(lines)


def test_frame_of_nothing_can_be_drawn():
    assert "0 turns" in drawn(Watched()).export_text()


def test_waterfall_draws_each_stage_after_the_one_before():
    (turn,) = watched(*ASKED, *ANSWERED).turns
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(*waterfall(turn), sep="\n")
    bars = [line[14:55] for line in console.export_text().splitlines()[2:]]
    spans = [(bar.index("━"), bar.rindex("━") + 1) for bar in bars]
    assert spans == [(0, 4), (4, 8), (8, 12), (12, 40)]


def test_frame_marks_the_faults_that_are_on():
    stall = next(throw for throw in THROWS if throw.name == "stall")
    shown = drawn(Watched(), [stall.fault, "abort@idle"]).export_text()
    assert "stall ●" in shown
    assert shown.count("●") == 1
    assert "also on: abort@idle" in shown


@pytest.mark.parametrize("throw", THROWS, ids=lambda throw: throw.name)
def test_key_throws_a_fault_that_the_simulator_knows_and_tells_alike(throw):
    assert str(Fault.parse(throw.fault)) == throw.fault
    assert [one.key for one in THROWS].count(throw.key) == 1
    assert throw.key not in "mq"
