"""Writes schemas/skerry_schemas/composed.schema.json from what is built in: ``python docs/make_schema.py``."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

from skerry.plugin.discovery import GROUP, LAUNCHERS
from skerry.plugin.registry import Registry
from skerry.workspace_file import compose_schema

FILE = Path(__file__).resolve().parents[1] / "schemas" / "skerry_schemas" / "composed.schema.json"


def render() -> str:
    """Give the text of the file: of what comes with Skerry, whatever else is installed."""
    points = metadata.distribution("skerry").entry_points
    built_in = [*points.select(group=GROUP), *points.select(group=LAUNCHERS)]
    return json.dumps(compose_schema(Registry(built_in)), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
