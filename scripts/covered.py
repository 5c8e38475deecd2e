"""Fails if the tests of the last run with --cov left more than 5 % of any module of the integration untried."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import coverage

FLOOR_PERCENT = 95.0


def uncovered(report: dict[str, Any], floor_percent: float = FLOOR_PERCENT) -> list[str]:
    """Return a line for each module of a JSON report that is below the floor, branches included."""
    found = []
    for name, module in report["files"].items():
        percent = module["summary"]["percent_covered"]
        if percent < floor_percent:
            found.append(f"{name}: {percent:.1f} %, without lines {module['missing_lines']}")
    return found


if __name__ == "__main__":
    data = coverage.Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        data.json_report(outfile=str(file))
        below = uncovered(json.loads(file.read_text()))
    sys.exit("\n".join([f"below {FLOOR_PERCENT:.0f} %:", *below]) if below else 0)
