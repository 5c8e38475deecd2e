"""Opens a house for tests, in Home Assistant's own environment, until standard input ends.

python -m tests.e2e.open_house FOLDER SENTENCE…: one line of JSON tells how to reach it. By then the sentences are
spoken, as bare samples at 16 kHz: FOLDER/0.pcm, FOLDER/1.pcm, …
"""

import asyncio
import json
import sys
from pathlib import Path

from house.api import Json
from house.assist import entities_of
from house.home import House, house
from house.home_assistant import HomeAssistant, free_port
from house.questions import LIGHT, Question, synthesise
from house.report import HouseError, failed, run
from house.service import Simulated

OVERHEARING = Path(__file__).with_name("overhearing")


async def open_house(folder: Path, sentences: list[str]) -> int:
    failure = None
    try:
        async with asyncio.TaskGroup() as tasks:
            spoken = tasks.create_task(asyncio.to_thread(synthesise, sentences))
            async with house(port=free_port(), simulated=Simulated("whisper", "piper"), more=[OVERHEARING]) as opened:
                await asyncio.to_thread(keep, await spoken, folder)
                sys.stdout.write(json.dumps(await _described(opened)) + "\n")
                sys.stdout.flush()
                await stay(opened.home_assistant)
    except* HouseError as errors:
        failure = failed("The house", errors)
    return 1 if failure else 0


def keep(questions: list[Question], folder: Path) -> None:
    for number, question in enumerate(questions):
        (folder / f"{number}.pcm").write_bytes(question.speech)


async def _described(opened: House) -> Json:
    return {
        "url": opened.api.url,
        "token": opened.api.token,
        "pipeline_id": opened.pipeline_id,
        "light": LIGHT,
        "entities": await entities_of(opened.socket, opened.entry_id),
        "record": str(opened.record.path),
    }


async def stay(ha: HomeAssistant) -> None:
    """Wait for the end of standard input, by when our integration has logged no error."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    if wrong := ha.errors_about("stepaudio"):
        raise HouseError(f"Home Assistant logged an error of the integration: {wrong[0]}")


if __name__ == "__main__":
    sys.exit(run(open_house(Path(sys.argv[1]), sys.argv[2:])))
