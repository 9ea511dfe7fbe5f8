"""The JSON Schema of a pipeline's run config, put together from those of its solids and resources."""

from typing import Any, Dict, List, Mapping, Optional, Sequence

from skerry.definitions.graph import SolidInvocation
from skerry.definitions.resources import ResourceDefinition


def of_pipeline(solids: Sequence[SolidInvocation], resources: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Give the schema of ``{"solids": {NAME: {"config": ...}}, "resources": ...}``; None if nothing takes config.

    What one of their schemas requires makes everything above it required.
    """
    sections = {
        "solids": _section("solids", {each.name: each.definition.config_schema for each in solids}),
        "resources": _section(
            "resources",
            {name: each.config_schema for name, each in resources.items() if isinstance(each, ResourceDefinition)},
        ),
    }
    there = {name: section for name, section in sections.items() if section is not None}
    if not there:
        return None
    return _object(there, [name for name, section in there.items() if "required" in section])


def _section(section: str, schemas: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Give the schema of ``{NAME: {"config": ...}}`` for those that have one."""
    properties: Dict[str, Any] = {}
    required: List[str] = []
    for name, schema in schemas.items():
        if schema is None:
            continue
        place = f"#/properties/{section}/properties/{name}/properties/config"
        must = bool(schema.get("required"))
        properties[name] = _object({"config": _moved(schema, place)}, ["config"] if must else [])
        required += [name] if must else []
    return _object(properties, required) if properties else None


def _object(properties: Mapping[str, Any], required: Sequence[str]) -> Dict[str, Any]:
    schema: Dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    return {**schema, "additionalProperties": False}


def _moved(schema: Any, place: str) -> Any:
    """Copy a schema to another place in a document: its references to itself (``#/$defs/x``) move along."""
    if isinstance(schema, list):
        return [_moved(item, place) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: _moved(item, place) for key, item in schema.items()}
    target = copy.get("$ref")
    if isinstance(target, str) and (target == "#" or target.startswith("#/")):
        copy["$ref"] = place + target[1:]
    return copy
