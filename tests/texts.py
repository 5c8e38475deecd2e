"""What the user reads in a flow, as the frontend looks it up."""

import json
import re
from pathlib import Path

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigFlow, OptionsFlow
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers.selector import SelectSelector

from custom_components import stepaudio

TEXTS = json.loads((Path(stepaudio.__file__).parent / "translations" / "en.json").read_text())


def untold(flow, result):
    """Return the texts that a step of a flow needs and that do not exist, and the placeholders nobody fills."""
    filled = (result.get("description_placeholders") or {}).keys()
    if isinstance(flow, ConfigFlow | OptionsFlow):
        part = "config" if isinstance(flow, ConfigFlow) else "options"
    elif isinstance(flow, RepairsFlow):
        issue = flow._issue  # its names are filled in as well
        part, filled = f"issues.{issue.translation_key}.fix_flow", filled | issue.translation_placeholders.keys()
    else:
        part = f"config_subentries.{flow.handler[1]}"
    needed = []
    if result["type"] is FlowResultType.ABORT and not result.get("translation_domain"):
        needed = [f"{part}.abort.{result['reason']}"]
    elif result["type"] is FlowResultType.FORM:
        step = f"{part}.step.{result['step_id']}"
        needed = [f"{step}.title", *_of_fields(step, result["data_schema"].schema)]
        needed += [f"{part}.error.{error}" for error in (result["errors"] or {}).values()]
    elif result["type"] is FlowResultType.MENU:
        step = f"{part}.step.{result['step_id']}"
        needed = [f"{step}.title", f"{step}.description"]
        needed += [f"{step}.menu_options.{option}" for option in result["menu_options"]]
    return [key for key in needed if not (words := _find(key)) or set(re.findall(r"\{(\w+)\}", words)) - filled]


def _of_fields(step, fields):
    for field, kind in fields.items():
        if isinstance(kind, section):
            yield f"{step}.sections.{field}.name"
            yield from _of_fields(f"{step}.sections.{field}", kind.schema.schema)
            continue
        yield f"{step}.data.{field}"
        yield f"{step}.data_description.{field}"
        if isinstance(kind, SelectSelector) and (key := kind.config.get("translation_key")):
            yield from (f"selector.{key}.options.{option}" for option in kind.config["options"])


def _find(key):
    found = TEXTS
    for name in key.split("."):
        found = found.get(name, {})
    return found if isinstance(found, str) else ""
