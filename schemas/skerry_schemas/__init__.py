"""The schemas of Skerry's files, as data."""

import json
from importlib import resources
from typing import Any

__all__ = ["workspace_schema"]


def workspace_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft-07) of the workspace file's envelope: everything but the location types' options.

    ``definitions.common_options`` holds the options that core adds to every type. Each call gives a copy of its own.
    """
    text = resources.files(__name__).joinpath("workspace.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
