"""The location type ``python_file``: a Python file, loaded in an interpreter of its own choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skerry.plugin import (
    CodeServer,
    EntryContext,
    LoadTarget,
    LocationType,
    Origin,
    PythonEnvironment,
    Runtime,
    hookimpl,
)


class PythonFile(LocationType):
    """A Python file, loaded in an interpreter of its own choice."""

    key = "python_file"
    summary = "A Python file"
    shorthand = "relative_path"
    schema = {
        "type": "object",
        "description": "Load the repositories of a Python file.",
        "properties": {
            "relative_path": {
                "type": "string",
                "writeOnly": False,
                "minLength": 1,
                "description": "The file, relative to the workspace file.",
                "examples": ["hello_world_repository.py"],
            },
            **LoadTarget.PROPERTIES,
            **PythonEnvironment.PROPERTIES,
        },
        "required": ["relative_path"],
        "additionalProperties": False,
    }

    def normalize(self, options: Mapping[str, Any], context: EntryContext) -> Mapping[str, Any]:
        """Make the paths absolute."""
        normal = PythonEnvironment.normalize(options, context)
        return {**normal, "relative_path": str(context.path(options["relative_path"]))}

    def default_name(self, options: Mapping[str, Any]) -> str:
        """``file.py`` or ``file.py:attribute``."""
        name = str(options["relative_path"]).rsplit("/", 1)[-1]
        return f"{name}:{options['attribute']}" if "attribute" in options else name

    def open(self, origin: Origin, runtime: Runtime) -> CodeServer:
        """Start a user process for the file."""
        options = origin.options
        return runtime.spawn_python(
            LoadTarget.file(options["relative_path"], options.get("attribute")),
            PythonEnvironment.from_options(options),
        )


@hookimpl
def skerry_location_types() -> list[LocationType]:
    """Give this plugin's one location type."""
    return [PythonFile()]
