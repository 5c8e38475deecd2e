"""What is read of the runs around us, from runs of every shape."""

from types import SimpleNamespace

import pytest

from custom_components.stepaudio import assist


def run(conversation_id, timestamp, *following, **data):
    """Return a run as Home Assistant keeps it for its debug view."""
    start = SimpleNamespace(type="run-start", data={"conversation_id": conversation_id, **data})
    return SimpleNamespace(timestamp=timestamp, events=[start, *(SimpleNamespace(type=kind) for kind in following)])


@pytest.fixture(autouse=True)
def nothing_known():
    """Begin without a run that was found before."""
    token = assist._start.set(None)
    yield
    assist._start.reset(token)


def house_with(*runs):
    """Return a Home Assistant in which these runs have begun."""
    pipelines = SimpleNamespace(pipeline_debug={"pipeline": dict(enumerate(runs))})
    return SimpleNamespace(data={"assist_pipeline": pipelines})


def log_of(house, listener):
    """Return the chat log of a conversation, and of a run that hears what is added to it."""
    return SimpleNamespace(hass=house, conversation_id="mine", delta_listener=listener)


@pytest.mark.parametrize("newest_first", [True, False])
def test_run_of_a_conversation_is_its_newest_that_has_not_ended(newest_first):
    runs = [
        run("mine", "10:00", "stt-start", name="old"),
        run("mine", "10:01", "stt-start", name="new"),
        run("mine", "10:02", "stt-start", "run-end", name="ended"),
        run("yours", "10:03", name="another's"),
        SimpleNamespace(timestamp="10:04", events=[]),
    ]
    start = assist._run_start(house_with(*(reversed(runs) if newest_first else runs)), "mine")
    assert start["name"] == "new"


def test_conversation_without_a_run_has_no_start():
    assert assist._run_start(house_with(run("yours", "10:00")), "mine") is None


def test_run_that_home_assistant_has_forgotten_is_known_where_it_was_found_before():
    assert assist._run_start(house_with(run("mine", "10:00", name="first")), "mine")["name"] == "first"
    assert assist._run_start(house_with(run("yours", "10:01")), "mine")["name"] == "first"
    assert assist._run_start(house_with(), "yours") is None
    assert assist._run_start(house_with(run("mine", "10:02", name="second")), "mine")["name"] == "second"


@pytest.mark.parametrize("converts", [True, False], ids=["2026.10", "2026.11"])
def test_voice_is_started_early_where_the_run_listens(monkeypatch, converts):
    monkeypatch.setattr(assist, "CONVERTS_EVERY_SHAPE", converts)
    heard = []

    def listen(log, delta):
        heard.append(delta)

    assist.async_start_voice_early(log_of(house_with(), listen))
    assert heard == [{"role": "assistant"}, {"content": assist.EARLY_START}]
    assert not assist.EARLY_START.isprintable()
    assert len(assist.EARLY_START) > 60


@pytest.mark.parametrize(
    "house",
    [house_with(), house_with(run("mine", "10:00", tts_output={})), SimpleNamespace(data={})],
    ids=["no run", "a run of another shape", "no runs at all"],
)
def test_voice_starts_later_where_the_run_refuses(house):
    def refuse(log, delta):
        raise RuntimeError("not any more")

    assist.async_start_voice_early(log_of(house, refuse))
    assist.async_start_voice_early(log_of(house, None))
    assist.async_speak_in(log_of(house, None), "jingdiannvsheng")
