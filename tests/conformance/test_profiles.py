"""Each profile of the simulator is told from outside, switch by switch, and our client does its work in it."""

import asyncio

import pytest

from house.conformance import course, plan, report
from house.conformance.questions import QUESTIONS
from simulator import PROFILES

from .trying import KEY, MODEL, bench_for, simulated, undisturbed, unseen, wrong

# What is told of other models does not show with these (sheet 1.3).
NOT_SEEN = {
    "s3": {*plan.NOT_SEEN, "models_as_observed"},
    # Step Plan has no websocket for recognition (sheet 3.4).
    "s25plan": {*plan.NOT_SEEN, "models_as_observed", "recognition_stash", "recognition_idle_limit_s"},
    # Nothing is refused, so no window shows; words that come at once wait for nothing; no response.done is sent.
    "doc": {*plan.NOT_SEEN, "models_as_observed", "rapid_window_s", "transcript_unanswered_s", "cancel_status"},
}
"""What a profile hides by its own nature; everything else is told."""
PLANS = {"s25plan": "/step_plan"}
MODELS = {"s3": "stepaudio-3-realtime-preview"}
CHECKS = ["typed turn", "spoken turn", "tool call", "barge-in", "replay after reconnect", "synthesis", "recognition"]
ANSWERED = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 20}
NOT_ANSWERED = {"s3": {18}, "s25plan": {18}, "doc": {13, 18}}
"""Open questions of the sheet; the others are answered in part."""


@pytest.fixture
async def runs(socket_enabled):
    """Run everything against all profiles, side by side: they take their real time."""

    async def run(profile):
        arguments = {"plan": PLANS.get(profile, ""), "model": MODELS.get(profile, MODEL), "long": True}
        async with simulated(PROFILES[profile]) as simulator, bench_for(simulator, **arguments) as bench:
            return bench.findings, await course.run(bench)

    undisturbed()
    return dict(zip(PROFILES, await asyncio.gather(*map(run, PROFILES)), strict=True))


async def test_report_names_exactly_the_switches_of_each_profile(runs):
    told = {profile: findings for profile, (findings, _) in runs.items()}
    assert {profile: wrong(findings, PROFILES[profile]) for profile, findings in told.items()} == {
        profile: {} for profile in PROFILES
    }
    assert {profile: set(unseen(findings)) for profile, findings in told.items()} == NOT_SEEN
    for profile, (findings, checks) in runs.items():
        assert [(check.name, check.passed) for check in checks] == [(name, True) for name in CHECKS], checks
        states = {question.number: question.answer(findings)[0] for question in QUESTIONS}
        assert {number for number, state in states.items() if state == "answered"} == ANSWERED
        assert {number for number, state in states.items() if state == "not answered"} == NOT_ANSWERED[profile]
        about = report.Account("http://nowhere", "china", "pay_as_you_go", MODEL, "2026-11-22")
        text = report.markdown(about, findings, checks)
        for name, seen in findings.switches.items():
            assert f"| `{name}` | {report.shown(seen.value)} |" in text
            assert report.data(about, findings, checks)["switches"][name]["value"] in (seen.value, "inf")
        assert KEY not in text
