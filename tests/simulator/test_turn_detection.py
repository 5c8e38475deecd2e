"""The service's own detection of turns (sheet 1.5, 1.14)."""

import pytest

from simulator import PROFILES, Fault, Say, ScriptedBrain
from simulator.turn_detection import TurnDetector
from tests.simulator.client import configured, opened, voice_of

DETECTION = {
    "type": "server_vad",
    "prefix_padding_ms": 500,
    "silence_duration_ms": 100,
    "energy_awakeness_threshold": 2500,
}
WORDS = "Turn on the kitchen light, please."
SECOND = bytes(48000)


def boundaries(detector, *audio):
    return [(found.kind, found.at_ms) for pcm in audio for found in detector.feed(pcm)]


@pytest.mark.parametrize(("lags", "silence_ms"), [((0, 0), 200), ((900, 1100), 1300)])
def test_detector_finds_start_and_stop(lags, silence_ms):
    detector = TurnDetector(DETECTION, *lags, 0)
    speech = voice_of(WORDS)
    spoken_ms = (len(speech) // 48 - 90) // 20 * 20
    found = boundaries(detector, SECOND, speech, bytes(silence_ms * 48))
    assert found[0] == ("started", 500)
    assert found[1][0] == "stopped"
    assert abs(found[1][1] - 1000 - spoken_ms) <= 20


def test_detector_needs_silence_that_arrives():
    detector = TurnDetector(DETECTION, 900, 1100, 0)
    assert [kind for kind, _ in boundaries(detector, SECOND, voice_of(WORDS), bytes(700 * 48))] == ["started"]
    assert [kind for kind, _ in boundaries(detector, SECOND)] == ["stopped"]


def test_detector_does_not_end_at_a_short_pause():
    detector = TurnDetector(DETECTION | {"silence_duration_ms": 500}, 0, 0, 0)
    speech = voice_of(WORDS)
    found = boundaries(detector, speech, bytes(300 * 48), speech, SECOND)
    assert [kind for kind, _ in found] == ["started", "stopped"]


@pytest.mark.parametrize(("threshold", "heard"), [(5000, True), (6500, False)])
def test_detector_hears_what_is_over_its_threshold(threshold, heard):
    detector = TurnDetector(DETECTION | {"energy_awakeness_threshold": threshold}, 0, 0, 0)
    assert bool(boundaries(detector, voice_of(WORDS), SECOND)) is heard


def test_detector_ignores_a_click():
    detector = TurnDetector(DETECTION, 0, 0, 0)
    assert not boundaries(detector, SECOND, b"\xff\x6f" * 800, SECOND)


def test_detector_prefix_is_not_before_the_beginning():
    detector = TurnDetector(DETECTION, 0, 0, 2000)
    assert boundaries(detector, voice_of(WORDS))[0] == ("started", 2000)


async def test_detected_turn_order_is_as_observed(start):
    async with configured(await start(), turn_detection=DETECTION) as client:
        await client.append(voice_of(WORDS) + SECOND * 2)
        await client.until("response.done")
    types = client.types()
    wanted = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
    ]
    assert types[types.index(wanted[0]) :][: len(wanted)] == wanted
    item_ids = {client.all(kind)[0]["item_id"] for kind in wanted[:3]}
    assert item_ids == {client.all("conversation.item.created")[0]["item"]["id"]}
    assert client.all("conversation.item.input_audio_transcription.completed")[0]["transcript"] == WORDS


async def test_detected_turn_stalls_while_no_silence_arrives(start):
    async with configured(await start(), turn_detection=DETECTION) as client:
        await client.append(voice_of(WORDS))
        await client.until("input_audio_buffer.speech_started")
        await client.configure(turn_detection=DETECTION)
    assert not client.all("input_audio_buffer.speech_stopped")


async def test_detected_turn_without_modalities_is_words_alone_where_observed(start):
    simulator = await start(profile="s3")
    async with opened(simulator) as client:
        await client.until("session.created")
        await client.send("session.update", session={"turn_detection": DETECTION})
        await client.append(voice_of(WORDS) + SECOND * 2)
        await client.until("response.done")
    assert simulator.responses[0].kind == "words"


async def test_detected_second_turn_is_answered_too(start):
    simulator = await start()
    async with configured(simulator, turn_detection=DETECTION) as client:
        for words in ("The first of two turns.", "The second of two turns."):
            await client.append(voice_of(words) + SECOND * 2)
            await client.until("response.done")
    assert ["first" in simulator.responses[0].text, "second" in simulator.responses[1].text] == [True, True]


LONG = "This is a sentence of some length. And here is one more of them. The third ends it all."


@pytest.mark.parametrize("interrupts", [False, True])
async def test_detected_barge_in_ends_the_answer_where_switched(start, interrupts):
    simulator = await start(
        switches=PROFILES["s3"].replace(vad_interrupts=interrupts, vad_start_lag_ms=0, vad_stop_lag_ms=0),
        brain=ScriptedBrain(Say(LONG), Say("Yes.")),
    )
    simulator.throw(Fault("stall", "response.audio.delta", nth=2))
    async with configured(simulator, turn_detection=DETECTION) as client:
        await client.append(voice_of(WORDS) + SECOND)
        await client.until("response.audio.delta")
        await client.append(voice_of("Stop it, please."))
        await client.until("input_audio_buffer.speech_started")
        if interrupts:
            done = await client.until("response.done")
            assert done["response"]["status"] == "incomplete"
        else:
            await client.configure(turn_detection=DETECTION)
            assert not client.all("response.done")
        await client.append(SECOND)
        await client.until("response.done", count=1 if interrupts else 2)
    assert [response.status for response in simulator.responses] == ["incomplete", "completed"]


