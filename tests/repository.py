"""What tests read of this repository."""

import json
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "stepaudio"


def read_json(name):
    """Return a JSON file of the integration; an empty one if it has none of that name."""
    path = INTEGRATION / name
    return json.loads(path.read_text()) if path.exists() else {}


def read_yaml(path):
    """Return a YAML file."""
    return yaml.safe_load(path.read_text())
