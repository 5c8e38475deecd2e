"""A switch that is turned is told as it is: no probe says the same whatever it sees."""

import asyncio
import math
from dataclasses import fields

import pytest

from house.conformance.plan import CONCLUDED, NOT_SEEN, PROBES
from simulator import PROFILES, Switches

from .trying import MODEL, fits, simulated, tried, undisturbed

# Each switch with values that the profile s3 has not, and what else has to be turned so that it shows.
IN_ORDER = [
    ("region", "ai", {}),
    ("quota", False, {}),
    ("plan_quota", False, {}),
    ("bad_key_status", 400, {}),
    ("max_connections", 3, {}),
    ("rapid_connects", 0, {}),
    ("rapid_connects", 8, {"rapid_window_s": 6.0}),
    ("rapid_window_s", 6.0, {}),
    ("session_limit_s", 0.0, {}),
    ("session_limit_s", 900.0, {}),
    ("idle_limit_s", 0.0, {}),
    ("idle_limit_s", 300.0, {}),
    ("update_limit_s", 0.0, {}),
    ("update_limit_s", 30.0, {}),
    ("close_code", 1006, {}),
    ("close_code", 4000, {}),
    ("speech_idle_limit_s", 20.0, {}),
    ("recognition_idle_limit_s", 0.0, {}),
    ("recognition_idle_limit_s", 25.0, {}),
    ("vad_default", False, {}),
    ("vad_off_echo", "missing", {}),
    ("vad_off_echo", "empty", {}),
    ("updated_carries_id", False, {}),
    ("max_tokens_echo", "number", {}),
    ("voice_refusal", "downgrade", {}),
    ("text_item_echo", "input_text", {}),
    ("first_previous_item_id", "null", {}),
    ("first_previous_item_id", "absent", {}),
    ("system_item", "disconnect", {}),
    ("system_item", "accept", {}),
    ("refuse_assistant_end", True, {}),
    ("voice_change", "ignore", {}),
    ("voice_fixed_after", "update", {}),
    ("voice_fixed_after", "update", {"voice_change": "ignore"}),
    ("region", "ai", {"voice_fixed_after": "update"}),
    ("sampling_echoed", True, {}),
    ("models_as_observed", False, {}),
    ("rate_limits", True, {}),
    ("audio_delta_bytes", 6464, {}),
    ("delta_response_id", False, {}),
    ("assistant_content", "text", {}),
    ("usage", False, {}),
    ("create_settings", "none", {}),
    ("create_settings", "all", {}),
    ("text_only_events", "text", {}),
    ("calls_need_english", True, {}),
    ("call_announcement", "item_created", {}),
    ("arguments_delta_field", "delta", {}),
    ("arguments_delta_field", "both", {}),
    ("call_id_style", "named", {}),
    ("empty_part_after_call", True, {}),
    ("min_speech_ms", 0, {}),
    ("min_speech_ms", 310, {}),
    ("speech_level", 1200, {}),
    ("no_speech_at", "commit", {}),
    ("transcript_moment", "before", {}),
    ("transcript_moment", "after", {}),
    ("transcript_moment", "next", {}),
    ("transcript_moment", "never", {}),
    ("transcript_moment", "random", {}),
    ("transcript_asked", True, {}),
    ("transcript_moment", "after", {"transcript_asked": True}),
    ("transcript_deltas", "none", {}),
    ("transcript_deltas", "incremental", {}),
    ("transcript_unanswered_s", 0.0, {}),
    ("transcript_unanswered_s", 1.0, {}),
    ("error_shape", "flat", {}),
    ("error_code", "number", {}),
    ("speech_events", "june", {}),
    ("speech_done_event", "response.audio.done", {}),
    ("speech_done_audio", "whole", {}),
    ("server_ping_s", 15.0, {}),
    ("recognition_stash", False, {}),
]
IN_TIME = [
    ("words_ahead_s", math.inf, {}),
    ("words_ahead_s", 4.0, {}),
    ("first_word_s", 0.7, {}),
    ("first_audio_s", 0.9, {}),
    ("written_word_s", 0.3, {}),
    ("delivery_speed", 3.3, {}),
    ("cancel_event", "cancelled", {}),
    ("cancel_event", "both", {}),
    ("cancel_status", "cancelled", {}),
    ("cancel_leftover_deltas", 2, {}),
    ("cancel_s", 0.4, {}),
    ("vad_start_lag_ms", 300, {}),
    ("vad_stop_lag_ms", 400, {}),
    ("vad_commit_s", 0.3, {}),
    ("detection_fields", "table", {}),
    ("vad_interrupts", True, {}),
    ("text_only_without_modalities", False, {}),
    ("speech_first_audio_s", 1.2, {}),
    ("speech_http_s", 0.5, {}),
    ("speech_speed", 4.0, {}),
    ("recognition_words_s", 1.0, {}),
]
LONG = {"session_limit_s", "idle_limit_s"}
# What is told by all errors and events together: a probe that sees some serves.
EVERYWHERE = {"error_shape": "session", "error_code": "session", "rate_limits": "tools"}
MODELS = {"models_as_observed": "step-audio-2"}
"""Who shows it."""


