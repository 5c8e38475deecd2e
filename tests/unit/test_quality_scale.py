"""What the rules that are said to be done stand on, as far as it can be read off the code."""

import ast
import re

import pytest

from ..repository import INTEGRATION, read_json, read_yaml

RULES = read_yaml(INTEGRATION / "quality_scale.yaml")["rules"]
ERRORS = {
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "UpdateFailed",
}


def code(*names):
    """Return the text of files of the integration; of all its own files if none is named."""
    paths = [INTEGRATION / name for name in names] or INTEGRATION.glob("*.py")
    return "\n".join(path.read_text() for path in paths)


@pytest.mark.parametrize(
    ("rule", "file", "words"),
    [
        ("action-setup", "__init__.py", "async def async_setup("),
        ("config-entry-unloading", "__init__.py", "async_unload_entry"),
        ("config-flow", "config_flow.py", "async_step_user"),
        ("diagnostics", "diagnostics.py", "async_get_config_entry_diagnostics"),
        ("has-entity-name", "entity.py", "_attr_has_entity_name = True"),
        ("reauthentication-flow", "config_flow.py", "async_step_reauth_confirm"),
        ("reconfiguration-flow", "config_flow.py", "async_step_reconfigure"),
        ("repair-issues", "repairs.py", "async_create_fix_flow"),
        ("runtime-data", "__init__.py", "entry.runtime_data"),
        ("test-before-setup", "__init__.py", "async_config_entry_first_refresh"),
        ("entity-category", "sensor.py", "EntityCategory.DIAGNOSTIC"),
        ("entity-disabled-by-default", "sensor.py", "entity_registry_enabled_default"),
        ("entity-device-class", "sensor.py", "SensorDeviceClass"),
    ],
)
def test_rule_that_is_done_has_its_code(rule, file, words):
    assert RULES[rule] == "done"
    assert words in code(file)


def test_account_is_set_up_only_once():
    assert re.search(r"_abort_if_unique_id_configured|_async_abort_entries_match", code())


def test_polling_says_how_often():
    assert "update_interval=" in code("coordinator.py")


def test_errors_for_people_are_translated():
    for path in INTEGRATION.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                assert "translation_key" in {keyword.arg for keyword in node.keywords}, (path.name, node.lineno)


def test_entities_have_translated_names():
    for platform, texts in read_json("translations/en.json")["entity"].items():
        assert (INTEGRATION / f"{platform}.py").exists()
        assert all("name" in entity for entity in texts.values()), platform


def test_what_is_not_there_is_exempt_and_nothing_else():
    exempt = {rule for rule, entry in RULES.items() if entry != "done" and entry["status"] == "exempt"}
    discovers = {"zeroconf", "ssdp", "dhcp", "usb", "bluetooth", "homekit", "mqtt"} & set(read_json("manifest.json"))
    assert ("discovery" in exempt) is (not discovers)
    assert ("docs-conditions" in exempt) is not (INTEGRATION / "device_condition.py").exists()
    assert ("docs-triggers" in exempt) is not (INTEGRATION / "device_trigger.py").exists()
    assert not exempt & {"action-setup", "docs-actions", "docs-triggers", "diagnostics", "repair-issues"}
