"""A config schema (JSON Schema), as an outline of its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from skerry.console.render.layout import fold
from skerry.console.render.page import CODE, LOOK, QUIET, Page, line

#: Deeper than this an outline helps nobody, and a schema that contains itself would have no end.
DEEPEST = 12


def render_config_schema(schema: Mapping[str, Any], page: Page) -> list[Text]:
    """Give each field with its type, whether it is required, its default and its description."""
    fields = _fields(schema)
    if not fields:
        return [line((_type(schema), CODE))]
    return _outline(schema, page, 0)


def _fields(schema: Any) -> Mapping[str, Any]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _outline(schema: Mapping[str, Any], page: Page, depth: int) -> list[Text]:
    required = schema.get("required", ())
    lines = []
    for name, field in _fields(schema).items():
        field = field if isinstance(field, Mapping) else {}
        margin = "  " * depth
        lines.append(line(margin, name, ": ", (_type(field), CODE), *_remarks(field, name in required)))
        description = str(field.get("description", "")).strip()
        for written in description.splitlines():
            lines += [line(margin + "  ", (part, QUIET)) for part in fold(written, page.narrower(2 * depth + 2))]
        inner = field.get("items") if field.get("type") == "array" else field
        if depth < DEEPEST and isinstance(inner, Mapping):
            lines += _outline(inner, page, depth + 1)
    return lines


def _remarks(field: Mapping[str, Any], required: bool) -> list[tuple[str, str]]:
    remarks = [("  required", LOOK)] if required and "default" not in field else []
    if "default" in field:
        remarks.append((f"  default {_value(field['default'])}", QUIET))
    for bound in ("minimum", "maximum", "minLength", "maxLength", "pattern", "format"):
        if bound in field:
            remarks.append((f"  {bound} {_value(field[bound])}", QUIET))
    return remarks


def _type(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return _value(schema["const"])
    if isinstance(schema.get("enum"), (list, tuple)):
        return " | ".join(map(_value, schema["enum"]))
    for several in ("oneOf", "anyOf"):
        if isinstance(schema.get(several), (list, tuple)):
            return " | ".join(_type(one) for one in schema[several] if isinstance(one, Mapping))
    kind = schema.get("type", "any")
    if kind == "array" and isinstance(schema.get("items"), Mapping):
        return f"array of {_type(schema['items'])}"
    return " | ".join(map(str, kind)) if isinstance(kind, (list, tuple)) else str(kind)


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
