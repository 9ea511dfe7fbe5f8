"""The location types ``python_package`` and, deprecated, ``python_module``."""

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


class PythonPackage(LocationType):
    """A package that is installed in the location's environment."""

    key = "python_package"
    summary = "An installed Python package"
    shorthand = "package_name"
    schema = {
        "type": "object",
        "description": "Load the repositories of an installed Python package.",
        "properties": {
            "package_name": {
                "type": "string",
                "writeOnly": False,
                "minLength": 1,
                "description": "The package, or a module in it, by its dotted name.",
                "examples": ["yourproject.hello_world_repository"],
            },
            **LoadTarget.PROPERTIES,
            **PythonEnvironment.PROPERTIES,
        },
        "required": ["package_name"],
        "additionalProperties": False,
    }

    def normalize(self, options: Mapping[str, Any], context: EntryContext) -> Mapping[str, Any]:
        """Make the paths absolute."""
        return PythonEnvironment.normalize(options, context)

    def default_name(self, options: Mapping[str, Any]) -> str:
        """``package.name`` or ``package.name:attribute``."""
        name = str(options[str(self.shorthand)])
        return f"{name}:{options['attribute']}" if "attribute" in options else name

    def target(self, options: Mapping[str, Any]) -> LoadTarget:
        """Say what to import."""
        return LoadTarget.package(options["package_name"], options.get("attribute"))

    def open(self, origin: Origin, runtime: Runtime) -> CodeServer:
        """Start a user process that imports it."""
        return runtime.spawn_python(self.target(origin.options), PythonEnvironment.from_options(origin.options))


class PythonModule(PythonPackage):
    """A module, found through a working directory; superseded by python_package and python_file."""

    key = "python_module"
    summary = "A Python module"
    shorthand = "module_name"
    deprecated = "use python_package for installed code, or python_file with working_directory for the rest"
    schema = {
        "type": "object",
        "description": "Load the repositories of a Python module. Deprecated: prefer python_package or python_file.",
        "properties": {
            "module_name": {
                "type": "string",
                "writeOnly": False,
                "minLength": 1,
                "description": "The module, by its dotted name.",
                "examples": ["yourproject.hello_world_repository"],
            },
            **LoadTarget.PROPERTIES,
            **PythonEnvironment.PROPERTIES,
        },
        "required": ["module_name"],
        "additionalProperties": False,
    }

    def target(self, options: Mapping[str, Any]) -> LoadTarget:
        """Say what to import."""
        return LoadTarget.module(options["module_name"], options.get("attribute"))


@hookimpl
def skerry_location_types() -> list[LocationType]:
    """Give this plugin's location types; each stands under its own entry point."""
    return [PythonPackage(), PythonModule()]
