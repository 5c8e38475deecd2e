"""What the figures have to reach."""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Goal:
    """A limit, from above or from below."""

    limit: float
    at_least: bool = False

    def is_met(self, figure: float) -> bool:
        """Tell whether a figure reaches it."""
        return figure >= self.limit if self.at_least else figure <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


# The first pattern that fits counts.
_GOALS = (
    ("handoff.up_ms_p50", Goal(5)),
    ("handoff.up_ms_p99", Goal(25)),
    ("handoff.wav16k.down_ms_p50", Goal(5)),
    ("handoff.wav16k.down_ms_p99", Goal(25)),
    ("handoff.*.down_ms_p50", Goal(10)),
    ("turn.*.fused_ms", Goal(212 + 15)),
    ("turn.*.fused_staged_ratio", Goal(0.35)),
    ("turn.*.fused_core_ratio", Goal(0.25)),
    ("house.25.down_ms_p95", Goal(50)),
    ("house.25.late_chunks", Goal(0)),
    ("house.*.our_share_percent", Goal(25)),
    ("client.floor_ratio", Goal(1.5)),
    ("client.sessions_per_core", Goal(400, at_least=True)),
    ("memory.idle_session_kib", Goal(64)),
    ("memory.slope_bytes_per_turn", Goal(200)),
    ("start.import_ms", Goal(150)),
    ("start.setup_ms", Goal(300)),
    ("start.longest_block_ms", Goal(20)),
    ("warm.with_over_fused_ms", Goal(60)),  # one round trip
)


def goal_of(name: str) -> Goal | None:
    """Return what a figure has to reach, if anything."""
    return next((goal for pattern, goal in _GOALS if fnmatchcase(name, pattern)), None)
