"""The report of a run, to read and for programs."""

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from .client_checks import Check
from .findings import Findings
from .plan import CONCLUDED, NOT_SEEN, PROBES
from .questions import QUESTIONS, shown


@dataclass(frozen=True, slots=True)
class Account:
    """What the run was about; the key is no part of it."""

    address: str
    region: str
    plan: str
    model: str
    day: str


def switch_names() -> list[str]:
    """Give every switch that a probe may tell, or nobody can, in the order of the probes."""
    told = [switch for probe in PROBES for switch in probe.switches]
    return list(dict.fromkeys([*told, *CONCLUDED, *NOT_SEEN]))


def result(findings: Findings, checks: list[Check]) -> str:
    """Give the result in one line."""
    states = Counter(question.answer(findings)[0] for question in QUESTIONS)
    passed = sum(check.passed for check in checks)
    return (
        f"{len(findings.switches)} of {len(switch_names())} switches seen, {states['answered']} of {len(QUESTIONS)} "
        f"open questions answered and {states['partly']} in part, {passed} of {len(checks)} checks of our client passed"
    )


def markdown(account: Account, findings: Findings, checks: list[Check]) -> str:
    """Give the report to read."""
    lines = [
        "# Conformance report",
        "",
        f"{account.model} at {account.address} (region {account.region}, plan {account.plan}), {account.day}.",
        "",
        f"Result: {result(findings, checks)}.",
        f"The probes used up {findings.tokens_in} tokens in and {findings.tokens_out} out, as far as they were told.",
        "",
        "## Our client",
        "",
        "| check | | what happened |",
        "|---|---|---|",
        *(
            f"| {check.name} | {'passed' if check.passed else '**failed**'} | {_cell(check.sentence)} |"
            for check in checks
        ),
        "",
        "## Switches of the simulator",
        "",
        "To play this service: `python -m simulator --port 8700 "
        + " ".join(f"--set {name}={shown(seen.value)}" for name, seen in findings.switches.items())
        + "`",
        "",
        "| switch | value | seen |",
        "|---|---|---|",
        *(_switch_line(name, findings) for name in switch_names()),
        "",
        "## Open questions of the protocol sheet",
        "",
        "| | question | | what was seen |",
        "|---|---|---|---|",
    ]
    for question in QUESTIONS:
        state, sentence = question.answer(findings)
        lines.append(f"| {question.number} | {question.text} | {state} | {_cell(sentence)} |")
    lines += ["", "## What else was seen", "", *(f"- {sentence}" for sentence in findings.facts.values())]
    lines += ["", "## Errors, word for word", ""]
    lines += [f"- `{json.dumps(body, ensure_ascii=False)}`" for body in map(_nameless, findings.errors.values())]
    return "\n".join(lines) + "\n"


def data(account: Account, findings: Findings, checks: list[Check]) -> dict[str, Any]:
    """Give the report for programs."""
    answers = [(question, *question.answer(findings)) for question in QUESTIONS]
    return {
        "account": asdict(account),
        "switches": {
            name: {"value": _plain(seen.value), "remark": seen.remark} for name, seen in findings.switches.items()
        },
        "not_seen": {name: why for name in switch_names() if (why := _why(name, findings))},
        "questions": [
            {"number": question.number, "question": question.text, "state": state, "seen": sentence}
            for question, state, sentence in answers
        ],
        "client": [asdict(check) for check in checks],
        "facts": findings.facts,
        "errors": [_nameless(body) for body in findings.errors.values()],
    }


def _switch_line(name: str, findings: Findings) -> str:
    if (seen := findings.switches.get(name)) is not None:
        return f"| `{name}` | {shown(seen.value)} | {_cell(seen.remark)} |"
    return f"| `{name}` | not seen | {_cell(_why(name, findings))} |"


def _why(name: str, findings: Findings) -> str:
    if name in findings.switches:
        return ""
    return NOT_SEEN.get(name) or findings.unseen.get(name, "it was not tried")


def _nameless(body: dict[str, Any]) -> dict[str, Any]:
    """Leave the service's own id of an event out."""
    return {name: value for name, value in body.items() if name != "event_id"}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _plain(value: Any) -> Any:
    return "inf" if value == math.inf else value
