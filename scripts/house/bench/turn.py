"""From the user's last sound to the first sound of the reply: fused, in stages, and through Home Assistant's OpenAI."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from house.assist import add_openai, add_stepaudio, create_pipeline, entities_of
from house.home import House, house
from house.home_assistant import REPOSITORY, free_port
from house.homes import Assistant
from house.processes import running
from house.report import HouseError, say
from house.service import Simulated, service

from .figures import Chart, Measured, Panel, Scenario, percentile
from .openai_service import FIRST_WORD_S, WRITTEN_WORD_S
from .satellite import ask
from .service import QUESTIONS, REPLIES, spoken

_WAYS = {"fused": "one turn", "staged": "three stages", "core": "OpenAI"}
_LENGTHS = {"2": "2 words", "12": "12 words", "60": "60 words", "zh8": "8 characters"}
_WARM_UP = 3
_PAUSE_S = 0.3
"""Between turns: what was broken off is over."""
_TIMEOUT_S = 60.0

# What the service was measured at: it hears the voice itself and answers with its own, or takes stage after stage.
FUSED = ("first_word_s=0.15", "transcript_moment=within", "first_audio_s=0.212")
_STAGED = (f"first_word_s={FIRST_WORD_S}", f"written_word_s={WRITTEN_WORD_S}")


def simulated(settings: tuple[str, ...]) -> Simulated:
    """Return how the simulator is run with switches set like this."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    return Simulated(arguments=tuple(arguments), module="house.bench.service")


async def _measure(turns: int) -> Measured:
    async with _pipelines() as (home, pipelines):

        def lanes(way: str) -> Iterator[Coroutine[None, None, float]]:
            return (_lane(home, way, pipelines[way], length, turns) for length in _LENGTHS)

        delays = {"fused": [await lane for lane in lanes("fused")]}
        # The others, where a millisecond counts for little, take their long time side by side. But our client
        # spaces its connects: stage after stage takes two of them, and more than one satellite would have to wait.
        async with asyncio.TaskGroup() as tasks:
            core = [tasks.create_task(lane) for lane in lanes("core")]
            delays["staged"] = [await lane for lane in lanes("staged")]
        delays["core"] = [task.result() for task in core]
        if errors := home.home_assistant.errors_about("stepaudio"):
            raise HouseError(f"Home Assistant logged an error: {errors[0]}")
    figures = {
        f"turn.{length}.{way}_ms": delay_ms
        for way in _WAYS
        for length, delay_ms in zip(_LENGTHS, delays[way], strict=True)
    }
    for length in _LENGTHS:
        for other in ("staged", "core"):
            ratio = figures[f"turn.{length}.fused_ms"] / figures[f"turn.{length}.{other}_ms"]
            figures[f"turn.{length}.fused_{other}_ratio"] = ratio
    return Measured(figures)


@asynccontextmanager
async def _pipelines() -> AsyncGenerator[tuple[House, dict[str, str]]]:
    """Open a house with a pipeline for each way, everything behind them in processes of its own."""
    with TemporaryDirectory(prefix="stepaudio-bench-") as name:
        directory = Path(name)
        command = [sys.executable, "-m", "house.bench.openai_service", "--port", "0"]
        async with (
            running("The OpenAI service", command, directory / "openai.log", cwd=REPOSITORY) as openai,
            service(directory, simulated(_STAGED)) as second,
        ):
            url = (await openai.wait_for_line("listening on ", 30.0)).removeprefix("listening on ")
            os.environ["OPENAI_BASE_URL"] = f"{url}/v1"  # as a user of another service would have Home Assistant run
            async with house(port=free_port(), simulated=simulated(FUSED)) as home:
                core = await entities_of(home.socket, await add_openai(home.api))
                ours = await entities_of(home.socket, home.entry_id)
                # Ears and voice of one account do not fuse with the agent of another.
                other = await add_stepaudio(home.api, await second.ready(), take_assistant=False)
                agent = (await entities_of(home.socket, other))["conversation"]
                engines = {"staged": {**ours, "conversation": agent}, "core": core}
                voices = {"staged": "elegantgentle-female", "core": "marin"}
                pipelines = {
                    way: await create_pipeline(home.socket, engines[way], Assistant(way, "en", "en-US", voice, {}))
                    for way, voice in voices.items()
                }
                yield home, {"fused": home.pipeline_id, **pipelines}


async def _lane(home: House, way: str, pipeline_id: str, length: str, turns: int) -> float:
    """Return how long a turn of one way and length takes, in milliseconds; each is a conversation of its own."""
    question, taken = spoken(length), []
    warm_up = min(_WARM_UP, turns - 1)
    # Home Assistant would say a short reply from its cache next time, and goes on until it has all of it.
    enough_bytes = inf if len(REPLIES[length]) <= 60 else 1
    for number in range(-warm_up, turns):
        await home.socket.call("call_service", domain="tts", service="clear_cache")
        turn = await ask(home.api, home.socket, pipeline_id, question, enough_bytes=enough_bytes, timeout_s=_TIMEOUT_S)
        if turn.heard != QUESTIONS[length]:
            raise HouseError(f"“{QUESTIONS[length]}” was taken for “{turn.heard}”.")
        if number >= 0:
            taken.append((turn.first_sound - turn.last_frame) * 1000)
            if number % 3 == 0:
                say(f"turn: {_LENGTHS[length]}, {_WAYS[way]}: {number + 1} of {turns}, {taken[-1]:.0f} ms")
        await asyncio.sleep(_PAUSE_S)
    return percentile(taken, 50)


def _bars(what: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{words}, {way}", f"turn.{length}.{what.format(name)}")
        for length, words in _LENGTHS.items()
        for name, way in _WAYS.items()
    )


SCENARIO = Scenario(
    Chart(
        "From the user's last sound to the first sound of the reply",
        (
            Panel("ms", _bars("{}_ms")),
            Panel(
                "of it",
                tuple(
                    (f"{words}: {other}", f"turn.{length}.fused_{name}_ratio")
                    for length, words in _LENGTHS.items()
                    for name, other in (("staged", "of three stages"), ("core", "of OpenAI"))
                ),
            ),
        ),
    ),
    _measure,
)
