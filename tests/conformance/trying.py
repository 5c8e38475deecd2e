"""How a test lets the conformance probes loose on a simulator."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import fields

import aiohttp

from custom_components.stepaudio.client.connection import Endpoint
from house.conformance import course
from house.conformance.bench import Bench
from house.conformance.findings import Findings
from house.conformance.journal import Journal
from house.conformance.plan import PROBES
from house.conformance.sound import Speech
from house.conformance.wire import Patience
from simulator import Simulator, Switches, tones

WORDS = "How are you this fine day?"
MODEL = "stepaudio-2.5-realtime"
KEY = "key-of-nobody"
PATIENCE = Patience(answer_s=10.0, moment_s=0.4, transcript_s=1.5)

TOLERANCES = {
    "rapid_window_s": 2.5,
    "session_limit_s": 45.0,
    "idle_limit_s": 45.0,
    "update_limit_s": 2.5,
    "server_ping_s": 1.5,
    "speech_idle_limit_s": 2.5,
    "recognition_idle_limit_s": 2.5,
    "min_speech_ms": 20,
    "speech_level": 30,
    "transcript_unanswered_s": 0.2,
    "vad_start_lag_ms": 200,
    "vad_stop_lag_ms": 200,
    "vad_commit_s": 0.1,
    "first_word_s": 0.2,
    "first_audio_s": 0.2,
    "written_word_s": 0.1,
    "delivery_speed": 0.3,
    "words_ahead_s": 0.5,
    "cancel_s": 0.1,
    "speech_first_audio_s": 0.2,
    "speech_http_s": 0.4,
    "speech_speed": 0.3,
    "recognition_words_s": 0.2,
}
"""How far from a switch's value a measurement on a busy machine may be; all others are told exactly."""


def fits(name, value, switches):
    """Tell whether a value is that of the simulator's switch."""
    wanted = getattr(switches, name)
    return value == wanted or (name in TOLERANCES and abs(value - wanted) <= TOLERANCES[name])


def wrong(findings, switches):
    """Give the switches that were told wrongly, with what was told and what is true."""
    return {
        name: (seen.value, getattr(switches, name), seen.remark)
        for name, seen in findings.switches.items()
        if not fits(name, seen.value, switches)
    }


def unseen(findings):
    """Give the switches that were not told, with the reasons."""
    names = {field.name for field in fields(Switches)}
    return {name: findings.unseen.get(name, "") for name in names - set(findings.switches)}


def undisturbed():
    """Take the debugging off the loop, which costs more time than what is measured."""
    asyncio.get_running_loop().set_debug(False)


@asynccontextmanager
async def bench_for(simulator, *, plan="", model=MODEL, key=KEY, long=False, record=None):
    """Give a bench whose pauses push the simulator's clock on."""

    async def pause(seconds):
        simulator.clock.advance(seconds)
        await asyncio.sleep(0.005)

    with Journal(record) as journal:
        async with aiohttp.ClientSession() as web:
            yield Bench(
                Endpoint(simulator.url + plan, key),
                model,
                Speech.of(WORDS, tones(WORDS, 24_000)),
                Findings(),
                journal,
                web,
                PATIENCE,
                pause,
                simulator.clock.now,
                long=long,
            )


async def tried(simulator, probes=PROBES, **arguments):
    """Run probes against a simulator."""
    async with bench_for(simulator, **arguments) as bench:
        await course.run_probes(bench, probes)
    bench.findings.conclude()
    return bench.findings


def simulated(switches, pace=1.0):
    """Make a simulator with one right key."""
    return Simulator(switches=switches, key=KEY, pace=pace)
