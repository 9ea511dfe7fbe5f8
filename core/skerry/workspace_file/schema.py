"""JSON Schemas: the envelope, a type's options with those that core adds, and all of it for editors."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator

from skerry.errors import PluginError
from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry_schemas import workspace_schema


class Schemas:
    """The validators of one reading of a workspace, each made when its type is first met."""

    def __init__(self) -> None:
        envelope = workspace_schema()
        self.common_options: Mapping[str, Any] = envelope["definitions"]["common_options"]["properties"]
        self.location_name = Draft7Validator(self.common_options["location_name"])
        self.envelope = Draft7Validator(envelope)
        self._options: dict[str, Draft7Validator] = {}

    def options(self, location_type: LocationType) -> Draft7Validator:
        """Give the validator of what stands under the type's key."""
        validator = self._options.get(location_type.key)
        if validator is None:
            validator = Draft7Validator(options_schema(location_type, self.common_options))
            self._options[location_type.key] = validator
        return validator


def options_schema(location_type: LocationType, common_options: Mapping[str, Any]) -> dict[str, Any]:
    """Add the options that every type has to the type's own."""
    schema = dict(location_type.schema)
    return {**schema, "properties": {**schema.get("properties", {}), **common_options}}


def compose_schema(registry: Registry) -> dict[str, Any]:
    """Give the JSON Schema (draft-07) of the whole workspace file with the installed location types, for editors.

    A type whose plugin is broken is left out. A type's schema stands on its own: it refers to no ``definitions``.
    """
    composed = workspace_schema()
    common_options = composed.pop("definitions")["common_options"]["properties"]
    types: dict[str, Any] = {}
    for key in registry.keys:
        try:
            location_type = registry.get(key)
        except PluginError:
            continue
        types[key] = _type_schema(location_type, common_options)
    composed["properties"]["load_from"]["items"].update(properties=types, additionalProperties=False)
    return composed


def _type_schema(location_type: LocationType, common_options: Mapping[str, Any]) -> dict[str, Any]:
    options = copy.deepcopy(options_schema(location_type, common_options))
    if location_type.shorthand is None:
        return {"title": location_type.summary, **options}
    short = options["properties"].get(location_type.shorthand, {"type": "string"})
    return {
        "title": location_type.summary,
        "description": options.get("description", location_type.summary),
        "anyOf": [short, options],
    }
