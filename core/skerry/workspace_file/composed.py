"""The JSON Schema (draft-07) of the whole workspace file with all that is installed, for editors.

An editor validates the text as it is written, so every scalar may be a reference to the environment here. The reader
itself resolves references first and validates afterwards, with the plain schemas.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from skerry.errors import PluginError
from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.workspace_file.schema import Validator, WrongSchemaError, options_schema
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

    Called by ``skerry schema``. What cannot be used (``unusable_types``, ``unusable_launchers``) is left out. The
    schema of a type or a launcher stands on its own: it refers to no ``definitions``.
    """
    composed = workspace_schema()
    common_options = composed.pop("definitions")["common_options"]["properties"]
    types, _ = _types(registry, common_options)
    composed["properties"]["load_from"]["items"].update(properties=types, additionalProperties=False)
    _add_launchers(composed["properties"]["run_launcher"], registry)
    composed["definitions"] = copy.deepcopy(dict(REFERENCES))
    return composed


def unusable_types(registry: Registry) -> dict[str, PluginError]:
    """Give the keys of location types whose plugin is broken, or whose schema is none, each with what is wrong."""
    return _types(registry, {})[1]


def unusable_launchers(registry: Registry) -> dict[str, PluginError]:
    """Give the keys of run launchers whose plugin is broken, or whose schema is none, each with what is wrong."""
    return _launchers(registry)[1]


def _types(registry: Registry, common_options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, PluginError]]:
    def described(key: str) -> dict[str, Any]:
        location_type = registry.get(key)
        Validator(location_type.schema).check()
        return _type_schema(location_type, common_options)

    return _usable_and_not("location type", registry.keys, described, registry.distribution)


def _launchers(registry: Registry) -> tuple[dict[str, Any], dict[str, PluginError]]:
    def described(key: str) -> dict[str, Any]:
        launcher = registry.launcher(key)
        Validator(launcher.schema).check()
        return {"title": launcher.summary, "description": launcher.summary, **_open_for_references(launcher.schema)}

    return _usable_and_not("run launcher", registry.launcher_keys, described, registry.launcher_distribution)


def _usable_and_not(
    what: str, keys: Iterable[str], described: Callable[[str], dict[str, Any]], distribution: Callable[[str], str]
) -> tuple[dict[str, Any], dict[str, PluginError]]:
    usable: dict[str, Any] = {}
    unusable: dict[str, PluginError] = {}
    for key in keys:
        try:
            usable[key] = described(key)
        except PluginError as error:
            unusable[key] = error
        # The class is the plugin's: its schema may be none, or missing.
        except Exception as error:
            said = str(error) if isinstance(error, WrongSchemaError) else f"{type(error).__name__}: {error}"
            reason = f"its schema is wrong: {said}".rstrip(".")
            unusable[key] = PluginError(key, reason, distribution(key), what=what)
    return usable, unusable


def _add_launchers(schema: dict[str, Any], registry: Registry) -> None:
    """Say which run launchers there are: a key alone, or a mapping with one of them."""
    launchers, _ = _launchers(registry)
    alone = [key for key in launchers if Validator(registry.launcher(key).schema).is_valid({})]
    del schema["minLength"]  # the keys say more
    schema.update(properties=launchers, additionalProperties=False)
    # Beside the properties, a limit of one would keep editors from proposing any.
    schema["allOf"] = [{"maxProperties": 1}]
    schema.update({"if": {"type": "string"}, "then": {"enum": alone}})


def _type_schema(location_type: LocationType, common_options: Mapping[str, Any]) -> dict[str, Any]:
    options = _open_for_references(options_schema(location_type, common_options))
    head: dict[str, Any] = {"title": location_type.summary}
    if location_type.deprecated:
        head["deprecationMessage"] = f"Deprecated: {location_type.deprecated}."
    if location_type.shorthand is None:
        return {**head, **options}
    # Not anyOf: for a mistake in the mapping editors would say that they expected a string.
    short = options["properties"].get(location_type.shorthand, {"type": "string"})
    description = options.get("description", location_type.summary)
    return {**head, "description": description, "if": {"type": "object"}, "then": options, "else": short}


def _open_for_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    return _with_references_inside(copy.deepcopy(dict(schema)))


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
    return bool(_wanted(schema) & {"string", "number", "integer", "boolean"}) or any(map(_wants_scalar, branches))


def _wants_text(schema: Mapping[str, Any]) -> bool:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else ())
    return "string" in _wanted(schema) or any(isinstance(choice, str) for choice in choices)


def _wanted(schema: Mapping[str, Any]) -> set[str]:
    written = schema.get("type", ())
    return {written} if isinstance(written, str) else set(written)
