"""The composed schema: published, fresh, explained everywhere, and open for references."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator
from support.pages import ROOT

from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.workspace_file import composed
from skerry_schemas import composed_schema

SCHEMA = composed_schema()
TYPES = SCHEMA["properties"]["load_from"]["items"]["properties"]


def test_the_published_schema_is_what_the_built_in_types_make() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_schema.py"))
    assert made["FILE"].read_text(encoding="utf-8") == made["render"](), "run: python docs/make_schema.py"


def test_it_names_its_draft_and_no_place_of_its_own() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$id" not in SCHEMA
    Draft7Validator.check_schema(SCHEMA)


def _options(schema: Any) -> Iterator[tuple[str, Any]]:
    for name, option in schema.get("properties", {}).items():
        yield name, option
        for branch in (option, *(option[word] for word in ("then", "else", "items") if word in option)):
            yield from _options(branch)


def test_every_option_is_described_with_its_choices_or_an_example() -> None:
    options = list(_options({"properties": TYPES}))
    assert len(options) > 20
    for name, option in options:
        assert option.get("description"), name
        rules = {**option, **option.get("else", {}), **option.get("then", {})}
        shown = {"examples", "enum", "default", "properties"} & set(rules)
        assert shown, f"{name} shows no example"


def accepts(entry: Any) -> bool:
    return Draft7Validator(SCHEMA).is_valid({"load_from": [entry]})


@pytest.mark.parametrize(
    "options",
    [
        {"relative_path": "${FILE}"},
        {"relative_path": {"env": "FILE"}},
        {"relative_path": "a.py", "startup_timeout": "${SECONDS:-30}"},
        {"relative_path": "a.py", "startup_timeout": {"env": "SECONDS"}},
        {"relative_path": "a.py", "start": "${START}"},
        {"relative_path": "a.py", "start": "fr${REST}"},
        "${FILE}",
        "teams/${TEAM}/repository.py",
    ],
)
def test_a_reference_may_stand_wherever_a_scalar_is_wanted(options: Any) -> None:
    assert accepts({"python_file": options})


@pytest.mark.parametrize(
    "options",
    [
        {"relative_path": "a.py", "startup_timeout": "about ${SECONDS}"},
        {"relative_path": "a.py", "startup_timeout": "soon"},
        {"relative_path": "a.py", "startup_timeout": {"env": "SECONDS", "default": 3}},
        {"relative_path": "a.py", "start": "frok"},
        {"relative_path": {"environment": "FILE"}},
        {"env": "FILE"},
    ],
)
def test_what_only_looks_like_a_reference_is_underlined(options: Any) -> None:
    assert not accepts({"python_file": options})


class Deep(LocationType):
    """A type with options inside options, and no short form."""

    key = "deep"
    summary = "Deep"
    schema = {
        "type": "object",
        "properties": {
            "servers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"port": {"type": "integer"}, "tls": {"type": "boolean"}},
                    "additionalProperties": False,
                },
            },
            "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}},
            "size": {"oneOf": [{"type": "number"}, {"const": "all"}]},
        },
        "additionalProperties": False,
    }

    def default_name(self, options: Any) -> str:
        return "deep"

    def open(self, origin: Any, runtime: Any) -> Any:
        raise NotImplementedError


class OneType(Registry):
    """An installation that holds one location type."""

    def __init__(self, location_type: LocationType) -> None:
        super().__init__([])
        self._one = location_type

    @property
    def keys(self) -> tuple[str, ...]:
        return (self._one.key,)

    def get(self, key: str) -> LocationType:
        return self._one


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        ({"servers": [{"port": "${PORT}", "tls": {"env": "TLS"}}]}, True),
        ({"servers": [{"port": "80"}]}, False),
        ({"servers": "${SERVERS}"}, False),
        ({"labels": {"team": "${TEAM}"}}, True),
        ({"labels": {"team": "long label"}}, False),
        ({"size": "${SIZE}"}, True),
        ({"size": "some"}, False),
        ("deep", False),
    ],
)
def test_references_go_as_deep_as_the_options_of_a_type(options: Any, accepted: bool) -> None:
    schema = composed.compose_schema(OneType(Deep()))
    assert Draft7Validator(schema).is_valid({"load_from": [{"deep": options}]}) is accepted
