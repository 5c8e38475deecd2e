"""What runs on the project's site: the workflows, what they call, and the forms that people fill in."""

import json
import re

import pytest
from covered import uncovered
from release_notes import release_notes

from ..repository import ROOT, read_yaml

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
UNPINNED = {"home-assistant/actions/hassfest@master", "hacs/action@main"}  # what they check is today's rules
CHANGELOG = "# Changelog\n\n## 1.2.0\n\n- It sings.\n\n## 1.1.0\n\n- It hums.\n"


def steps():
    """Return every step of every workflow."""
    for path in WORKFLOWS:
        for job in read_yaml(path)["jobs"].values():
            yield from ((path.name, step) for step in job.get("steps", []))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_may_read_and_no_more_unless_a_job_says_why_it_writes(path):
    workflow = read_yaml(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "concurrency" in workflow
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 60
        assert job.get("permissions", {}) in ({}, {"contents": "write"})
    assert path.stem == "release" or "write" not in path.read_text()


def test_workflows_use_only_actions_that_are_pinned():
    for file, step in steps():
        used = step.get("uses")
        assert used is None or used in UNPINNED or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), (file, used)
        if (used or "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False, file
    for path in WORKFLOWS:
        assert not re.search(r"@[0-9a-f]{40}(?! # v\d+\.\d+\.\d+$)", path.read_text(), re.MULTILINE), path.name


def test_workflows_name_only_files_that_exist():
    for path in WORKFLOWS:
        named = re.findall(r"(?:scripts|\.github)/[\w./-]+", path.read_text())
        assert named
        assert all((ROOT / name).is_file() for name in named), path.name


def test_checks_run_the_scripts_that_everybody_runs():
    commands = " ".join(step["run"] for file, step in steps() if "run" in step and file == "checks.yml")
    assert all(f"scripts/{name}" in commands for name in ("setup", "lint", "test"))


def test_checks_name_the_home_assistants_that_are_set_up():
    named = read_yaml(GITHUB / "workflows" / "checks.yml")["jobs"]["tests"]["strategy"]["matrix"]["include"]
    for entry, file in zip(named, ("requirements_test.txt", "requirements_ha.txt"), strict=True):
        version = re.search(r"^# Home Assistant: (.+)$", (ROOT / file).read_text(), re.MULTILINE)[1]
        assert version.startswith(entry["home-assistant"] + "."), file


def test_dependabot_watches_what_the_repository_has():
    updates = {update["package-ecosystem"]: update for update in read_yaml(GITHUB / "dependabot.yml")["updates"]}
    assert set(updates) == {"github-actions", "pip"}
    requirements = (ROOT / "requirements_test.txt").read_text()
    assert all(f"\n{entry['dependency-name']}==" in requirements for entry in updates["pip"]["allow"])


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_form_has_what_the_site_needs_to_show_it(path):
    form = read_yaml(path)
    assert form["name"]
    assert form["description"]
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in fields}) == len(fields)
    assert all(part["type"] in {"textarea", "input", "dropdown"} and part["attributes"]["label"] for part in fields)


def test_bug_form_asks_for_diagnostics():
    fields = {part.get("id"): part for part in read_yaml(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"]}
    assert fields["diagnostics"]["validations"] == {"required": True}


def test_release_notes_of_a_tag_are_its_part_of_the_changelog():
    assert release_notes("1.2.0", json.dumps({"version": "1.2.0"}), CHANGELOG) == "- It sings."


@pytest.mark.parametrize(
    ("tag", "version", "changelog"),
    [
        ("1.3.0", "1.2.0", CHANGELOG),
        ("v1.2.0", "1.2.0", CHANGELOG),
        ("1.1.0", "1.1.0", CHANGELOG),
        ("1.2.0", "1.2.0", CHANGELOG.replace("## 1.2.0", "## Unreleased\n\n- It dances.\n\n## 1.2.0")),
        ("1.2.0", "1.2.0", CHANGELOG.replace("- It sings.\n", "")),
        ("1.2.0", "1.2.0", "# Changelog\n"),
    ],
    ids=["other tag", "tag with a letter", "old heading", "unreleased", "nothing to say", "no heading"],
)
def test_release_is_refused_where_tag_manifest_and_changelog_differ(tag, version, changelog):
    with pytest.raises(SystemExit) as refusal:
        release_notes(tag, json.dumps({"version": version}), changelog)
    assert refusal.value.code not in {None, 0}


def test_coverage_names_each_module_below_the_floor_and_no_other():
    files = {
        "good.py": {"summary": {"percent_covered": 95.0}, "missing_lines": [3]},
        "bad.py": {"summary": {"percent_covered": 94.9}, "missing_lines": [7, 8]},
    }
    assert uncovered({"files": files}) == ["bad.py: 94.9 %, without lines [7, 8]"]
