"""The house's imports point one way (design.md section 3)."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "stepaudio"

# Each room of the client, and the rooms of the client it may import.
CLIENT = {
    "errors": set(),
    "audio": set(),
    "containers": {"audio"},
    "messages": {"errors"},
    "events": {"messages", "errors"},
    "signals": {"events", "errors"},
    "protocol": {"signals", "events", "audio", "errors"},
    "connection": {"messages", "errors"},
    "stream": set(),
    "text": set(),
    "turn": {"signals", "events", "audio", "stream", "text", "errors"},
    "history": {"turn", "audio"},
    "wire": {"history", "turn", "connection", "protocol", "signals", "events", "audio", "errors"},
    "pacing": set(),
    "report": {"turn", "signals", "audio", "errors"},
    "session": {"report", "wire", "turn", "history", "pacing", "connection", "signals", "events", "errors"},
    "speech": {"connection", "messages", "audio", "stream", "text", "pacing", "errors"},
    "recognition": {"connection", "events", "messages", "stream", "pacing", "audio", "errors"},
    "rest": {"connection", "messages", "errors"},
    "client": {
        "report",
        "session",
        "stream",
        "turn",
        "speech",
        "recognition",
        "pacing",
        "connection",
        "events",
        "errors",
    },
    "__init__": set(),
}
WITHOUT_IO = ("errors", "audio", "containers", "text", "messages", "events", "signals", "protocol", "pacing")
IO_MODULES = {"asyncio", "websockets", "aiohttp", "socket", "ssl", "time", "threading"}
# The platforms stand above: none of them is imported by another room.
PLATFORMS = {
    "ai_task",
    "binary_sensor",
    "conversation",
    "device_trigger",
    "diagnostics",
    "event",
    "sensor",
    "stt",
    "tts",
    "config_flow",
    "repairs",
    "system_health",
}


def imports_of(path):
    """Return the modules that a file imports; relative ones with their dots, and their names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [("." * node.level + (node.module or ""), alias.name) for alias in node.names]
    return found


def relative_rooms(path):
    """Return the rooms beside a file that it imports."""
    return {
        (module.removeprefix(".").split(".")[0] or name) for module, name in imports_of(path) if module.startswith(".")
    }


def test_client_rooms_import_only_what_lies_below():
    for path in (INTEGRATION / "client").glob("*.py"):
        assert relative_rooms(path) <= CLIENT[path.stem], path.name


@pytest.mark.parametrize("room", WITHOUT_IO)
def test_rooms_without_io_import_neither_loop_nor_socket_nor_clock(room):
    modules = {module.split(".")[0] for module, _ in imports_of(INTEGRATION / "client" / f"{room}.py")}
    assert not modules & IO_MODULES


def test_client_imports_nothing_of_home_assistant():
    for path in (INTEGRATION / "client").glob("*.py"):
        modules = {module.split(".")[0] for module, _ in imports_of(path)}
        assert not modules & {"homeassistant", "voluptuous", "probatio"}, path.name
        assert not any(module.startswith("..") for module, _ in imports_of(path)), path.name


def test_platforms_are_imported_by_nobody():
    for path in INTEGRATION.glob("*.py"):
        assert not relative_rooms(path) & PLATFORMS, path.name


def test_platforms_know_no_wire():
    for name in PLATFORMS:
        modules = {module for module, _ in imports_of(INTEGRATION / f"{name}.py")}
        assert not modules & {"websockets", ".client.protocol", ".client.connection"}


def test_simulator_and_integration_share_nothing():
    for path in (ROOT / "simulator").rglob("*.py"):
        assert not any("custom_components" in module for module, _ in imports_of(path)), path.name
    for path in INTEGRATION.rglob("*.py"):
        assert not any(module.split(".")[0] == "simulator" for module, _ in imports_of(path)), path.name


def test_conformance_decides_by_what_it_sees_on_the_wire():
    conformance = ROOT / "scripts" / "house" / "conformance"
    for path in conformance.rglob("*.py"):
        shared = {entry for entry in imports_of(path) if entry[0].split(".")[0] == "simulator"}
        # A log of ours has the form of the simulator's; nothing else of it is known here.
        assert shared <= ({("simulator.wire", "without_audio")} if path.name == "journal.py" else set()), path.name
    for path in (conformance / "probes").glob("*.py"):
        assert not relative_rooms(path) - {path.stem for path in (conformance / "probes").glob("*.py")}, path.name


def test_type_checks_are_left_out_only_for_a_reason():
    for folder in ("custom_components", "simulator", "scripts", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for line in path.read_text().splitlines():
                if re.search(r"#\s*type:\s*ignore", line) and path != Path(__file__):
                    assert re.search(r"# type: ignore\[[a-z-]+\]  # \w.{8,}", line), f"{path.name}: {line.strip()}"


def test_types_are_checked_strictly():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["strict"] is True
    assert not [name for name in settings if name.startswith("allow_")]
    assert all("ignore_errors" not in override for override in settings["overrides"])
