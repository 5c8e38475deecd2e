"""What was seen of the service: switch values, sentences, errors, and what stayed unseen and why."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


class ProbeError(Exception):
    """The service did not do what a probe needs in order to go on; the text is a plain sentence."""


class RefusedError(ProbeError):
    """An upgrade or a request was refused."""

    def __init__(self, status: int, body: str) -> None:
        """Keep what the service said."""
        super().__init__(f"the service refused with HTTP {status}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Seen:
    """The value of a switch, and what it was told from where that is not plain."""

    value: Any
    remark: str = ""


@dataclass(slots=True)
class Findings:
    """Filled by the probes, read by the report."""

    switches: dict[str, Seen] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    """Why a switch could not be told."""
    facts: dict[str, str] = field(default_factory=dict)
    """Sentences that answer an open question, by a name of their own."""
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Every error that the service sent, by its message."""
    types: Counter[str] = field(default_factory=Counter)
    """Events of realtime sessions by their type."""
    tokens_in: int = 0
    tokens_out: int = 0

    def see(self, name: str, value: Any, remark: str = "") -> None:
        """Note the value of a switch."""
        self.switches[name] = Seen(value, remark)

    def miss(self, name: str, why: str) -> None:
        """Note why a switch could not be told, unless it was."""
        self.unseen.setdefault(name, why)

    def tell(self, name: str, sentence: str) -> None:
        """Note a sentence."""
        self.facts[name] = sentence

    def value(self, name: str) -> Any:
        """Give the value of a switch, None where it was not seen."""
        seen = self.switches.get(name)
        return None if seen is None else seen.value

    def note_event(self, body: dict[str, Any]) -> None:
        """Count a realtime event, and its usage."""
        self.types[str(body.get("type", ""))] += 1
        response = body.get("response")
        usage = response.get("usage") if isinstance(response, dict) else None
        if isinstance(usage, dict):
            self.tokens_in += _count(usage.get("input_tokens"))
            self.tokens_out += _count(usage.get("output_tokens"))

    def conclude(self) -> None:
        """Tell what all errors and events of the run tell together."""
        shapes = {"nested" if isinstance(body.get("error"), dict) else "flat" for body in self.errors.values()}
        bodies = [body["error"] if isinstance(body.get("error"), dict) else body for body in self.errors.values()]
        codes = [body.get("code") for body in bodies]
        numeric = {"number" if isinstance(code, int) else "string" for code in codes if str(code).isdigit()}
        for name, values in (("error_shape", shapes), ("error_code", numeric)):
            if len(values) == 1:
                self.see(name, values.pop(), f"of {len(self.errors)} different errors")
            else:
                self.miss(name, "both forms came" if values else "no error of that kind came")
        if self.types["response.created"]:
            limits = self.types["rate_limits.updated"]
            self.see("rate_limits", limits > 0, f"{limits} of {self.types.total()} events")
        else:
            self.miss("rate_limits", "no question was answered")


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
