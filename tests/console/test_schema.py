"""``skerry schema`` in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft7Validator
from support.commands import skerry
from support.plugins import NOTEBOOK, install


def test_the_schema_holds_every_installed_type(tmp_path: Path) -> None:
    install(tmp_path / "site", "notebook", NOTEBOOK)
    result = skerry(tmp_path, "schema", PYTHONPATH=str(tmp_path / "site"))
    assert (result.returncode, result.stderr) == (0, "")
    schema = json.loads(result.stdout)
    Draft7Validator.check_schema(schema)
    assert {"python_file", "notebook"} <= set(schema["properties"]["load_from"]["items"]["properties"])


def test_output_writes_what_would_be_printed(tmp_path: Path) -> None:
    result = skerry(tmp_path, "schema", "--output", "workspace.schema.json")
    assert (result.returncode, result.stdout) == (0, "")
    assert (tmp_path / "workspace.schema.json").read_text() == skerry(tmp_path, "schema").stdout


def test_a_file_that_cannot_be_written_is_the_command_lines_mistake(tmp_path: Path) -> None:
    result = skerry(tmp_path, "schema", "--output", "missing/workspace.schema.json")
    assert result.returncode == 2
    assert "missing/workspace.schema.json cannot be written: No such file or directory." in result.stderr
    assert "Traceback" not in result.stderr


def test_types_that_cannot_be_used_are_left_out_and_named(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "notebook", "raise SystemExit('no kernel')")
    install(site, "sheet", NOTEBOOK.replace('"notebook"', '"sheet"').replace('"integer"', '"intgeer"'))
    result = skerry(tmp_path, "schema", PYTHONPATH=str(site))
    assert result.returncode == 0
    types = json.loads(result.stdout)["properties"]["load_from"]["items"]["properties"]
    assert "python_file" in types
    assert not {"notebook", "sheet"} & set(types)
    assert "skerry-notebook 1.5" in result.stderr
    assert "no kernel" in result.stderr
    assert "'sheet' (skerry-sheet 1.5) cannot be used: its schema is wrong: 'intgeer'" in result.stderr
