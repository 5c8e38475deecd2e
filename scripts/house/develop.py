"""A Home Assistant to click through, with the integration in it and the simulator behind it."""

import argparse
import sys

from .doorplate import Doorplate, hung_up
from .home import house
from .home_assistant import free_port
from .homes import FAMILY
from .report import HouseError, failed, run, say
from .service import Simulated


def main() -> int:
    """Read the command line and stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="scripts/develop", description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="Home Assistant's port (8123); 0 for any free one")
    parser.add_argument("--service-port", type=int, default=0, help="the simulator's port (any free one)")
    parser.add_argument("--ears", default="whisper", help="what the simulator hears with: whisper or script")
    parser.add_argument("--voice", default="piper", help="what the simulator speaks with: piper or tone")
    return run(_develop(parser.parse_args()))


async def _develop(options: argparse.Namespace) -> int:
    failure = None
    try:
        async with house(
            port=options.port or free_port(),
            home=FAMILY,
            simulated=Simulated(options.ears, options.voice, port=options.service_port),
        ) as opened:
            api = opened.api
            with hung_up(Doorplate(api.url, api.token, opened.service_url)):
                say(f"open {opened.home_assistant.invitation()}; end with Ctrl-C")
                say("speak in its Assist dialog, or from another shell:")
                say("  scripts/satellite --area Study --say 'Turn on the light, please.'")
                if opened.service_url:
                    say("watch what passes at the service, and make it fail: scripts/watch")
                await opened.home_assistant.process.wait()
            raise opened.home_assistant.process.failure("ended by itself")
    except* HouseError as errors:
        failure = failed("The house", errors)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
