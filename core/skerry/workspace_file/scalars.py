"""What a plain word of YAML is read as: the rules of YAML 1.1, as PyYAML has them."""

from __future__ import annotations

import math
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from skerry.workspace_file.findings import Code, Finding, Place

PREFIX = "tag:yaml.org,2002:"
STRING = PREFIX + "str"
MERGE = PREFIX + "merge"

#: These tags stand for their own text here; PyYAML knows them, and cannot construct the last two.
TEXT = frozenset({STRING, MERGE, PREFIX + "value"})

_READINGS = {
    PREFIX + "bool": "a boolean",
    PREFIX + "int": "a number",
    PREFIX + "float": "a number",
    PREFIX + "null": "null",
    PREFIX + "timestamp": "a date",
    PREFIX + "binary": "bytes",
}

_resolver: Any = Resolver()
_constructor: Any = SafeConstructor()


def tag_of(event: yaml.ScalarEvent) -> str:
    """Give the tag of a scalar: the one written, or else the one that its text implies."""
    if event.tag is not None and event.tag != "!":
        return str(event.tag)
    return str(_resolver.resolve(yaml.ScalarNode, event.value, event.implicit))


def reading(tag: str) -> str:
    """Say in words what a scalar with that tag is read as."""
    return _READINGS.get(tag, "something else")


def construct(tag: str, written: str, place: Place) -> tuple[Any, Finding | None]:
    """Give the JSON value of a scalar; where there is none its text, and what is wrong."""
    if tag in TEXT:
        return written, None
    construct_one = _constructor.yaml_constructors.get(tag)
    if construct_one is None or tag not in _READINGS:
        return written, Finding(Code.UNKNOWN_TAG, place, {"tag": short(tag)})
    try:
        value = construct_one(_constructor, yaml.ScalarNode(tag, written))
    # `0x_`, `!!int many`, 2021-13-45, and integers of more digits than Python converts.
    except (ValueError, LookupError, AttributeError, yaml.YAMLError):
        return written, Finding(Code.UNREADABLE_VALUE, place, {"written": written, "reading": reading(tag)})
    if isinstance(value, float) and not math.isfinite(value):
        return written, Finding(Code.NOT_JSON, place, {"written": written, "reading": "not a finite number"})
    if value is not None and not isinstance(value, (str, bool, int, float)):
        return written, Finding(Code.NOT_JSON, place, {"written": written, "reading": reading(tag)})
    return value, None


def short(tag: str) -> str:
    """Give a tag as it is written."""
    return f"!!{tag.removeprefix(PREFIX)}" if tag.startswith(PREFIX) else tag
