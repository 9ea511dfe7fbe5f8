"""The JSON Schema of a pipeline's run config, put together from those of its solids."""

from typing import Any, Dict, List, Mapping, Optional, Sequence

from skerry.definitions.graph import SolidInvocation


def of_solids(solids: Sequence[SolidInvocation]) -> Optional[Dict[str, Any]]:
    """Give the schema of ``{"solids": {NAME: {"config": ...}}}``, or None if no solid takes config.

    What a solid's schema requires makes everything above it required.
    """
    properties: Dict[str, Any] = {}
    required: List[str] = []
    for each in solids:
        schema = each.definition.config_schema
        if schema is None:
            continue
        place = f"#/properties/solids/properties/{each.name}/properties/config"
        must = bool(schema.get("required"))
        properties[each.name] = _object({"config": _moved(schema, place)}, ["config"] if must else [])
        required += [each.name] if must else []
    if not properties:
        return None
    return _object({"solids": _object(properties, required)}, ["solids"] if required else [])


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
