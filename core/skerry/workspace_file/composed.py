"""The JSON Schema (draft-07) of the whole workspace file with the installed location types, for editors.

An editor validates the text as it is written, so every scalar may be a reference to the environment here. The reader
itself resolves references first and validates afterwards, with the plain schemas.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError

from skerry.errors import PluginError
from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.workspace_file.schema import options_schema
from skerry_schemas import workspace_schema

_REFERENCE = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"
_ENVIRONMENT_VARIABLE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "env": {
            "description": "The name of an environment variable.",
            "type": "string",
            "minLength": 1,
            "examples": ["TEAM_PYTHON"],
        }
    },
    "required": ["env"],
    "additionalProperties": False,
}

#: What references look like to an editor, in the ``definitions`` of the composed schema. They have no descriptions:
#: an editor would show those for every option in place of the option's own.
REFERENCES: Mapping[str, Any] = {
    "reference": {
        "$comment": "A reference to an environment variable, whose value is converted to what is wanted.",
        "anyOf": [{"type": "string", "pattern": f"^{_REFERENCE}$"}, _ENVIRONMENT_VARIABLE],
    },
    "text_with_reference": {
        "$comment": "Text in which environment variables are referred to.",
        "anyOf": [{"type": "string", "pattern": _REFERENCE}, _ENVIRONMENT_VARIABLE],
    },
}

#: Keywords that say what a value is for, and not what it may be.
_ANNOTATIONS = ("title", "description", "default", "examples")


def compose_schema(registry: Registry) -> dict[str, Any]:
    """Give the schema of the whole workspace file, with ``$schema`` and without ``$id``.

    Called by ``skerry schema``. A type that cannot be used (``unusable_types``) is left out. A type's schema stands on
    its own: it refers to no ``definitions``.
    """
    composed = workspace_schema()
    common_options = composed.pop("definitions")["common_options"]["properties"]
    types, _ = _usable_and_not(registry, common_options)
    composed["properties"]["load_from"]["items"].update(properties=types, additionalProperties=False)
    composed["definitions"] = copy.deepcopy(dict(REFERENCES))
    return composed


def unusable_types(registry: Registry) -> dict[str, PluginError]:
    """Give the keys whose plugin is broken, or whose schema is none, each with what is wrong."""
    return _usable_and_not(registry, {})[1]


def _usable_and_not(
    registry: Registry, common_options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, PluginError]]:
    usable: dict[str, Any] = {}
    unusable: dict[str, PluginError] = {}
    for key in registry.keys:
        try:
            location_type = registry.get(key)
            Draft7Validator.check_schema(location_type.schema)
            usable[key] = _type_schema(location_type, common_options)
        except PluginError as error:
            unusable[key] = error
        # The class is the plugin's: its schema may be none, or missing.
        except Exception as error:
            reason = error.message if isinstance(error, SchemaError) else f"{type(error).__name__}: {error}"
            reason = f"its schema is wrong: {reason}".rstrip(".")
            unusable[key] = PluginError(key, reason, registry.distribution(key))
    return usable, unusable


def _type_schema(location_type: LocationType, common_options: Mapping[str, Any]) -> dict[str, Any]:
    options = _with_references_inside(copy.deepcopy(options_schema(location_type, common_options)))
    head: dict[str, Any] = {"title": location_type.summary}
    if location_type.deprecated:
        head["deprecationMessage"] = f"Deprecated: {location_type.deprecated}."
    if location_type.shorthand is None:
        return {**head, **options}
    # Not anyOf: for a mistake in the mapping editors would say that they expected a string.
    short = options["properties"].get(location_type.shorthand, {"type": "string"})
    description = options.get("description", location_type.summary)
    return {**head, "description": description, "if": {"type": "object"}, "then": options, "else": short}


def _or_reference(schema: Any) -> Any:
    """Allow a reference wherever ``schema`` wants, or allows, a scalar."""
    if not isinstance(schema, dict):
        return schema
    if not _wants_scalar(schema):
        return _with_references_inside(schema)
    annotations = {name: schema[name] for name in _ANNOTATIONS if name in schema}
    rules = _with_references_inside({name: rule for name, rule in schema.items() if name not in annotations})
    reference = "text_with_reference" if _wants_text(schema) else "reference"
    return {**annotations, "if": {"$ref": f"#/definitions/{reference}"}, "else": rules}


def _with_references_inside(schema: dict[str, Any]) -> dict[str, Any]:
    """Do likewise for the members of objects and lists."""
    changed = dict(schema)
    if isinstance(schema.get("properties"), dict):
        changed["properties"] = {name: _or_reference(one) for name, one in schema["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            changed[name] = _or_reference(schema[name])
    return changed


def _wants_scalar(schema: Mapping[str, Any]) -> bool:
    if "enum" in schema or "const" in schema:
        return not any(isinstance(value, (dict, list)) for value in schema.get("enum", [schema.get("const")]))
    branches = [one for name in ("anyOf", "oneOf") for one in schema.get(name, ()) if isinstance(one, dict)]
    return bool(_types(schema) & {"string", "number", "integer", "boolean"}) or any(map(_wants_scalar, branches))


def _wants_text(schema: Mapping[str, Any]) -> bool:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else ())
    return "string" in _types(schema) or any(isinstance(choice, str) for choice in choices)


def _types(schema: Mapping[str, Any]) -> set[str]:
    written = schema.get("type", ())
    return {written} if isinstance(written, str) else set(written)
