"""An account in a hurry: what tests and the soak do not want to wait for."""

from custom_components.stepaudio.client.client import StepAudioClient
from custom_components.stepaudio.client.connection import Timeouts
from custom_components.stepaudio.client.pacing import Spacing

# Short, so that a service that falls silent costs little.
_TIMEOUTS = Timeouts(
    connect_s=0.3,
    configure_s=0.3,
    silence_s=0.3,
    transcript_s=3.0,
    late_transcript_s=0.2,
    busy_s=0.5,
    close_s=0.1,
    patience_s=3.0,
)


class _NoSpacing(Spacing):
    """Lets every connect through at once."""

    def wait_s(self, now_s: float) -> float:
        """Wait for nothing."""
        del now_s
        return 0.0


def hasten(client: StepAudioClient) -> None:
    """Have a client wait shortly, and leave no space between connects.

    The real service demands that space. Homes lose a few connections a day; here a fault that repeats itself would
    make the next turn wait.
    """
    client.timeouts = _TIMEOUTS
    without_spacing(client)


def without_spacing(client: StepAudioClient) -> None:
    """Have a client leave no space between connects."""
    client._spacing = _NoSpacing()  # noqa: SLF001 - nobody else may set it
