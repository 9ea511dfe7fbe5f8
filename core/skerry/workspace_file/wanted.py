"""What a JSON Schema wants at a place: which types, and what is below."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from skerry.workspace_file.validation import kind

#: The schema of a place that no schema speaks of.
ANYTHING: Mapping[str, Any] = {}

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_BOOLEANS = {"true": True, "false": False}


def below(schema: Mapping[str, Any], part: str | int) -> Mapping[str, Any]:
    """Give the schema of what stands under a key or an index; ANYTHING where there is none."""
    for one in _alternatives(schema):
        found = _item(one, part) if isinstance(part, int) else _property(one, part)
        if isinstance(found, Mapping):
            return found
    return ANYTHING


def types(schema: Mapping[str, Any]) -> frozenset[str]:
    """Name the JSON types that a value may have."""
    if "type" in schema:
        named = schema["type"]
        return frozenset([named] if isinstance(named, str) else named)
    if "enum" in schema:
        return frozenset(kind(choice) for choice in schema["enum"])
    if "const" in schema:
        return frozenset([kind(schema["const"])])
    choices = [one for key in ("anyOf", "oneOf") for one in schema.get(key, ()) if isinstance(one, Mapping)]
    return frozenset().union(*(types(one) for one in choices)) if choices else _TYPES


def convert(text: str, wanted: frozenset[str]) -> Any:
    """Make of a variable's text what the schema wants. Raises ValueError when it cannot be."""
    if "string" in wanted:
        return text
    if "boolean" in wanted and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if wanted & {"integer", "number"} and re.fullmatch(r"[+-]?[0-9]{1,100}", text):
        return int(text)
    if "number" in wanted and re.fullmatch(r"[-+.0-9eE]{1,100}", text):
        number = float(text)
        if math.isfinite(number):
            return number
    raise ValueError(text)


def _alternatives(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for key in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(key, ()):
            if isinstance(one, Mapping):
                yield from _alternatives(one)


def _property(schema: Mapping[str, Any], key: str) -> Any:
    if key in schema.get("properties", ANYTHING):
        return schema["properties"][key]
    for pattern, found in schema.get("patternProperties", ANYTHING).items():
        if re.search(pattern, key):
            return found
    return schema.get("additionalProperties")


def _item(schema: Mapping[str, Any], index: int) -> Any:
    items = schema.get("items")
    if isinstance(items, list):
        return items[index] if index < len(items) else schema.get("additionalItems")
    return items
