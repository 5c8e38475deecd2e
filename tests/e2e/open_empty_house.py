"""Opens a family's home without StepAudio in it, in Home Assistant's own environment, until standard input ends.

python -m tests.e2e.open_empty_house: one line of JSON tells how to come in, and the account to add.
"""

import json
import sys

from house.home import EmptyHouse, empty_house
from house.home_assistant import free_port
from house.homes import FAMILY
from house.report import HouseError, failed, run
from house.service import Simulated

from .open_house import stay


async def open_empty_house() -> int:
    failure = None
    try:
        async with empty_house(port=free_port(), home=FAMILY, simulated=Simulated()) as opened:
            sys.stdout.write(json.dumps(described(opened)) + "\n")
            sys.stdout.flush()
            await stay(opened.home_assistant)
    except* HouseError as errors:
        failure = failed("The house", errors)
    return 1 if failure else 0


def described(opened: EmptyHouse) -> dict[str, str | None]:
    return {
        "url": opened.home_assistant.url,
        "username": opened.home_assistant.username,
        "password": opened.home_assistant.password,
        "service_url": opened.account.url,
        "key": opened.account.api_key,
    }


if __name__ == "__main__":
    sys.exit(run(open_empty_house()))
