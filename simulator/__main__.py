"""The simulator on the command line."""

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from .brain import Brain
from .ears import Ears, ScriptEars, WhisperEars
from .faults import Fault
from .profiles import PROFILES
from .record import Recorder
from .replay import Recording
from .server import Simulator
from .switches import Switches
from .voice import PiperVoice, ToneVoice, Voice

KEPT_ENTRIES = 10_000
"""Of the log, so that a program that runs for days does not grow."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A stand-in for StepFun's speech service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 for a free one")
    parser.add_argument("--profile", choices=PROFILES, default="s3")
    parser.add_argument("--ears", choices=("whisper", "script"), default="script")
    parser.add_argument("--voice", choices=("piper", "tone"), default="tone")
    parser.add_argument("--hear", action="append", default=[], metavar="WORDS", help="what script ears hear next")
    parser.add_argument("--key", help="the only right key; without it any key is right")
    parser.add_argument("--pace", type=float, default=1.0, help="stretches delays: 1 is real time, 0 waits for nothing")
    parser.add_argument("--life", type=float, default=1.0, help="stretches limits, such as the 30 minutes of a session")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one switch, over the profile")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND@MOMENT[#NTH][*TIMES][=VALUE]")
    parser.add_argument("--record", type=Path, metavar="FILE", help="append every event that passes, as JSON lines")
    parser.add_argument("--record-audio", action="store_true", help="with its audio, not the size of it alone")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play a recorded service side on the websockets")
    options = parser.parse_args(arguments)
    if options.record_audio and options.record is None:
        parser.error("--record-audio needs --record")
    try:
        options.switches = read_switches(PROFILES[options.profile], options.set, options.fault)
        options.recording = Recording(options.replay.read_bytes().splitlines()) if options.replay else None
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return options


def read_switches(switches: Switches, settings: list[str], faults: list[str]) -> Switches:
    """Change switches as the command line says."""
    for setting in settings:
        name, _, value = setting.partition("=")
        switches = switches.with_text(name, value)
    return switches.replace(faults=tuple(Fault.parse(fault) for fault in faults))


async def serve(options: argparse.Namespace, brain: Brain | None = None) -> None:
    """Serve until told to end."""
    ears: Ears = WhisperEars() if options.ears == "whisper" else ScriptEars(*options.hear)
    voice: Voice = PiperVoice() if options.voice == "piper" else ToneVoice()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await asyncio.gather(ears.warm_up(), voice.warm_up())
    simulator = Simulator(
        host=options.host,
        port=options.port,
        recording=options.recording,
        switches=options.switches,
        key=options.key,
        brain=brain,
        ears=ears,
        voice=voice,
        pace=options.pace,
        life=options.life,
        keep=KEPT_ENTRIES,
    )
    recorder = Recorder(simulator, options.record, options.record_audio) if options.record else contextlib.nullcontext()
    with recorder:
        async with simulator:
            print(f"listening on {simulator.url}", flush=True)
            await stopped.wait()


def main() -> None:
    """Run the simulator."""
    asyncio.run(serve(parse()))


if __name__ == "__main__":
    main()
