"""The demo: spoken questions through a real Home Assistant, answered by voice."""

import argparse
import asyncio
import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from . import timeline
from .assist import state_of
from .home import House, house
from .home_assistant import free_port
from .questions import LIGHT, LIGHT_AFTER, QUESTIONS, Question, synthesise
from .report import HouseError, failed, run, say
from .satellite import Heard, Satellite
from .service import Simulated
from .sound import RATE_HZ, decode, write_wav
from .timeline import Turn

_LEAST_REPLY_S = 0.2


def main() -> int:
    """Read the command line and run the demo."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--wav", type=Path, action="append", help="ask this recording instead (may be repeated)")
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON, last")
    parser.add_argument("--keep", action="store_true", help="leave Home Assistant running until Ctrl-C")
    parser.add_argument("--turns", type=_positive, help="how many questions to ask (2, or one for each recording)")
    parser.add_argument("--replies", type=Path, default=Path("demo-replies"), help="the folder to save replies in")
    return run(_demo(parser.parse_args()))


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a number of turns")
    return number


async def _demo(options: argparse.Namespace) -> int:
    failure = None
    try:
        async with asyncio.TaskGroup() as tasks:
            # Made while Home Assistant starts.
            questions = tasks.create_task(asyncio.to_thread(_questions, options))
            async with house(port=free_port(), simulated=Simulated("whisper", "piper")) as open_house:
                await _show(open_house, await questions, options)
    except* HouseError as errors:
        failure = failed("The demo", errors)
    if failure and options.json:
        print(json.dumps({"ok": False, "error": failure}, ensure_ascii=False), flush=True)
    return 1 if failure else 0


def _questions(options: argparse.Namespace) -> list[Question]:
    if not options.wav:
        return synthesise(list(islice(cycle(QUESTIONS), options.turns or 2)))
    recordings = islice(cycle(options.wav), options.turns or len(options.wav))
    return [Question(path.name, decode(path)) for path in recordings]


async def _show(open_house: House, questions: list[Question], options: argparse.Namespace) -> None:
    """Ask every question, tell how it went, and stay as long as is wished."""
    options.replies.mkdir(parents=True, exist_ok=True)
    async with open_house.api.socket() as socket:
        satellite = Satellite(open_house.api, socket, open_house.pipeline_id)
        turns: list[Turn] = []
        for number, question in enumerate(questions, 1):
            if turns:
                await _played(turns[-1].heard)
            say(f"turn {number} of {len(questions)}: “{question.words}”")
            turns.append(await _turn(open_house, satellite, question, options.replies / f"reply-{number}.wav"))
    if wrong := open_house.home_assistant.errors_about("stepaudio"):
        raise HouseError(f"Home Assistant logged an error of the integration: {wrong[0]}")
    mode = timeline.mode([turn.figures for turn in turns])
    count = "1 turn" if len(turns) == 1 else f"{len(turns)} turns"
    say(f"done: {count}, {mode}; the replies are in {options.replies.resolve()}")
    if options.keep:
        say(f"Home Assistant stays until Ctrl-C: {open_house.home_assistant.invitation()}")
    if options.json:
        result = {"ok": True, "mode": mode, "turns": [timeline.as_json(turn) for turn in turns]}
        print(json.dumps(result, ensure_ascii=False), flush=True)
    if options.keep:
        await open_house.home_assistant.process.wait()
        raise open_house.home_assistant.process.failure("ended by itself")


async def _turn(open_house: House, satellite: Satellite, question: Question, reply_wav: Path) -> Turn:
    """Ask one question, keep the reply, print the timeline, and hold what was promised."""
    heard = await satellite.ask(question.speech)
    turn = Turn(heard, timeline.figures(heard, open_house.record), reply_wav)
    for line in timeline.lines(turn):
        print(line, flush=True)
    if heard.error:
        raise HouseError(f"the turn ended with an error: {heard.error}")
    samples = decode(bytes(heard.audio))
    write_wav(reply_wav, samples)
    if not heard.transcript.strip():
        raise HouseError("the service did not understand a word.")
    if not heard.reply or len(samples) < _LEAST_REPLY_S * RATE_HZ * 2:
        raise HouseError("the question was not answered by voice.")
    if (wanted := LIGHT_AFTER.get(question.words)) is not None:
        state = await state_of(open_house.socket, LIGHT)
        if state != wanted:
            raise HouseError(f"the kitchen light should be {wanted} now, but it is {state}.")
        say(f"the kitchen light is {state}")
    return turn


async def _played(heard: Heard) -> None:
    """Wait until a satellite would have played the reply: nobody here interrupts."""
    length_s = len(decode(bytes(heard.audio))) / (RATE_HZ * 2)
    await asyncio.sleep((heard.first_audio or 0) + length_s - time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
