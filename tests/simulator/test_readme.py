"""The fidelity tables of the README are those of the code."""

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from simulator import PROFILES, Switches

ROOT = Path(__file__).parents[2]
README = (ROOT / "simulator" / "README.md").read_text()
TESTS = Counter(
    name
    for path in Path(__file__).parent.glob("test_*.py")
    for name in re.findall(r"(?m)^(?:async )?def (test_\w+)\(", path.read_text())
)
HEAD = ["item", "switch", "s3", "s25plan", "doc", "test"]
SECTION_8 = [
    "Transport", "Session", "Ids", "Manual turn", "Detected turn", "Response stream", "Input transcription", "Tools",
    "Barge-in and cancel", "Items", "Race", "Errors", "Profiles",
]  # fmt: skip
"""The bullets of the sheet's section 8, in their order."""
NAMES = [switch.name for switch in fields(Switches) if switch.name != "faults"]


def shown(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def switch_table():
    """Give the table as the README has to have it."""
    lines = ["| switch | s3 | s25plan | doc | meaning | sheet |", "|---|---|---|---|---|---|"]
    for switch in fields(Switches):
        if switch.name == "faults":
            continue
        values = " | ".join(shown(getattr(PROFILES[profile], switch.name)) for profile in ("s3", "s25plan", "doc"))
        lines.append(f"| `{switch.name}` | {values} | {switch.metadata['meaning']} | {switch.metadata['source']} |")
    return "\n".join(lines)


def table():
    """Give the rows of the fidelity table, its head among them."""
    lines = README.split("## Fidelity")[1].split("## Switches")[0].splitlines()
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if line.startswith("|")]
    return [row for row in rows if not row[0].startswith("---")]


ROWS = [row for row in table()[1:] if not row[0].startswith("**")]


def names(cell):
    """Give what a cell lists, each in backquotes."""
    assert re.fullmatch(r"(`\w+`(, `\w+`)*)?", cell), cell
    return re.findall(r"`(\w+)`", cell)


def test_readme_has_every_switch_as_it_is():
    assert README.split("## Switches\n\n")[1].strip() == switch_table(), switch_table()


def test_readme_table_has_section_8_in_its_order():
    groups = [row[0].strip("*") for row in table() if row[0].startswith("**")]
    assert table()[0] == HEAD
    assert groups[: len(SECTION_8)] == SECTION_8
    assert all(len(row) == len(HEAD) for row in table())
    assert len(ROWS) > 120


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_readme_row_has_tests_that_exist_and_the_values_of_its_switches(row):
    _, switches, *profiles, tests = row
    assert names(tests)
    assert {name: TESTS[name] for name in names(tests)} == dict.fromkeys(names(tests), 1)
    if names(switches):
        wanted = [
            ", ".join(shown(getattr(PROFILES[profile], name)) for name in names(switches))
            for profile in ("s3", "s25plan", "doc")
        ]
        assert profiles == wanted
    else:
        assert len(set(profiles)) == 1
        assert profiles[0] in ("=", "fault", "script")


def test_readme_table_has_every_switch_in_a_row():
    assert {name for row in ROWS for name in names(row[1])} == set(NAMES)


def test_readme_says_why_of_everything_that_is_not_simulated():
    reasons = re.findall(r"(?m)^\* (.+(?:\n  .+)*)", README.split("### Not simulated")[1].split("## Switches")[0])
    assert len(reasons) > 5
    assert all(re.search(r"\(\d|\(sheet", reason) and ": " in reason for reason in reasons), reasons
