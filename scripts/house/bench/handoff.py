"""What stands between a satellite and the service: the last frame of speech on its way up, the first sound down.

One satellite speaks to a real Home Assistant and ends its speech itself; it plays replies in three shapes, in turn,
each in a conversation of its own, and hears every reply to its end.
"""

import io
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import av

from house.home import House, house
from house.home_assistant import free_port
from house.report import HouseError, say
from house.service import Record, Simulated
from house.sound import RATE_HZ, decode
from simulator.tones import read_tones, tones

from .figures import Chart, Measured, Panel, Scenario, Span, percentile, percentiles
from .satellite import Turn, ask
from .service import REPLIES

_WARM_UP = 3
_QUESTION = "Two, please."
_TRANSCRIPT_S, _FIRST_AUDIO_S = 0.1, 0.212
_SIMULATED = Simulated(
    arguments=("--set", f"first_word_s={_TRANSCRIPT_S}", "--set", f"first_audio_s={_FIRST_AUDIO_S}"),
    module="house.bench.service",
)
_16_BITS = {"preferred_sample_channels": 1, "preferred_sample_bytes": 2}


@dataclass(frozen=True)
class _Shape:
    """What a satellite asks for, and container, codec and rate of what it is given."""

    asked: dict[str, Any]
    given: tuple[str, str, int]


_SHAPES = {
    # Wyoming's satellites, and ESPHome's with a bare speaker
    "wav16k": _Shape(
        {"preferred_format": "wav", "preferred_sample_rate": 16_000, **_16_BITS}, ("wav", "pcm_s16le", 16_000)
    ),
    # ESPHome's with a media player: Home Assistant's Voice Preview Edition
    "flac48k": _Shape(
        {"preferred_format": "flac", "preferred_sample_rate": 48_000, **_16_BITS}, ("flac", "flac", 48_000)
    ),
    # browsers and phones, which ask for nothing
    "mp3": _Shape({}, ("mp3", "mp3float", 24_000)),
}


@dataclass(frozen=True)
class _Taken:
    """A turn as both ends saw it, in monotonic seconds."""

    turn: Turn
    commit: float
    transcript: float
    first_audio: float

    @property
    def up_ms(self) -> float:
        return (self.commit - self.turn.last_frame) * 1000

    @property
    def down_ms(self) -> float:
        return (self.turn.first_sound - self.first_audio) * 1000


async def _measure(turns: int) -> Measured:
    spoken: dict[str, list[Turn]] = {shape: [] for shape in _SHAPES}
    shapes = Path(__file__).parent / "shapes"
    async with house(port=free_port(), simulated=_SIMULATED, more=(shapes,)) as home:
        if home.record is None:
            raise HouseError("The real service tells nobody when it sends what.")
        rounds = min(_WARM_UP, turns) + turns
        for number in range(1, rounds + 1):
            for shape, heard in spoken.items():
                heard.append(await _ask(home, shape, heard[-1].conversation_id if heard else None))
            if number % 3 == 0 or number == rounds:
                say(f"handoff: {number} of {rounds} rounds")
        taken = {shape: _taken(heard[-turns:], home.record) for shape, heard in spoken.items()}
    figures = percentiles("handoff.up_ms", [each.up_ms for all_of in taken.values() for each in all_of], 50, 99)
    for shape, all_of in taken.items():
        figures |= percentiles(f"handoff.{shape}.down_ms", [each.down_ms for each in all_of], 50, 99)
    return Measured(figures, _as_spans(_median(taken["wav16k"])))


async def _ask(home: House, shape: str, conversation_id: str | None) -> Turn:
    await home.socket.call("shapes/ask", shape=_SHAPES[shape].asked)
    question = tones(_QUESTION, RATE_HZ)
    turn = await ask(
        home.api, home.socket, home.pipeline_id, question, conversation_id=conversation_id, enough_bytes=inf
    )
    given, words = _shape_of(bytes(turn.sound)), read_tones(decode(bytes(turn.sound)), RATE_HZ)
    if (turn.heard, given, words) != (_QUESTION, _SHAPES[shape].given, REPLIES["2"]):
        raise HouseError(f"{shape}: “{turn.heard}” was answered with “{words}” in {given}")
    return turn


def _shape_of(sound: bytes) -> tuple[str, str, int]:
    with av.open(io.BytesIO(sound)) as container:
        stream = container.streams.audio[0]
        return container.format.name, stream.codec_context.name, stream.rate


def _taken(turns: list[Turn], record: Record) -> list[_Taken]:
    passed = record.between(turns[0].last_frame, turns[-1].run_end)

    def first(turn: Turn, direction: str, kind: str) -> float:
        found = (at for at, *what in passed if at >= turn.last_frame and what == [direction, kind])
        if (at := next(found, None)) is None:
            raise HouseError(f"The service has no {kind} of a turn that was answered.")
        return at

    return [
        _Taken(
            turn,
            first(turn, "in", "input_audio_buffer.commit"),
            first(turn, "out", "conversation.item.input_audio_transcription.completed"),
            first(turn, "out", "response.audio.delta"),
        )
        for turn in turns
    ]


def _median(taken: list[_Taken]) -> _Taken:
    """Return the turn that is nearest to the median both ways."""
    up_ms = percentile([each.up_ms for each in taken], 50)
    down_ms = percentile([each.down_ms for each in taken], 50)
    return min(taken, key=lambda each: abs(each.up_ms - up_ms) + abs(each.down_ms - down_ms))


def _as_spans(taken: _Taken) -> tuple[Span, ...]:
    turn = taken.turn

    def span(lane: str, label: str, begin: float, end: float) -> Span:
        return Span(lane, label, (begin - turn.last_frame) * 1000, (end - turn.last_frame) * 1000)

    satellite, between, service = "the satellite", "Home Assistant", "the service"
    return (
        span(satellite, "last frame of speech", turn.last_frame, turn.last_frame),
        span(between, "passes the last frame up", turn.last_frame, taken.commit),
        span(service, "hears the words", taken.commit, taken.transcript),
        span(between, "passes the words, offers the voice", taken.transcript, turn.fetch),
        span(satellite, "waits for the reply", turn.fetch, turn.first_sound),
        span(service, "begins to speak", taken.commit, taken.first_audio),
        span(between, "passes the first sound down", taken.first_audio, turn.first_sound),
    )


SCENARIO = Scenario(
    Chart(
        "What stands between a satellite and the service",
        (
            Panel(
                "ms",
                (
                    ("last frame up, median", "handoff.up_ms_p50"),
                    ("last frame up, 99 %", "handoff.up_ms_p99"),
                    *(
                        (f"first sound down, {label}, {text}", f"handoff.{shape}.down_ms_{percent}")
                        for shape, label in (("wav16k", "WAV"), ("flac48k", "FLAC"), ("mp3", "MP3"))
                        for percent, text in (("p50", "median"), ("p99", "99 %"))
                    ),
                ),
            ),
        ),
    ),
    _measure,
)