async def test_detected_turn_loses_its_slot_to_a_create_in_the_gap(start):
    simulator = await start()
    simulator.throw(Fault("delay", "input_audio_buffer.committed", value="0"), Fault("stall", "response.created"))
    async with configured(simulator, turn_detection=DETECTION) as client:
        await client.type("Something typed before.")
        simulator.clock.pace = 50
        await client.append(voice_of(WORDS) + SECOND * 2)
        await client.until("input_audio_buffer.speech_stopped")
        await client.send("response.create")
        simulator.clock.pace = 0
        error = await client.until("error")
        simulator.release()
        await client.until("response.done")
    assert error["error"]["message"] == "ongoing response already exists"
    assert len(client.all("response.created")) == 1


def test_detector_prefix_is_not_in_the_turn_before():
    detector = TurnDetector(DETECTION, 0, 0, 0)
    speech = voice_of(WORDS)
    found = boundaries(detector, SECOND, speech, bytes(200 * 48), speech)
    assert [kind for kind, _ in found] == ["started", "stopped", "started"]
    assert found[1][1] < found[2][1] <= found[1][1] + 200


@pytest.mark.parametrize("cut", [1, 2, 7, 960, 961, 48000])
def test_detector_finds_the_same_however_the_audio_is_cut(cut):
    audio = SECOND + voice_of(WORDS) + SECOND * 2
    pieces = [audio[at : at + 2 * cut] for at in range(0, len(audio), 2 * cut)]
    whole = boundaries(TurnDetector(DETECTION, 900, 1100, 0), audio)
    assert boundaries(TurnDetector(DETECTION, 900, 1100, 0), *pieces) == whole


@pytest.mark.parametrize(("lag", "bounds_ms"), [("start", (800, 1100)), ("stop", (1070, 1730))])
@pytest.mark.parametrize("profile", ["s3", "s25plan"])
def test_detector_lags_are_within_what_was_measured(profile, lag, bounds_ms):
    switches = PROFILES[profile]
    detector = TurnDetector(DETECTION, switches.vad_start_lag_ms, switches.vad_stop_lag_ms, 0)
    speech, told = voice_of(WORDS), {}
    for at in range(0, 5 * 48000, 960):
        heard = (SECOND + speech + SECOND * 3)[at : at + 960]
        told |= {found.kind: (at // 48 + 20, found.at_ms) for found in detector.feed(heard)}
    onset_ms, end_ms = told["started"][1] + DETECTION["prefix_padding_ms"], told["stopped"][1]
    late_ms = told["started"][0] - onset_ms if lag == "start" else told["stopped"][0] - end_ms
    assert bounds_ms[0] <= late_ms <= bounds_ms[1]


async def test_detected_turn_is_placed_in_all_the_audio_that_arrived(start):
    simulator = await start(profile="doc")
    async with configured(simulator, turn_detection=DETECTION) as client:
        for _ in range(2):
            await client.append(SECOND * 2 + voice_of(WORDS) + SECOND)
            await client.until("response.done")
        spoken_ms = len(voice_of(WORDS)) // 48
        starts = [event["audio_start_ms"] for event in client.all("input_audio_buffer.speech_started")]
        heard_ms = simulator.connections[0].heard_ms()
    assert abs(starts[0] - 1500) <= 20
    assert abs(starts[1] - (2000 + spoken_ms + 1000 + 1500)) <= 20
    assert starts[1] < client.all("input_audio_buffer.speech_stopped")[1]["audio_end_ms"] < heard_ms


async def test_detected_audio_is_committed_from_its_start(start):
    simulator = await start(profile="doc")
    async with configured(simulator, turn_detection=DETECTION) as client:
        await client.append(SECOND * 2 + voice_of(WORDS) + SECOND)
        await client.until("response.done")
        said = simulator.connections[0].items[0].audio
    started = client.all("input_audio_buffer.speech_started")[0]["audio_start_ms"]
    assert said == (SECOND * 2 + voice_of(WORDS) + SECOND)[started * 48 :][: len(said)]
    assert voice_of(WORDS)[:-4320] in said


async def test_detected_boundaries_have_the_fields_of_the_table_where_switched(start):
    simulator = await start(switches=PROFILES["s3"].replace(detection_fields="table"))
    async with configured(simulator, turn_detection=DETECTION) as client:
        await client.append(voice_of(WORDS) + SECOND * 2)
        await client.until("response.done")
    assert client.all("input_audio_buffer.speech_started")[0]["audio_start_ms"] == "0"
    stopped = client.all("input_audio_buffer.speech_stopped")[0]
    assert stopped["audio_end_ms"].isdigit()
    assert "response_id" in stopped


async def test_detected_turn_of_noise_alone_is_not_answered(start):
    simulator = await start()
    async with configured(simulator, turn_detection=DETECTION) as client:
        await client.append(b"\xff\x4f\x01\xb0" * 3600 + SECOND * 3)
        error = (await client.until("error"))["error"]
    assert error["message"] == "no speech found"
    assert not client.all("response.created")