def probes_for(name):
    """Give the probes that tell a switch; the one that tells it last is in force."""
    told = [probe for probe in PROBES if name in probe.switches or probe.name == EVERYWHERE.get(name)]
    return told[-1:]


async def told(name, value, others, pace):
    """Give what the probes say of a turned switch."""
    switches = PROFILES["s3"].replace(**{name: value}, **others)
    async with simulated(switches, pace) as simulator:
        findings = await tried(simulator, probes_for(name), model=MODELS.get(name, MODEL), long=name in LONG)
    return findings.switches.get(name), findings.unseen.get(name), switches


@pytest.mark.parametrize(("name", "value", "others"), IN_ORDER, ids=str)
async def test_switch_that_is_turned_is_told(socket_enabled, name, value, others):
    undisturbed()
    seen, why, switches = await told(name, value, others, pace=0.0)
    assert seen is not None, why
    assert fits(name, seen.value, switches), seen


async def test_switches_that_show_in_time_are_told_when_turned(socket_enabled):
    undisturbed()
    places = asyncio.Semaphore(5)

    async def turn(name, value, others):
        async with places:
            seen, why, switches = await told(name, value, others, pace=1.0)
        return None if seen is not None and fits(name, seen.value, switches) else (name, value, seen, why)

    wrong = await asyncio.gather(*(turn(*flip) for flip in IN_TIME))
    assert [found for found in wrong if found is not None] == []


async def test_quota_that_is_used_up_is_told_and_hardly_anything_else(socket_enabled):
    async with simulated(PROFILES["s3"].replace(quota=False), pace=0.0) as simulator:
        findings = await tried(simulator)
    assert findings.switches["quota"].value is False
    assert set(findings.switches) <= {"quota", "plan_quota", "bad_key_status"}
    assert "402" in findings.unseen["first_word_s"]


async def test_model_that_reads_its_calls_aloud_is_told(socket_enabled):
    undisturbed()
    probe = next(probe for probe in PROBES if probe.name == "tools")
    for observed in (True, False):
        switches = PROFILES["s3"].replace(models_as_observed=observed)
        async with simulated(switches, pace=0.0) as simulator:
            findings = await tried(simulator, [probe], model="step-audio-r1.5")
        assert findings.switches["models_as_observed"].value is observed


def test_every_switch_is_turned_or_nobodys_to_tell():
    turned = {name for name, _, _ in (*IN_ORDER, *IN_TIME)}
    switches = {field.name for field in fields(Switches)}
    told_by_probes = {name for probe in PROBES for name in probe.switches} | set(CONCLUDED)
    assert turned | set(NOT_SEEN) == switches
    assert told_by_probes | set(NOT_SEEN) == switches
    assert not told_by_probes & set(NOT_SEEN)
    assert all(NOT_SEEN.values())


def test_turned_values_are_not_those_of_the_profile():
    assert not [name for name, value, _ in (*IN_ORDER, *IN_TIME) if fits(name, value, PROFILES["s3"])]
