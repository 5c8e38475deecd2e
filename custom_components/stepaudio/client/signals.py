"""What a protocol tells of: the user's audio, the model's responses and calls, and the signals about them.

Inputs and responses are the protocol's to change; everybody else holds them to tell one from another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from .errors import StepAudioError
from .events import SessionConfig, Usage


class State(Enum):
    """Where a response stands."""

    WAITING = auto()
    REQUESTED = auto()
    ACTIVE = auto()
    ENDED = auto()


@dataclass(eq=False, slots=True)
class Input:
    """One stretch of the user's audio. `item_id` is empty until the service has taken it.

    `unwanted` means that it shall not stay in the history.
    """

    commit_id: str
    item_id: str = ""
    text: str = ""
    heard: bool = False
    unwanted: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function that the model calls; `arguments` is JSON text."""

    call_id: str
    name: str
    arguments: str


@dataclass(eq=False, slots=True)
class Response:
    """One model generation.

    `status` is empty until it has ended: completed, cancelled, failed or incomplete. `discarded` means that nobody
    wants it any more: nothing of it is reported but its end.
    """

    with_voice: bool
    state: State = State.WAITING
    id: str = ""
    create_id: str = ""
    item_ids: list[str] = field(default_factory=list)
    calls: dict[str, Call | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    status: str = ""
    error: StepAudioError | None = None
    usage: Usage | None = None
    discarded: bool = False
    heard_ms: int | None = None
    part: str = ""
    odd: bytes = b""
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Configured:
    """The service took a configuration."""

    config: SessionConfig


@dataclass(frozen=True, slots=True)
class ConfigRefused:
    """The service refused a configuration; the one before is still in force."""

    config: SessionConfig
    error: StepAudioError


@dataclass(frozen=True, slots=True)
class Heard:
    """The user's words so far, or all of them if `final`."""

    input: Input
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class InputRefused:
    """The service did not take the user's audio, or could not recognise it."""

    input: Input
    error: StepAudioError


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the answer, to be appended."""

    response: Response
    text: str


@dataclass(frozen=True, slots=True)
class SaidAll:
    """The words of the answer are complete, unless a function call follows."""

    response: Response


@dataclass(frozen=True, slots=True)
class VoicedAll:
    """The voice of the answer is complete, unless a function call follows."""

    response: Response


@dataclass(frozen=True, slots=True)
class Voiced:
    """Voice of the answer, to be appended: whole samples, PCM 24 kHz."""

    response: Response
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Called:
    """The model calls a function; each call is reported once."""

    response: Response
    call: Call


@dataclass(frozen=True, slots=True)
class Ended:
    """A response ended; see its `status` and `error`."""

    response: Response


@dataclass(frozen=True, slots=True)
class Strayed:
    """The service failed at something, and does not say at what."""

    error: StepAudioError


type Signal = (
    Strayed | Configured | ConfigRefused | Heard | InputRefused | Said | SaidAll | Voiced | VoicedAll | Called | Ended
)
