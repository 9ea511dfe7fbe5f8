"""The schemas of Skerry's files, as data."""

import json
from importlib import resources
from typing import Any

__all__ = ["composed_schema", "workspace_schema"]


def workspace_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft-07) of the workspace file's envelope: everything but the location types' options.

    ``definitions.common_options`` holds the options that core adds to every type. Each call gives a copy of its own.
    """
    return _read("workspace.schema.json")


def composed_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft-07) of the whole workspace file with the location types that come with Skerry.

    For editors and validators that cannot ask ``skerry schema``, which knows the other installed types, too.
    """
    return _read("composed.schema.json")


def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
    return schema
