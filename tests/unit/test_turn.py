"""What a turn knows of its own voice."""

from custom_components.stepaudio.client.audio import SERVICE_HZ, size_bytes
from custom_components.stepaudio.client.events import SessionConfig
from custom_components.stepaudio.client.turn import Answer, Turn

FIRST, SECOND = "Here is the first sentence, rather a long one.", "And this is the second."
USUAL_MS = 70 * len(FIRST)


def turn_that_said(voice_ms):
    """Return a turn whose two sentences are known and whose voice broke off."""
    turn = Turn(lambda: None, lambda: 0.0)
    answer = Answer(SessionConfig("", "voice"))
    answer.say(f"{FIRST} {SECOND}")
    answer.voice_bytes = size_bytes(voice_ms, SERVICE_HZ)
    turn.answers.append(answer)
    return turn


def test_words_of_a_slow_voice_that_broke_off_lose_no_sentence():
    assert turn_that_said(USUAL_MS * 1.2).unspoken_words() == f"{FIRST} {SECOND}"


def test_words_that_a_voice_has_surely_said_are_not_said_again():
    assert turn_that_said(USUAL_MS * 1.5).unspoken_words() == SECOND


def test_turn_calls_its_session_for_as_much_audio_as_can_be_sent_and_not_for_each_chunk():
    calls = []
    turn = Turn(lambda: calls.append(len(turn.audio)), lambda: 0.0)
    turn.audio_due = size_bytes(60, 16_000)
    for _ in range(6):
        turn.feed(bytes(size_bytes(10, 16_000)))
    assert calls == [turn.audio_due]
