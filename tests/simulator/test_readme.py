"""The fidelity tables of the README are those of the code."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from simulator import PROFILES, Switches

ROOT = Path(__file__).parents[2]
README = (ROOT / "simulator" / "README.md").read_text()
TESTS = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


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


def test_readme_has_every_switch_as_it_is():
    assert switch_table() in README, switch_table()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", README))))
def test_readme_names_a_test_that_exists(name):
    assert f"def {name}(" in TESTS


def test_readme_has_a_test_in_every_row_of_fidelity():
    table = README.split("## Fidelity")[1].split("## Switches")[0]
    rows = [row for row in table.splitlines() if row.startswith("|") and not row.startswith("| **")][2:]
    assert len(rows) > 40
    assert not [row for row in rows if "`test_" not in row]
