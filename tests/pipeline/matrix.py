"""The matrix of faults and phases: what is tried, what came out, and its print."""

from dataclasses import dataclass

PHASES = ("connecting", "idle", "listening", "committed", "answering", "in_tool", "speaking")


@dataclass(frozen=True)
class Row:
    """One kind of fault; `times` in a row."""

    kind: str
    value: str = ""
    times: int = 1

    def __str__(self):
        return self.kind + (f"={self.value}" if self.value else "") + (f" x{self.times}" if self.times > 1 else "")


ROWS = (
    Row("refuse", "401"),
    Row("refuse", "402"),
    Row("refuse", "404"),
    Row("refuse", "429"),
    Row("refuse", "503"),
    Row("close", "1000"),
    Row("close", "1000", times=99),
    Row("abort"),
    Row("abort", times=99),
    Row("half_open"),
    Row("stall"),
    Row("error", "the words of the service"),
    Row("internal_error"),
    Row("internal_error", times=99),
    Row("moderation", "error"),
    Row("moderation", "failed"),
    Row("moderation", "silent"),
    Row("busy"),
    Row("drop"),
    Row("duplicate"),
    Row("reorder"),
    Row("unknown"),
    Row("malformed", "json"),
    Row("malformed", "binary"),
    Row("malformed", "fields"),
    Row("malformed", "types"),
    Row("odd_audio"),
    Row("empty"),
)

outcomes: dict[tuple[str, str], str] = {}


def print_matrix(write):
    """Write what came out, a row for each fault and a column for each phase."""
    width = max(len(row) for row, _ in outcomes)
    write(" " * width + " | " + " | ".join(f"{phase:12}" for phase in PHASES))
    for row in dict.fromkeys(row for row, _ in outcomes):
        cells = (outcomes.get((row, phase), "") for phase in PHASES)
        write(f"{row:{width}} | " + " | ".join(f"{cell:12}" for cell in cells))
