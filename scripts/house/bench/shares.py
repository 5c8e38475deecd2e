"""Whose the processor time of Home Assistant is, told by samples of its stack."""

from collections.abc import Mapping

_OURS = ("custom_components/stepaudio/", "/websockets/")


def our_share_percent(stacks: Mapping[str, int]) -> float:
    """Return how much of the samples is ours: with our code, or that of our sockets, anywhere on the stack.

    A stack is its functions, outermost first, as `file:name` with semicolons between them. What Home Assistant does
    while we call it counts as ours, too.
    """
    ours = sum(count for stack, count in stacks.items() if any(part in stack for part in _OURS))
    return 100 * ours / (sum(stacks.values()) or 1)
