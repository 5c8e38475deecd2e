"""The parts of the harness that a wrong figure could hide in."""

import json
import math
import struct
import subprocess
import sys
import wave
from argparse import Namespace
from io import BytesIO

import av
import pytest

from custom_components.stepaudio.client.containers import AudioFormat, Encoder
from house.doorplate import Doorplate, hung_up, newest
from house.processes import running
from house.questions import Question
from house.report import HouseError
from house.satellite import Heard
from house.satellites import _dealt
from house.service import Record, account_from_environment
from house.sound import decode, header_bytes, write_wav
from house.timeline import figures, mode

SECOND = b"".join(struct.pack("<h", int(9000 * math.sin(n / 9))) for n in range(16_000))


def encoded(container: str, codec: str) -> bytes:
    file = BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(SECOND) // 2)
        frame.sample_rate = 16_000
        frame.planes[0].update(SECOND)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame")])
def test_the_header_ends_where_the_sound_begins(container, codec):
    data = encoded(container, codec)
    begins = header_bytes(data)
    assert header_bytes(data[:8]) is None
    match container:
        case "wav":
            assert data[begins:].startswith(SECOND[:100])
        case "flac":
            assert data[begins] == 0xFF
            assert data[begins + 1] & 0xFE == 0xF8
        case "mp3":
            assert data[begins] == 0xFF
            assert data[begins + 1] & 0xE0 == 0xE0
            # The first frame only describes the others.
            assert b"Info" in data[:begins]
            assert b"Info" not in data[begins:]
            assert header_bytes(data[: begins - 1]) is None
    assert abs(len(decode(data)) - len(SECOND)) < len(SECOND) * 0.15


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 16_000, 24_000, 44_100, 48_000])
def test_the_header_of_our_own_mp3_ends_where_its_first_frame_of_sound_begins(rate_hz):
    encoder = Encoder(16_000, AudioFormat("mp3", rate_hz))
    assert header_bytes(encoder.header + encoder.push(SECOND)) == len(encoder.header)


def test_any_recording_becomes_what_a_satellite_sends(tmp_path):
    stereo = tmp_path / "stereo.wav"
    with wave.open(str(stereo), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(bytes(44_100 * 4))
    assert abs(len(decode(stereo)) - 32_000) < 400
    kept = tmp_path / "kept.wav"
    write_wav(kept, SECOND)
    assert decode(kept) == SECOND


def test_what_is_no_sound_is_told_plainly(tmp_path):
    (tmp_path / "words.wav").write_text("not a recording")
    with pytest.raises(HouseError, match=r"words\.wav is no audio"):
        decode(tmp_path / "words.wav")


def turn(**told) -> Heard:
    return Heard(
        10.0, **{"vad_end": 11.0, "fetch": 11.2, "first_audio": 11.3, "words_end": 12.0, "ended": 13.0, **told}
    )


def recorded(path, *events) -> Record:
    lines = [{"at": at, "direction": way, "event": {"type": kind}} for at, way, kind in events]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"at": 12.5, "dir')
    return Record(path)


def test_a_turn_is_fused_when_the_model_spoke_it(tmp_path):
    heard = [(9.0, "out", "response.audio.delta"), (11.0, "in", "input_audio_buffer.commit")]
    own = recorded(tmp_path / "own", *heard, (11.25, "out", "response.audio.delta"))
    told = figures(turn(), own)
    assert (told.first_audio_ms, told.model_first_audio_ms, told.fused) == (300, 250, True)
    read = recorded(tmp_path / "read", *heard, (11.2, "out", "tts.response.audio.delta"))
    assert not figures(turn(), read).fused
    assert mode([told, figures(turn(), read)]) == "staged"


def test_without_a_record_an_early_voice_is_the_evidence():
    assert figures(turn(), None).fused
    assert not figures(turn(fetch=12.1), None).fused
    assert not figures(turn(words_before_voice="x" * 61), None).fused
    assert figures(turn(), None).model_first_audio_ms is None


def test_a_key_in_the_environment_is_an_account(monkeypatch):
    monkeypatch.delenv("STEPFUN_API_KEY", raising=False)
    assert account_from_environment() is None
    monkeypatch.setenv("STEPFUN_API_KEY", "sk-1")
    monkeypatch.setenv("STEPFUN_REGION", "china")
    monkeypatch.setenv("STEPFUN_PLAN", "step_plan")
    account = account_from_environment()
    assert (account.region, account.plan, account.api_key) == ("china", "step_plan", "sk-1")
    assert "sk-1" not in repr(account)
    monkeypatch.setenv("STEPFUN_REGION", "mars")
    with pytest.raises(HouseError, match="STEPFUN_REGION"):
        account_from_environment()


async def test_a_child_that_will_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("house.processes._TERM_GRACE_S", 0.3)
    stubborn = """
import signal
signal.signal(signal.SIGTERM, lambda *_: None)
print("up", flush=True)
while True:
    signal.pause()
"""
    async with running("It", [sys.executable, "-c", stubborn], tmp_path / "log", cwd=tmp_path) as process:
        assert await process.wait_for_line("up", 10) == "up"
        assert process.alive
    assert not process.alive


async def test_a_child_that_fails_tells_its_last_lines(tmp_path):
    async with running(
        "It", [sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path / "log", cwd=tmp_path
    ) as process:
        with pytest.raises(HouseError, match=r"It ended by itself with status 1.*\n.*no such thing"):
            await process.wait_for_line("up", 10)


def test_a_house_is_found_while_it_is_open(tmp_path, monkeypatch):
    monkeypatch.setattr("house.doorplate._FOLDER", tmp_path / "houses")
    assert newest() is None
    plate = Doorplate("http://127.0.0.1:8123", "token", None)
    with hung_up(plate):
        assert newest() == plate
        assert "token" not in repr(plate)
    assert newest() is None


def test_a_house_that_was_killed_is_not_found(tmp_path, monkeypatch):
    monkeypatch.setattr("house.doorplate._FOLDER", tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"{ended.pid}.json"
    left.write_text("{}")
    assert newest() is None
    assert not left.exists()


@pytest.mark.parametrize(
    ("count", "asked", "dealt"),
    [
        (1, ["a", "b"], [("Satellite", "Hall", 7000, ["a", "b"])]),
        (2, ["a", "b", "c"], [("Satellite 1", "Hall", 7000, ["a", "c"]), ("Satellite 2", "Attic", 7001, ["b"])]),
        (
            3,
            ["a"],
            [(f"Satellite {n + 1}", room, 7000 + n, ["a"]) for n, room in enumerate(["Hall", "Attic", "Hall"])],
        ),
    ],
)
def test_questions_and_rooms_are_dealt_out_to_satellites(count, asked, dealt):
    options = Namespace(count=count, name="Satellite", area=["Hall", "Attic"], port=7000)
    plans = _dealt(options, [Question(words, b"") for words in asked])
    assert [(each.name, each.area, each.port, [one.words for one in each.questions]) for each in plans] == dealt
