"""How a test speaks to a session, and reads what it answers."""

from simulator import tones

from .conftest import CONFIG

QUESTION = "How are you this fine morning?"


def speak(session, words=QUESTION, chunk_bytes=320):
    """Say words to a session as a satellite does, in 10 ms chunks."""
    turn = session.listen(16_000, CONFIG)
    pcm = tones(words, 16_000)
    for start in range(0, len(pcm), chunk_bytes):
        turn.feed(pcm[start : start + chunk_bytes])
    turn.end_input()
    return turn


async def read(turn, config=CONFIG):
    """Ask, and return all words and all voice of the answer."""
    answer = turn.ask(config)
    parts = [part async for part in answer.parts]
    words = "".join(part for part in parts if isinstance(part, str))
    return words, b"".join(turn.voice.items[answer.voice_start :])
