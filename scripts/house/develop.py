"""A Home Assistant to click through, with the integration in it and the simulator behind it."""

import argparse
import sys

from .home import house
from .report import HouseError, failed, run, say


def main() -> int:
    """Read the command line and stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="scripts/develop", description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="Home Assistant's port (8123)")
    parser.add_argument("--service-port", type=int, default=0, help="the simulator's port (any free one)")
    parser.add_argument("--ears", default="whisper", help="what the simulator hears with: whisper or script")
    parser.add_argument("--voice", default="piper", help="what the simulator speaks with: piper or tone")
    return run(_develop(parser.parse_args()))


async def _develop(options: argparse.Namespace) -> int:
    failure = None
    try:
        async with house(
            port=options.port, service_port=options.service_port, ears=options.ears, voice=options.voice
        ) as opened:
            say(f"open {opened.home_assistant.invitation()}; end with Ctrl-C")
            await opened.home_assistant.process.wait()
            raise opened.home_assistant.process.failure("ended by itself")
    except* HouseError as errors:
        failure = failed("The house", errors)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
