"""Prints what is new in a version, if its tag, the manifest and the changelog agree. Usage: release_notes.py TAG."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def release_notes(tag: str, manifest: str, changelog: str) -> str:
    """Return the changelog's part of a tag; exit with a sentence where it is not the version to be released."""
    version = json.loads(manifest)["version"]
    if tag != version:
        sys.exit(f"The tag is {tag}, but the manifest has version {version}.")
    heading, *parts = re.split(r"^## (.+)\n", changelog, flags=re.MULTILINE)[1:] or [""]
    if heading != version:
        sys.exit(f"The newest heading of CHANGELOG.md is '{heading}', not {version}.")
    if not (notes := parts[0].strip()):
        sys.exit(f"CHANGELOG.md says nothing about {version}.")
    return notes


if __name__ == "__main__":
    print(
        release_notes(
            sys.argv[1],
            (ROOT / "custom_components" / "stepaudio" / "manifest.json").read_text(),
            (ROOT / "CHANGELOG.md").read_text(),
        )
    )
