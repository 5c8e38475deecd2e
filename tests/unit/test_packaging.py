"""What hassfest and the HACS action check, as neither runs offline, and what a release stands on."""

import ast
import json
import re
import struct
from pathlib import Path

import homeassistant.components
import pytest
from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from homeassistant.const import Platform
from packaging.requirements import Requirement

from ..repository import INTEGRATION, ROOT, read_json, read_yaml

MANIFEST = read_json("manifest.json")
REQUIRED = {"codeowners", "documentation", "domain", "issue_tracker", "name", "version"}
CLASSES = {"integration_type", "iot_class"}
ALLOWED = REQUIRED | CLASSES | {"after_dependencies", "config_flow", "dependencies", "loggers", "requirements"}
HACS_KEYS = {"name", "homeassistant", "hide_default_branch", "content_in_root", "filename", "persistent_directory"}
COMPONENTS = Path(homeassistant.components.__file__).parent
# What hassfest lets be imported without a dependency, beside the platforms: always there, or base classes only.
ALWAYS_THERE = {*Platform, "conversation", "device_automation", "homeassistant", "media_source", "system_health"}
RULES = sorted(read_yaml(COMPONENTS / "anthropic" / "quality_scale.yaml")["rules"])
IMAGES = {
    f"{theme}{kind}{scale}.png": size
    for theme in ("", "dark_")
    for kind in ("icon", "logo")
    for scale, size in (("", 256), ("@2x", 512))
}


def imported_components():
    """Return the components of Home Assistant that the integration imports, and the files that do."""
    found = set()
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("homeassistant.components"):
                continue
            names = node.module.split(".")[2:3] or [alias.name for alias in node.names]
            found |= {(name, path.stem) for name in names}
    return found


def pinned(name):
    """Return what a requirements file pins: versions by name."""
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def headings():
    """Return the headings of the changelog, newest first."""
    return re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_manifest_keys_are_those_that_exist_and_all_that_are_needed():
    assert set(MANIFEST) >= REQUIRED | CLASSES
    assert set(MANIFEST) <= ALLOWED
    assert "quality_scale" not in MANIFEST  # it is Home Assistant's to give


def test_manifest_keys_are_in_order():
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_manifest_values_are_valid():
    assert MANIFEST["domain"] == INTEGRATION.name
    assert (MANIFEST["integration_type"], MANIFEST["iot_class"]) == ("service", "cloud_push")
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert MANIFEST["documentation"].startswith("https://")
    assert MANIFEST["issue_tracker"].startswith("https://")
    assert MANIFEST["config_flow"] is (INTEGRATION / "config_flow.py").exists()
    for kind in ("codeowners", "dependencies", "after_dependencies", "requirements"):
        values = MANIFEST.get(kind, [])
        assert values == sorted(set(values)), kind


def test_manifest_version_is_a_version():
    version = AwesomeVersion(MANIFEST["version"])
    assert version.strategy is AwesomeVersionStrategy.SEMVER


def test_manifest_dependencies_exist_and_none_is_named_twice():
    dependencies, later = MANIFEST["dependencies"], MANIFEST.get("after_dependencies", [])
    assert not set(dependencies) & set(later)
    assert all((COMPONENTS / name / "manifest.json").exists() for name in (*dependencies, *later))


def test_manifest_names_every_component_that_is_imported():
    allowed = {*MANIFEST["dependencies"], *MANIFEST.get("after_dependencies", []), *ALWAYS_THERE}
    assert not {(name, file) for name, file in imported_components() if name not in allowed and name != file}


def test_manifest_requirements_are_ranges_that_every_environment_meets():
    for text in MANIFEST["requirements"]:
        requirement = Requirement(text)
        assert {part.operator for part in requirement.specifier} <= {">=", "<"}, text
        for file in ("requirements_test.txt", "requirements_ha.txt"):
            assert pinned(file)[requirement.name] in requirement.specifier, (file, text)


def test_hacs_file_has_no_key_that_the_action_refuses():
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert set(hacs) <= HACS_KEYS
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["hide_default_branch"] is True
    version = AwesomeVersion(hacs["homeassistant"])
    assert version.strategy is AwesomeVersionStrategy.CALVER
    assert f"{version.year}.{version.minor} or newer" in (ROOT / "README.md").read_text()


def test_repository_holds_one_integration_and_what_people_read_first():
    assert [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()] == [INTEGRATION.name]
    for name in ("README.md", "info.md", "LICENSE", "CHANGELOG.md"):
        assert (ROOT / name).read_text().strip(), name
    assert not (INTEGRATION / "strings.json").exists()


def test_changelog_ends_at_the_version_of_the_manifest():
    released = [heading for heading in headings() if heading != "Unreleased"]
    assert headings()[: len(headings()) - len(released)] in ([], ["Unreleased"])
    assert released == sorted(released, key=AwesomeVersion, reverse=True)
    assert not released or released[0] == MANIFEST["version"]


def test_quality_scale_names_every_rule_once():
    assert len(set(RULES)) == 54
    assert set(read_yaml(INTEGRATION / "quality_scale.yaml")["rules"]) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_quality_scale_rule_is_done_or_exempt_for_a_reason(rule):
    entry = read_yaml(INTEGRATION / "quality_scale.yaml")["rules"][rule]
    if entry != "done":
        assert entry["status"] in {"done", "exempt"}
        assert len(entry["comment"].split()) >= 5


def test_platforms_say_how_many_calls_at_once_they_take():
    platforms = [path for path in INTEGRATION.glob("*.py") if path.stem in {*Platform}]
    assert platforms
    for path in platforms:
        assert re.search(r"^PARALLEL_UPDATES = \d", path.read_text(), re.MULTILINE), path.name


def test_brand_images_have_the_sizes_that_home_assistant_shows():
    assert {path.name for path in (INTEGRATION / "brand").iterdir()} == set(IMAGES)
    for name, size in IMAGES.items():
        header = (INTEGRATION / "brand" / name).read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n", name
        width, height = struct.unpack(">II", header[16:])
        if "icon" in name:
            assert (width, height) == (size, size), name
        else:  # a logo is as wide as it likes to be
            assert size / 2 <= min(width, height) <= size, name
            assert width >= height, name
