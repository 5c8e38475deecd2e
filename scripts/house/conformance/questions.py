"""The open questions of the protocol sheet (section 9), and what a run tells of them."""

from dataclasses import dataclass
from typing import Literal

from .findings import Findings

type State = Literal["answered", "partly", "not answered"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question, what answers it, and what stays open whatever is seen."""

    number: int
    text: str
    switches: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    left: str = ""

    def answer(self, findings: Findings) -> tuple[State, str]:
        """Tell how far it is answered, and what was seen."""
        seen = [name for name in self.switches if name in findings.switches]
        told = [findings.facts[name] for name in self.facts if name in findings.facts]
        sentences = [f"`{name}` is {shown(findings.value(name))}." for name in seen] + told
        missing = [name for name in self.switches if name not in findings.switches]
        sentences += [f"`{name}` was not seen: {findings.unseen.get(name, 'it was not tried')}." for name in missing]
        complete = len(seen) + len(told) == len(self.switches) + len(self.facts)
        if self.left:
            sentences.append(f"Open: {self.left}.")
        if not seen and not told:
            return "not answered", " ".join(sentences)
        return ("answered" if complete and not self.left else "partly"), " ".join(sentences)


def shown(value: object) -> str:
    """Give a value as the simulator's command line takes it."""
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


QUESTIONS = (
    Question(1, "VAD default on or off; how a disabled VAD is echoed", ("vad_default", "vad_off_echo")),
    Question(2, "Sample rate, which is never negotiated", facts=("rates", "rate_in", "rate_out")),
    Question(
        3,
        "Idle timeout, server pings, close codes, time allowed before session.update",
        ("idle_limit_s", "server_ping_s", "close_code", "update_limit_s"),
    ),
    Question(
        4,
        "Whether response.create honours instructions, tools, voice; under which key",
        ("create_settings",),
        ("create_key", "create_tools", "create_voice"),
    ),
    Question(5, "Cancel acknowledgement: event name and status", ("cancel_event",), ("cancel",)),
    Question(6, "Whether the server ends its own reply on barge-in", ("vad_interrupts",)),
    Question(
        7,
        "Transcription: deltas, cumulative or incremental, always sent, needs input_audio_transcription",
        ("transcript_deltas", "transcript_moment", "transcript_asked"),
    ),
    Question(
        8,
        "Field of function argument deltas; what announces an item",
        ("arguments_delta_field", "call_announcement"),
    ),
    Question(9, "response_id on audio and transcript deltas", ("delta_response_id",)),
    Question(10, "usage: presence and shape; rate_limits.updated", ("usage", "rate_limits")),
    Question(
        11,
        "Model ids and voices, which change",
        facts=("models", "voices"),
        left="which of them come and go later",
    ),
    Question(12, "Error code type and nesting", ("error_code", "error_shape")),
    Question(
        13,
        "Bodies of 429 and 451; how moderation shows in a session",
        facts=("body_429",),
        left="moderation, which is not provoked",
    ),
    Question(
        14,
        "How concurrency is counted; minimum gap between reconnects",
        ("max_connections", "rapid_connects", "rapid_window_s"),
        left="whether speech and recognition count, and higher numbers",
    ),
    Question(
        15,
        "temperature and max_response_output_tokens settable or ignored",
        facts=("temperature", "max_response_output_tokens"),
        left="their effect, where they are not echoed",
    ),
    Question(
        16,
        "Most tools, instruction length, history items; retention after 30 minutes",
        facts=("many_tools", "long_instructions"),
        left="higher numbers, the length of the history, and retention",
    ),
    Question(
        17,
        "Step Plan path of .ai, and whether 3 is allowed there",
        facts=("plan_model",),
        left="the other region, for which this key is not",
    ),
    Question(
        18,
        "When 402 comes as the quota runs out within a session",
        left="the balance would have to be used up",
    ),
    Question(
        19,
        "Supported languages on .com and .ai",
        facts=("language_Chinese", "language_English"),
        left="other languages, the spoken form, and the other region",
    ),
    Question(20, "Whether words alone come as response.text or audio_transcript", ("text_only_events",)),
)
