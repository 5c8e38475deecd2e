"""Wyoming satellites that speak into a Home Assistant: recordings, words, or what the microphone hears."""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import aiohttp

from . import timeline
from .api import Api
from .assist import add_wyoming
from .doorplate import newest
from .questions import Question, synthesise
from .report import HouseError, complain, failed, run, say
from .satellite import Heard
from .sound import RATE_HZ, decode
from .sound_card import loudspeaker, microphone
from .wyoming_satellite import Speaker, WyomingSatellite

_CONNECT_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class _Plan:
    """One satellite: who and where it is, and what it asks; None is what the microphone hears."""

    name: str
    area: str | None
    port: int
    questions: list[Question] | None


def main() -> int:
    """Read the command line and let the satellites speak."""
    parser = argparse.ArgumentParser(prog="scripts/satellite", description=__doc__)
    asked = parser.add_argument_group("questions, in this order; without any the microphone is used")
    asked.add_argument("--say", dest="questions", action="append", metavar="WORDS", help="English words to be spoken")
    asked.add_argument("--wav", dest="questions", action="append", type=Path, metavar="FILE", help="a recording")
    parser.add_argument("--replies", type=Path, metavar="DIR", help="keep replies there, instead of playing them")
    parser.add_argument("--count", type=int, default=1, help="how many satellites; questions and areas are dealt out")
    parser.add_argument("--name", default="Satellite")
    parser.add_argument("--area", action="append", help="the room it is in (may be repeated)")
    parser.add_argument("--host", default="127.0.0.1", help="this computer's address, as Home Assistant reaches it")
    parser.add_argument("--port", type=int, default=0, help="the first satellite's port (any free one)")
    parser.add_argument("--home-assistant", metavar="URL", help="add it there (to the house of scripts/develop)")
    parser.add_argument("--token", help="a long-lived access token for it")
    options = parser.parse_args()
    if bool(options.home_assistant) != bool(options.token):
        parser.error("--home-assistant and --token go together")
    if options.count < 1 or (options.count > 1 and not options.questions):
        parser.error("there is one microphone: several satellites need --say or --wav")
    return run(_satellites(options))


async def _satellites(options: argparse.Namespace) -> int:
    wrong = 0
    try:
        questions = await asyncio.to_thread(_questions, options.questions) if options.questions else None
        speaker = None if options.replies else loudspeaker()
        if options.replies:
            options.replies.mkdir(parents=True, exist_ok=True)
        elif speaker is None:
            complain("nobody hears the replies: there is neither aplay nor play, and no folder for --replies")
        plans = _dealt(options, questions)
        together = asyncio.Barrier(len(plans))
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            api = await _way_in(stack, options)
            told = [tasks.create_task(_satellite(plan, options, api, speaker, together)) for plan in plans]
        wrong = sum(task.result() for task in told)
    except* HouseError as errors:
        failed("The satellite", errors)
        wrong = 1
    return 1 if wrong else 0


def _questions(asked: list[str | Path]) -> list[Question]:
    words = [question for question in asked if isinstance(question, str)]
    spoken = iter(synthesise(words) if words else ())
    return [Question(each.name, decode(each)) if isinstance(each, Path) else next(spoken) for each in asked]


def _dealt(options: argparse.Namespace, questions: list[Question] | None) -> list[_Plan]:
    """Deal questions and rooms out, as cards are; where there are too few, they come round again."""
    count = options.count
    if questions and len(questions) < count:
        questions = list(islice(cycle(questions), count))
    areas = list(islice(cycle(options.area or [None]), count))
    return [
        _Plan(
            f"{options.name} {number + 1}" if count > 1 else options.name,
            areas[number],
            options.port and options.port + number,
            questions and questions[number::count],
        )
        for number in range(count)
    ]


