"""The JSON Schema for editors says the same as the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from skerry.plugin.registry import Registry
from skerry.workspace_file import compose_schema

INVALID = Path(__file__).parents[1] / "examples" / "invalid"

#: What a schema can see. YAML's own traps, and what needs two entries or the machine, it cannot.
SCHEMA_MATTERS = {
    "entry_is_a_list",
    "entry_is_a_number",
    "entry_is_a_string",
    "entry_is_empty",
    "entry_is_null",
    "empty_values",
    "list_at_the_top",
    "load_from_is_a_mapping",
    "load_from_without_value",
    "missing_key",
    "no_load_from",
    "not_a_choice",
    "null_value",
    "number_in_quotes",
    "control_character_in_a_name",
    "option_beside_short_form",
    "options_are_a_list",
    "options_are_a_number",
    "options_missing",
    "options_not_indented",
    "scalar_at_the_top",
    "several_mistakes",
    "short_form_empty",
    "two_types_in_one_entry",
    "unknown_key",
    "unknown_top_level_key",
    "unknown_type",
    "wrong_types",
}


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    schema = compose_schema(Registry())
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@pytest.mark.parametrize("example", sorted(SCHEMA_MATTERS))
def test_an_editor_underlines_what_the_reader_refuses(validator: Draft7Validator, example: str) -> None:
    assert not validator.is_valid(yaml.safe_load((INVALID / f"{example}.yaml").read_text()))


@pytest.mark.parametrize(
    "entry",
    [
        {"python_file": "hello.py"},
        {"python_file": {"relative_path": "hello.py", "working_directory": "src", "start": "fresh"}},
        {"python_package": {"package_name": "one", "location_name": "naïve/..", "startup_timeout": 0.5}},
        {"python_module": "two"},
    ],
)
def test_an_editor_accepts_what_the_reader_accepts(validator: Draft7Validator, entry: dict[str, Any]) -> None:
    assert list(validator.iter_errors({"load_from": [entry]})) == []


def test_every_type_brings_its_options_and_those_that_all_have() -> None:
    types = compose_schema(Registry())["properties"]["load_from"]["items"]["properties"]

    assert {"python_file", "python_package", "python_module", "grpc_server"} <= set(types)
    for key in ("python_file", "python_package", "python_module"):
        short, options = types[key]["else"], types[key]["then"]
        assert short["else"]["type"] == "string"
        assert {"location_name", "startup_timeout", "attribute"} <= set(options["properties"])
    assert "then" not in types["grpc_server"]  # it has no short form
    assert {"location_name", "startup_timeout", "port", "socket"} <= set(types["grpc_server"]["properties"])


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        ({"host": "localhost", "port": 4266, "location_name": "my_grpc_server"}, True),
        ({"socket": "/run/skerry/sales.sock"}, True),
        ({"port": "${PORT}", "token": "${TOKEN}"}, True),
        ({"port": 4266, "ssl": True}, True),
        ({"port": 4266, "ssl": "${SSL}"}, True),
        ({"port": 4266, "ssl": {"ca": "ca.pem", "cert": "${CERT}", "key": {"env": "KEY"}}}, True),
        ({"port": 4266, "socket": "/run/skerry/sales.sock"}, False),
        ({"host": "localhost"}, False),
        ({"port": 70000}, False),
        ({"port": 4266, "ssl": {"cert": "client.pem"}}, False),
        ({"port": 4266, "ssl": {"certs": "client.pem"}}, False),
        ({"port": 4266, "token": "x", "token_file": "token"}, False),
        ("localhost:4266", False),
    ],
)
def test_an_editor_knows_what_goes_together_in_a_grpc_server(
    validator: Draft7Validator, options: Any, accepted: bool
) -> None:
    assert validator.is_valid({"load_from": [{"grpc_server": options}]}) is accepted
