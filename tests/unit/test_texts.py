"""The texts of the integration: of the form that hassfest asks for, each used, and none missing."""

import ast
import re
import string

import homeassistant.const
import pytest
import voluptuous as vol
from homeassistant.helpers.selector import validate_selector

from custom_components.stepaudio.client import errors

from ..repository import INTEGRATION, read_json, read_yaml

EN = read_json("translations/en.json")
ICONS = read_json("icons.json")
SERVICES = read_yaml(INTEGRATION / "services.yaml")
# Reasons that Home Assistant's own helpers end a flow with.
ENDINGS = {"already_configured", "reauth_successful", "reconfigure_successful", "unique_id_mismatch"}


def text(value):
    """Check what hassfest asks of every text."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise vol.Invalid("no text, or blanks around it")
    if re.search(r"<[a-z/]|'\{\w+\}'|\[%|https?://[a-z0-9.-]+\.[a-z]{2,5}\b", value):
        raise vol.Invalid("HTML, a placeholder in quotes, a reference or a web address")
    if not all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(value)):
        raise vol.Invalid("a placeholder without a name")
    return value


def bare(value):
    """Check a text that takes no placeholders."""
    if "{" in text(value):
        raise vol.Invalid("a placeholder where none is filled in")
    return value


def key(value):
    """Check a translation key."""
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", value):
        raise vol.Invalid("no translation key")
    return value


def flow(more=None):
    """Return the schema of the texts of a flow."""
    fields = {vol.Optional("data"): {str: text}, vol.Optional("data_description"): {str: text}}
    section = {vol.Required("name"): text, vol.Optional("description"): text, **fields}
    step = {
        vol.Optional("title"): text,
        vol.Optional("description"): text,
        vol.Optional("submit"): text,
        vol.Optional("menu_options"): {str: text},
        vol.Optional("menu_option_descriptions"): {str: text},
        vol.Optional("sections"): {key: section},
        **fields,
    }
    kinds = ("error", "abort", "progress", "create_entry")
    return {vol.Required("step"): {key: step}, **{vol.Optional(kind): {key: text} for kind in kinds}, **(more or {})}


NAMED = {vol.Required("name"): text, vol.Required("description"): text}
CALLED = {**NAMED, vol.Optional("fields"): {key: NAMED}, vol.Optional("sections"): {key: NAMED}}
INITIATE = {vol.Required("user"): text, vol.Optional("reconfigure"): text}
STATES = {vol.Optional("name"): bare, vol.Optional("state"): {key: bare}}
ENTITY = {
    **STATES,
    vol.Optional("name"): text,
    vol.Optional("state_attributes"): {key: STATES},
    vol.Optional("unit_of_measurement"): bare,
}
ISSUE = vol.Any(
    {vol.Required("title"): text, vol.Required("description"): text},
    {vol.Required("title"): text, vol.Required("fix_flow"): flow()},
)
SCHEMA = vol.Schema(
    {
        vol.Required("config"): flow(),
        vol.Optional("options"): flow(),
        vol.Optional("config_subentries"): {
            key: flow({vol.Required("entry_type"): text, vol.Required("initiate_flow"): INITIATE})
        },
        vol.Optional("device"): {key: {vol.Required("name"): text}},
        vol.Optional("device_automation"): {
            vol.Optional(kind): {key: text} for kind in ("trigger_type", "trigger_subtype", "extra_fields")
        },
        vol.Optional("entity"): {key: {key: ENTITY}},
        vol.Optional("exceptions"): {key: {vol.Required("message"): text}},
        vol.Optional("issues"): {key: ISSUE},
        vol.Optional("selector"): {key: {vol.Required("options"): {key: text}}},
        vol.Optional("services"): {key: CALLED},
        vol.Optional("system_health"): {vol.Required("info"): {key: text}},
    }
)
SECTION_ICONS = {vol.Optional("step"): {key: {vol.Required("sections"): {key: str}}}}
ICON_SCHEMA = vol.Schema(
    {
        vol.Optional("entity"): {
            key: {
                key: {
                    vol.Optional("default"): str,
                    vol.Optional("state"): {key: str},
                    vol.Optional("state_attributes"): {
                        key: {vol.Optional("default"): str, vol.Optional("state"): {key: str}}
                    },
                }
            }
        },
        vol.Optional("services"): {
            key: {vol.Required("service"): str, vol.Optional("sections"): {key: str}},
        },
        vol.Optional("config"): SECTION_ICONS,
        vol.Optional("options"): SECTION_ICONS,
        vol.Optional("config_subentries"): {key: SECTION_ICONS},
    }
)


def words_of_the_code():
    """Return every string that the integration's code holds, those that it takes from Home Assistant included."""
    found = set()
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.ImportFrom) and node.module == "homeassistant.const":
                found |= {str(getattr(homeassistant.const, alias.name)) for alias in node.names}
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("async_step_"):
                found.add(node.name.removeprefix("async_step_"))
    return found


def put_together():
    """Return patterns of the strings that the code puts together, such as `turns_` and an outcome."""
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (re.escape(part.value) if isinstance(part, ast.Constant) else "(.+)" for part in node.values)
                yield re.compile("".join(parts))


def shown_steps():
    """Return the steps of flows that name themselves, as they do to show a form."""
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("async_step_"):
                name = node.name.removeprefix("async_step_")
                if any(isinstance(part, ast.Constant) and part.value == name for part in ast.walk(node)):
                    yield name


def calls():
    """Return the calls of the integration's code: the file, the function's name, the arguments by name."""
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield path.name, name, {keyword.arg: keyword.value for keyword in node.keywords}


def literal(arguments, name):
    """Return a string argument that stands in the call itself."""
    value = arguments.get(name)
    return value.value if isinstance(value, ast.Constant) else None


