"""The scrub command: what could tell whose log it was is gone, and what a replay needs is not."""

import base64

import orjson
import pytest

from simulator import tones
from simulator.replay import Recording
from simulator.scrub import main

SECRETS = {
    "key": "sk-live-8f2a91c0d7e65b43",
    "session": "0b6c1e0e-2f74-4e35-9d7f-5a1be2a0c001",
    "trace": "9f86d081884c7d659a2feaa0c55ad015",
    "request": "req_7Zq81mPk",
    "account": "org-sundermann",
    "clone": "voice-tone-Kx81mmQz02",
    "instructions": "You live with Professor Amalia in Sundergasse 5.",
    "words": "Is the Bilresa in Amalia's Stube on?",
    "chinese": "阿玛利亚在家吗？",
    "tool": "call_professor_amalia",
    "schema": "garage door pin",
    "argument": "Sundergasse",
    "argument_name": "street_of_amalia",
    "pin": "481516",
    "result": "Amalia is at the Kronenhof",
    "hotword": "Bilresa",
    "header": "cookie-of-the-gateway",
    "moment": "1763812345678",
}


def event(kind, connection=1, direction="out", **fields):
    return {"at": 1000.0, "connection": connection, "direction": direction, "event": {"type": kind} | fields}


def secretive_log():
    s = SECRETS
    session = {
        "id": s["session"],
        "model": "stepaudio-2.5-realtime",
        "voice": s["clone"],
        "instructions": s["instructions"],
        "modalities": ["text", "audio"],
        "turn_detection": None,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": s["tool"],
                    "description": s["result"],
                    "parameters": {"type": "object", "properties": {s["argument_name"]: {"enum": [s["schema"]]}}},
                },
            }
        ],
    }
    call = {"call_id": "call_0_2", "name": s["tool"], "item_id": "item-of-the-call"}
    arguments = orjson.dumps({s["argument_name"]: s["argument"], "code": int(s["pin"]), "loud": True}).decode()
    question = base64.b64encode(tones("Hi.", 24_000)).decode()
    pieces = [s["words"][:9], s["words"][9:17], s["words"][17:]]
    message = f"request {s['request']} of {s['session']}: bad key {s['key']}, and “{s['words']}” was blocked"
    opening = {"at": 999.5, "connection": 1, "direction": "open", "path": f"/v1/realtime?key={s['key']}"}
    return [
        opening | {"model": "stepaudio-2.5-realtime", "status": 101, "headers": {"Cookie": s["header"]}},
        event("session.created", session=session, event_id="e1", meta={"trace_id": s["trace"]}),
        event("session.update", direction="in", session=session | {"user": s["account"]}, event_id="c1"),
        event("input_audio_buffer.append", direction="in", audio=question),
        event("conversation.item.input_audio_transcription.completed", item_id="i1", transcript=s["words"]),
        *(event("response.audio_transcript.delta", delta=piece, item_id="i2") for piece in pieces),
        event("response.audio_transcript.done", transcript=s["words"], item_id="i2", timestamp=int(s["moment"])),
        event("response.audio.delta", delta=question, item_id="i2"),
        event("response.function_call_arguments.delta", arguments=arguments[:12], **call),
        event("response.function_call_arguments.done", arguments=arguments, **call),
        event("conversation.item.create", item={"call_id": "call_0_2", "output": s["result"]}, direction="in"),
        event("conversation.item.create", item={"content": [{"text": s["chinese"]}]}, direction="in"),
        event("error", error={"code": "400", "message": message, "event_id": "c1", "request_id": s["request"]}),
        event("novelty", hotwords=[s["hotword"]], authorization=s["key"]),
        {"at": 1001.0, "connection": 1, "direction": "close", "code": 1000, "by": "service"},
    ]


@pytest.fixture
def scrubbed(tmp_path):
    """Return a function that scrubs a log and gives its text and its lines."""

    def scrub(lines, *options):
        (tmp_path / "in").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        assert main([str(tmp_path / "in"), str(tmp_path / "out"), *options]) == 0
        text = (tmp_path / "out").read_text()
        return text, [orjson.loads(line) for line in text.splitlines()]

    return scrub


def of_kind(lines, kind):
    return [line["event"] for line in lines if line.get("event", {}).get("type") == kind]


