"""When to connect again. Time is an argument."""

import pytest

from custom_components.stepaudio.client.pacing import Backoff, Spacing


def test_backoff_doubles_up_to_a_minute():
    backoff = Backoff()
    pauses = [backoff.next_s(0.5) for _ in range(12)]
    assert pauses[:4] == [0.25, 0.5, 1.0, 2.0]
    assert pauses[-1] == 60.0
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_backoff_is_jittered_by_a_quarter(jitter, factor):
    assert Backoff().next_s(jitter) == 0.25 * factor


def test_backoff_starts_over_when_something_worked():
    backoff = Backoff()
    for _ in range(5):
        backoff.next_s(0.5)
    backoff.reset()
    assert backoff.next_s(0.5) == 0.25


def test_spacing_lets_ten_connects_through_and_spaces_the_rest():
    spacing = Spacing()
    assert [spacing.wait_s(100.0) for _ in range(10)] == [0.0] * 10
    assert spacing.wait_s(101.0) == 9.0
    assert spacing.wait_s(101.0) == 9.0


def test_spacing_forgets_what_is_long_past():
    spacing = Spacing()
    for _ in range(10):
        spacing.wait_s(0.0)
    assert spacing.wait_s(10.5) == 0.0