def flows():
    """Return the texts of every flow, by where they stand."""
    found = {kind: EN[kind] for kind in ("config", "options") if kind in EN}
    found |= {f"config_subentries.{kind}": texts for kind, texts in EN.get("config_subentries", {}).items()}
    return found | {
        f"issues.{kind}": texts["fix_flow"] for kind, texts in EN.get("issues", {}).items() if "fix_flow" in texts
    }


def forms():
    """Return everything that shows fields: steps and their sections."""
    for where, texts in flows().items():
        for name, step in texts["step"].items():
            yield f"{where}.{name}", step
            for section, shown in step.get("sections", {}).items():
                yield f"{where}.{name}.{section}", shown


def placeholders(value):
    """Return the placeholders of a text, or of all texts below."""
    if isinstance(value, dict):
        return set().union(*(placeholders(below) for below in value.values()))
    return {name for _, name, _, _ in string.Formatter().parse(value) if name}


def keys_of_texts():
    """Return the keys that code has to name, with where they stand."""
    for where, texts in flows().items():
        yield from ((f"{where}.step", name) for name in texts["step"])
        for kind in ("error", "abort"):
            yield from ((f"{where}.{kind}", name) for name in texts.get(kind, {}))
    for where, form in forms():
        yield from ((f"{where}.data", name) for name in form.get("data", {}))
        yield from ((f"{where}.sections", name) for name in form.get("sections", {}))
    for kind in ("device", "exceptions", "issues", "selector", "services"):
        yield from ((kind, name) for name in EN.get(kind, {}))
    for kind in ("trigger_type", "trigger_subtype"):
        yield from ((kind, name) for name in EN.get("device_automation", {}).get(kind, {}))
    for platform, entities in EN.get("entity", {}).items():
        yield from ((f"entity.{platform}", name) for name in entities)
    for name, texts in EN.get("selector", {}).items():
        yield from ((f"selector.{name}", option) for option in texts["options"])


def error_kinds():
    """Return the keys of the client's errors."""
    found, kinds = set(), [errors.StepAudioError]
    while kinds:
        kind = kinds.pop()
        found.add(kind.key)
        kinds += kind.__subclasses__()
    return found


def test_texts_have_the_form_that_hassfest_asks_for():
    SCHEMA(EN)


def test_every_field_is_explained_and_nothing_else_is():
    for where, form in forms():
        assert set(form.get("data", {})) == set(form.get("data_description", {})), where


def test_no_text_is_unused():
    words, patterns = words_of_the_code() | ENDINGS, list(put_together())

    def is_named(name):
        found = (pattern.fullmatch(name) for pattern in patterns)
        return name in words or any(match and words.issuperset(match.groups()) for match in found)

    assert not [(where, name) for where, name in keys_of_texts() if not is_named(name)]


def test_every_key_in_the_code_has_its_text():
    entities = {name for names in EN.get("entity", {}).values() for name in names}
    known = {*EN["exceptions"], *EN.get("issues", {}), *EN.get("selector", {}), *EN.get("device", {}), *entities}
    steps, aborts = set(), set()
    for texts in flows().values():
        steps |= set(texts["step"])
        aborts |= set(texts.get("abort", {}))
    assert set(shown_steps()) <= steps
    for file, _, arguments in calls():
        assert literal(arguments, "translation_key") in {None, *known}, file
        assert literal(arguments, "step_id") in {None, *steps}, file
        assert literal(arguments, "reason") in {None, *aborts}, file


def test_every_error_of_the_client_is_a_sentence_and_a_reason_in_the_form():
    assert error_kinds() <= set(EN["exceptions"])
    assert error_kinds() <= set(EN["config"]["error"])


def test_every_placeholder_is_filled_in():
    texts = {**EN["exceptions"], **EN.get("issues", {})}
    for file, _, arguments in calls():
        name, values = literal(arguments, "translation_key"), arguments.get("translation_placeholders")
        if name not in texts or not (values is None or isinstance(values, ast.Dict)):
            continue
        given = {entry.value for entry in values.keys} if values else set()
        assert placeholders(texts[name]) <= given, (file, name)


def test_errors_of_the_client_fill_in_nothing_but_what_the_service_said():
    for name in error_kinds() & set(EN["exceptions"]):
        assert placeholders(EN["exceptions"][name]) <= {"detail"}, name


def test_icons_have_the_form_that_hassfest_asks_for():
    ICON_SCHEMA(ICONS)
    names = re.findall(r'"([^"]*mdi[^"]*)"', (INTEGRATION / "icons.json").read_text()) if ICONS else []
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", name) for name in names)


def test_icons_belong_to_entities_actions_and_sections_that_exist():
    assert set(ICONS.get("services", {})) == set(SERVICES)
    for platform, entities in ICONS.get("entity", {}).items():
        assert set(entities) <= set(EN["entity"][platform]), platform


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_action_is_described_and_its_fields_can_be_filled_in(name):
    texts, action = EN["services"][name], SERVICES[name] or {}
    sections = {section: parts for section, parts in action.get("fields", {}).items() if "fields" in parts}
    fields = {field: parts for field, parts in action.get("fields", {}).items() if field not in sections}
    for parts in sections.values():
        fields |= parts["fields"]
    assert set(fields) == set(texts.get("fields", {}))
    assert set(sections) == set(texts.get("sections", {}))
    for field, parts in fields.items():
        validate_selector(parts["selector"])
        (settings,) = parts["selector"].values()
        assert (settings or {}).get("translation_key") in {None, *EN["selector"]}, field


def test_every_action_has_its_texts():
    assert set(EN.get("services", {})) == set(SERVICES)