@pytest.mark.parametrize("secret", SECRETS)
def test_scrub_leaves_no_secret(scrubbed, secret):
    assert SECRETS[secret] in orjson.dumps(secretive_log()).decode().replace('\\"', '"')
    text, _ = scrubbed(secretive_log())
    assert SECRETS[secret] not in text
    assert not any(word in text for word in ("Amalia", "Sunder", "Bilresa", "阿玛"))


@pytest.mark.parametrize("secret", ["key", "session", "trace", "request", "account", "clone", "instructions", "moment"])
def test_scrub_that_keeps_words_keeps_no_secret_of_the_account(scrubbed, secret):
    text, lines = scrubbed(secretive_log(), "--keep-words")
    assert SECRETS[secret] not in text
    assert of_kind(lines, "response.audio_transcript.done")[0]["transcript"] == SECRETS["words"]
    assert SECRETS["result"] in text


def test_scrub_takes_what_it_is_told_out_of_words_that_stay(scrubbed):
    text, lines = scrubbed(secretive_log(), "--keep-words", "--secret", "Amalia")
    assert "Amalia" not in text
    said = of_kind(lines, "response.audio_transcript.done")[0]["transcript"]
    assert said == SECRETS["words"].replace("Amalia", "Xxxxxx")


def test_scrubbed_words_have_their_length_however_they_are_cut(scrubbed):
    _, lines = scrubbed(secretive_log())
    (done,) = of_kind(lines, "response.audio_transcript.done")
    deltas = of_kind(lines, "response.audio_transcript.delta")
    assert done["transcript"] == "Xx xxx Xxxxxxx xx Xxxxxx'x Xxxxx xx?"
    assert "".join(delta["delta"] for delta in deltas) == done["transcript"]
    assert of_kind(lines, "conversation.item.create")[1]["item"]["content"][0]["text"] == "字字字字字字字？"


def test_scrubbed_ids_and_names_are_the_same_wherever_they_stand(scrubbed):
    _, lines = scrubbed(secretive_log())
    (created,), (update,) = of_kind(lines, "session.created"), of_kind(lines, "session.update")
    assert created["session"]["id"] == update["session"]["id"] != SECRETS["session"]
    assert created["session"]["voice"] == update["session"]["voice"] == "voice-tone-2"
    (error,) = of_kind(lines, "error")
    assert error["error"]["event_id"] == update["event_id"]
    assert error["error"]["request_id"] in error["error"]["message"]
    (call,) = of_kind(lines, "response.function_call_arguments.done")
    assert call["name"] == update["session"]["tools"][0]["function"]["name"]
    assert call["call_id"] == of_kind(lines, "conversation.item.create")[0]["item"]["call_id"]
    assert list(orjson.loads(call["arguments"]).values()) == ["Xxxxxxxxxxx", 1, True]


def test_scrubbed_log_keeps_the_protocol_and_can_be_replayed(scrubbed):
    before = secretive_log()
    _, lines = scrubbed(before)
    shown = [(line["connection"], line["direction"], line.get("event", {}).get("type")) for line in lines]
    assert shown == [(line["connection"], line["direction"], line.get("event", {}).get("type")) for line in before]
    assert lines[0] | {"at": 0} == {
        "at": 0,
        "connection": 1,
        "direction": "open",
        "path": "/v1/realtime",
        "model": "stepaudio-2.5-realtime",
        "status": 101,
    }
    assert [line["at"] for line in lines[:2]] == [0.0, 0.5]
    assert of_kind(lines, "session.created")[0]["session"]["modalities"] == ["text", "audio"]
    assert of_kind(lines, "error")[0]["error"]["code"] == "400"
    assert of_kind(lines, "response.audio.delta")[0]["delta"] == len(tones("Hi.", 24_000))
    recorded = Recording(map(orjson.dumps, lines)).take("/v1/realtime")
    assert len(recorded.moments) == len(lines) - 1


def test_scrub_that_would_leave_a_secret_writes_nothing(tmp_path, capsys):
    (tmp_path / "in").write_bytes(orjson.dumps(event("novelty", amalia=1)))
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), "--secret", "amalia"]) == 1
    assert "nothing written" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["no log", "[1]", '{"direction": "in"}'])
def test_scrub_of_what_is_no_log_is_said_plainly(tmp_path, capsys, content):
    (tmp_path / "in").write_text(content)
    assert main([str(tmp_path / "in"), str(tmp_path / "out")]) == 1
    assert "no log" in capsys.readouterr().err