async def _way_in(stack: AsyncExitStack, options: argparse.Namespace) -> Api | None:
    """Return the way into the Home Assistant that was named, else the one that scripts/develop keeps open."""
    if options.home_assistant:
        url, token = options.home_assistant.rstrip("/"), options.token
    elif plate := newest():
        url, token = plate.url, plate.token
    else:
        return None
    return Api(await stack.enter_async_context(aiohttp.ClientSession()), url, token)


async def _satellite(
    plan: _Plan, options: argparse.Namespace, api: Api | None, speaker: Speaker | None, together: asyncio.Barrier
) -> int:
    """Be one satellite for all its questions, and return how many were not answered."""
    satellite = WyomingSatellite(plan.name, plan.area, speaker=speaker)
    async with satellite.served(options.host, plan.port) as port, _added(api, plan, options.host, port):
        try:
            # Somebody may have to add it by hand first.
            async with asyncio.timeout(_CONNECT_TIMEOUT_S if api else None):
                await satellite.running()
        except TimeoutError:
            raise HouseError(f"Home Assistant did not connect to {plan.name}, {options.host}:{port}.") from None
        say(f"{plan.name}: ready" + (f" in the {plan.area}" if plan.area else ""))
        await together.wait()
        wrong = number = 0
        async with aclosing(_turns(satellite, plan)) as turns:
            async for heard in turns:
                number += 1
                kept = options.replies and options.replies / f"{plan.name.lower().replace(' ', '-')}-{number}.wav"
                wrong += not _told(plan.name, heard, kept)
    return wrong


@asynccontextmanager
async def _added(api: Api | None, plan: _Plan, host: str, port: int) -> AsyncGenerator[None]:
    """Add the satellite to Home Assistant for as long as the block lasts."""
    if api is None:
        say(f"{plan.name}: add the integration Wyoming Protocol to Home Assistant, with host {host} and port {port}")
        yield
        return
    try:
        entry_id = await add_wyoming(api, host, port)
    except aiohttp.ClientError as error:
        raise HouseError(f"Home Assistant cannot be reached at {api.url}: {error}") from None
    say(f"{plan.name}: added to {api.url}")
    try:
        yield
    finally:
        # Home Assistant may be gone by now.
        with suppress(HouseError, aiohttp.ClientError):
            await api.delete(f"/api/config/config_entries/entry/{entry_id}")


async def _turns(satellite: WyomingSatellite, plan: _Plan) -> AsyncGenerator[Heard]:
    """Ask one question after the other."""
    for question in plan.questions or ():
        say(f"{plan.name}: asks “{question.words}”")
        yield await satellite.ask(question.speech)
    while plan.questions is None:
        if sys.stdin.isatty():
            say(f"{plan.name}: press Enter and speak (Ctrl-D ends)")
            if not await _enter():
                return
        async with microphone() as speech:
            say(f"{plan.name}: listens")
            yield await satellite.ask(speech)
        if not sys.stdin.isatty():
            return


async def _enter() -> bool:
    """Wait for Enter; false at the end of the input."""
    loop = asyncio.get_running_loop()
    pressed = asyncio.Event()
    loop.add_reader(sys.stdin, pressed.set)
    try:
        await pressed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    # A terminal gives whole lines: this does not wait.
    return bool(sys.stdin.readline())


def _told(name: str, heard: Heard, kept: Path | None) -> bool:
    """Tell how a turn went, keep the reply, and return whether there was one."""
    if heard.transcript:
        say(f"{name}: understood “{heard.transcript}”")
    if heard.reply:
        say(f"{name}: answered “{heard.reply}”")
    if heard.error or not heard.audio:
        complain(f"{name}: no answer: {heard.error or 'nothing was said'}")
        return False
    length_s = len(decode(bytes(heard.audio))) / (RATE_HZ * 2)
    first_audio_ms = timeline.figures(heard, None).first_audio_ms
    where = ""
    if kept:
        kept.write_bytes(heard.audio)
        where = f", kept in {kept}"
    say(f"{name}: first audio {first_audio_ms} ms after the question, {length_s:.1f} s of voice{where}")
    return True


if __name__ == "__main__":
    sys.exit(main())
