"""JSON Schemas: the envelope, a type's options with those that core adds, and a run launcher's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator

from skerry.plugin import LocationType, RunLauncher
from skerry_schemas import workspace_schema


class Schemas:
    """The validators of one reading of a workspace, each made when its type is first met."""

    def __init__(self) -> None:
        envelope = workspace_schema()
        self.common_options: Mapping[str, Any] = envelope["definitions"]["common_options"]["properties"]
        self.location_name = Draft7Validator(self.common_options["location_name"])
        self.envelope = Draft7Validator(envelope)
        self.run_launcher = Draft7Validator(envelope["properties"]["run_launcher"])
        self._options: dict[str, Draft7Validator] = {}

    def options(self, location_type: LocationType) -> Draft7Validator:
        """Give the validator of what stands under the type's key."""
        validator = self._options.get(location_type.key)
        if validator is None:
            validator = Draft7Validator(options_schema(location_type, self.common_options))
            self._options[location_type.key] = validator
        return validator

    def launcher_options(self, launcher: type[RunLauncher]) -> Draft7Validator:
        """Give the validator of what stands under a run launcher's key."""
        return Draft7Validator(dict(launcher.schema))


def options_schema(location_type: LocationType, common_options: Mapping[str, Any]) -> dict[str, Any]:
    """Add the options that every type has to the type's own."""
    schema = dict(location_type.schema)
    return {**schema, "properties": {**schema.get("properties", {}), **common_options}}
