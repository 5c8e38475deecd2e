"""The READMEs name what a user sees, in the words of the UI, and lead nowhere that does not exist."""

import json
import re
from pathlib import Path

import pytest

from custom_components.stepaudio.const import (
    CONF_MODEL,
    CONF_REGION,
    REGION_CHINA,
    REGION_INTERNATIONAL,
    SUGGESTED_MODELS,
)
from custom_components.stepaudio.prices import price_of

ROOT = Path(__file__).parents[2]
READMES = {"README.md": "en", "README.zh-Hans.md": "zh-Hans"}
IMAGES = ROOT / "docs" / "images"


def named(texts):
    """Return the names that the UI shows: of fields, sections, choices, entities, triggers and actions."""
    flows = [texts["config"], texts["options"], *texts["config_subentries"].values()]
    for flow in flows:
        for step in flow["step"].values():
            for form in (step, *step.get("sections", {}).values()):
                yield from form.get("data", {}).values()
            yield from (section["name"] for section in step.get("sections", {}).values())
    for selector in texts["selector"].values():
        yield from selector["options"].values()
    for entities in texts.get("entity", {}).values():
        yield from (entity["name"] for entity in entities.values())
    yield from texts.get("device_automation", {}).get("trigger_type", {}).values()
    yield from (action["name"] for action in texts.get("services", {}).values())


def sentences(texts):
    """Return the sentences of errors, as far as they are always the same."""
    return [re.split(r"\{|: \{", error["message"])[0].strip(" :：") for error in texts["exceptions"].values()]


def anchor(heading):
    """Return the anchor that the site makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def translations(language):
    """Return the texts of a language."""
    return json.loads((ROOT / "custom_components/stepaudio/translations" / f"{language}.json").read_text())


@pytest.mark.parametrize(("name", "language"), READMES.items())
def test_readme_names_everything_that_the_ui_shows(name, language):
    readme = (ROOT / name).read_text()
    assert not sorted({word for word in named(translations(language)) if word not in readme})


@pytest.mark.parametrize(("name", "language"), READMES.items())
def test_readme_tells_what_to_do_about_each_error(name, language):
    readme = (ROOT / name).read_text()
    assert not [sentence for sentence in sentences(translations(language)) if sentence not in readme]


@pytest.mark.parametrize("name", [*READMES, "docs/development.md", "simulator/README.md"])
def test_links_lead_to_what_exists(name):
    path = ROOT / name
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    anchors = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("http"):
            file = path.parent / target.partition("#")[0]
            assert file.exists() or (file.parent == IMAGES and not IMAGES.exists()), target


@pytest.mark.parametrize("name", READMES)
def test_readme_lists_the_prices_that_costs_are_estimated_with(name):
    rows = re.findall(r"^\| `(step[\w.-]+)` \|(.+)\|$", (ROOT / name).read_text(), re.MULTILINE)
    assert set(SUGGESTED_MODELS) <= {model for model, _ in rows}
    for model, cells in rows:
        listed = [float(cell) if cell.strip() else None for cell in cells.split("|")]
        for region, figures in ((REGION_CHINA, listed[:3]), (REGION_INTERNATIONAL, listed[3:])):
            price = price_of({CONF_REGION: region, CONF_MODEL: model}, {})
            assert figures == ([price.input, price.cached, price.output] if price else [None] * 3), model
