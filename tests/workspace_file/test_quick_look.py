"""The quick look never takes for right what jsonschema refuses, and spares it what is plainly right."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft7Validator

from skerry.plugin.registry import Registry
from skerry.workspace_file.quick import surely_valid
from skerry.workspace_file.schema import Schemas

VALUES: list[Any] = [
    *("", "a", "ab", "a\n", "\n", "A=B", "fork", None, True, False, 0, 1, -1, 3.0, 0.5, 86400, 86401, 10**400),
    *([], ["a"], [1], ["a", 1], [[]], {}, {"a": 1}, {"a": "b"}, {"b": 1}, {"a": 1, "b": 2}, {"": 1}, {"a=": "b"}),
]

SCHEMAS: list[Any] = [
    *({"type": name} for name in ("string", "number", "integer", "boolean", "array", "object", "null")),
    *(True, False, {}, {"type": ["string", "array"], "minLength": 1, "items": {"type": "string"}}, {"const": 1}),
    *({"enum": ["fork", 1]}, {"minLength": 2}, {"maxLength": 1}, {"pattern": "^a$"}, {"not": {"pattern": "a"}}),
    *({"not": {"type": "string", "pattern": "a"}}, {"not": True}, {"not": {"type": "string"}}, {"not": {}}),
    *({"minimum": 1}, {"maximum": 0}, {"exclusiveMinimum": 0, "maximum": 86400}, {"exclusiveMaximum": 1}),
    *({"required": ["a"]}, {"properties": {"a": {"type": "integer"}}}, {"additionalProperties": False}),
    *({"properties": {"a": {}}, "additionalProperties": False}, {"additionalProperties": {"type": "string"}}),
    *({"patternProperties": {"^a": {}}, "additionalProperties": False}, {"propertyNames": {"pattern": "^[^=]+$"}}),
    *({"anyOf": [{"type": "string"}]}, {"minItems": 1}, {"uniqueItems": True}, {"items": [{"type": "string"}]}),
    *({"minProperties": 1}, {"maxProperties": 1}, {"definitions": {"a": False}}, {"$ref": "#/definitions/a"}),
    *(
        {"$schema": "http://json-schema.org/draft-07/schema#", "minProperties": 2},
        {"items": {"type": "string"}},
        {"items": False},
        {"multipleOf": 2},
    ),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_what_is_surely_valid_is_valid(schema: Any) -> None:
    validator = Draft7Validator(schema)
    assert [value for value in VALUES if surely_valid(schema, value) and not validator.is_valid(value)] == []


def test_an_ordinary_file_is_surely_valid() -> None:
    """A file with no mistake is read without jsonschema, whose import takes longer than that of all the rest."""
    assert surely_valid(Schemas().envelope.schema, {"load_from": []})
    assert not surely_valid(Schemas().envelope.schema, {"load_from": [], "x": 1})
    lines = [
        "import sys",
        "from skerry.workspace_file import read_entries",
        "from skerry.plugin.registry import Registry",
        "from pathlib import Path",
        "read = read_entries([{'python_file': 'team.py'}], Path('/'), Registry())",
        "assert not read.problems",
        "assert 'jsonschema' not in sys.modules",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=60)


def test_an_ordinary_entry_is_surely_valid() -> None:
    schemas = Schemas()
    options = {
        "relative_path": "team.py",
        "attribute": "repository",
        "location_name": "team",
        "start": "fresh",
        "startup_timeout": 60,
        "env": {"A": "b", "N": 3.5},
        "env_file": ["secrets.env"],
    }
    schema = schemas.options(Registry().get("python_file")).schema
    assert surely_valid(schema, options)
    for wrong in ({"start": "slow"}, {"startup_timeout": 0}, {"location_name": "a\n"}, {"env": {"A=": "b"}}, {"x": 1}):
        assert not surely_valid(schema, {**options, **wrong})
