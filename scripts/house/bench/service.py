"""The simulator, with answers of a known length: `python -m house.bench.service`, with the simulator's command line."""

import asyncio
from collections.abc import Sequence

from house.sound import RATE_HZ
from simulator import Prompt, Say
from simulator.__main__ import parse, serve
from simulator.brain import Step
from simulator.tones import tones

from .lateness import Lateness

REPLIES = {
    "2": "Of course.",
    "12": "The kitchen light is on now, and the window is still open.",
    "60": (
        "The mountains behind the town were once the floor of a warm sea. Rivers carried mud and shells into it for "
        "millions of years, and the layers slowly turned into stone. Later the ground was pushed up from below, and "
        "wind, ice and rain have carved the valleys since. If you look closely, you can still find small shells there."
    ),
    "zh8": "厨房的灯已经开了。",
}
"""What is answered, by the length in words, or in Chinese characters."""

QUESTIONS = {
    "2": "Two words, please.",
    "12": "Twelve words, please.",
    "60": "Sixty words, please.",
    "zh8": "请说八个字。",
}


def spoken(length: str) -> bytes:
    """Return the question that is answered at this length, as 16 kHz speech that script ears hear."""
    return tones(QUESTIONS[length], RATE_HZ)


def reply_to(question: str) -> str:
    """Return the reply to a question, and to whatever else the shortest."""
    length = next((length for length, asked in QUESTIONS.items() if asked in question), "2")
    return REPLIES[length]


class _Brain:
    """Answers each question with its reply."""

    def answer(self, prompt: Prompt) -> Sequence[Step]:
        return [Say(reply_to(next(iter(reversed(prompt.user_words())), "")))]


async def _serve() -> None:
    async with Lateness(told=True):
        await serve(parse(), _Brain())


if __name__ == "__main__":
    asyncio.run(_serve())
