"""What Home Assistant imports with the integration: its time is the user's when the home starts."""

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
MANIFEST = json.loads((REPOSITORY / "custom_components/stepaudio/manifest.json").read_text())
PLATFORMS = "ai_task binary_sensor config_flow conversation diagnostics event repairs sensor stt system_health tts"

WHAT_IS_NEW = """
import sys
from importlib import import_module

import homeassistant.bootstrap, homeassistant.components.assist_pipeline, homeassistant.helpers.template
for name in sys.argv[1].split():
    try:
        import_module(f"homeassistant.components.{name}")
    except ModuleNotFoundError:
        pass  # config_flow is nobody else's
before = set(sys.modules)
import_module("custom_components.stepaudio")
for name in sys.argv[1].split():
    import_module(f"custom_components.stepaudio.{name}")
print(*{name.partition(".")[0] for name in sys.modules.keys() - before})
"""


def test_import_brings_what_the_manifest_asks_for_and_nothing_else():
    run = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", WHAT_IS_NEW, PLATFORMS], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    brought = {name for name in run.stdout.split() if "cyutil" not in name and "cython" not in name}
    required = {requirement.partition(">")[0] for requirement in MANIFEST["requirements"]}
    assert brought - required - set(sys.stdlib_module_names) == {"custom_components", "homeassistant"}
