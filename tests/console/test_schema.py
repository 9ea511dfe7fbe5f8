"""``skerry schema`` in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft7Validator
from support.commands import skerry
from support.plugins import NOTEBOOK, QUEUE, install, install_launcher


def test_the_schema_holds_every_installed_type(tmp_path: Path) -> None:
    install(tmp_path / "site", "notebook", NOTEBOOK)
    result = skerry(tmp_path, "schema", PYTHONPATH=str(tmp_path / "site"))
    assert (result.returncode, result.stderr) == (0, "")
    schema = json.loads(result.stdout)
    Draft7Validator.check_schema(schema)
    assert {"python_file", "notebook"} <= set(schema["properties"]["load_from"]["items"]["properties"])


def test_the_schema_holds_every_installed_launcher_that_can_be_used(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install_launcher(site, "queue", QUEUE, "Queue")
    install_launcher(site, "wreck", "raise SystemExit('no cluster')", "Wreck")
    wrong = QUEUE.replace('"queue"', '"wrong"').replace('"type": "integer"', '"type": "intgeer"')
    install_launcher(site, "wrong", wrong, "Queue")
    result = skerry(tmp_path, "schema", PYTHONPATH=str(site))
    assert result.returncode == 0
    launcher = json.loads(result.stdout)["properties"]["run_launcher"]
    assert {"process", "queue"} <= set(launcher["properties"])
    assert not {"wreck", "wrong"} & set(launcher["properties"])
    assert "The run launcher 'wreck' (skerry-wreck 1.5) cannot be used: SystemExit: no cluster" in result.stderr
    assert "'wrong' (skerry-wrong 1.5) cannot be used: its schema is wrong: 'intgeer'" in result.stderr
    validator = Draft7Validator(json.loads(result.stdout))
    accepted = {
        "process": True,
        "queue": False,  # it needs options
        "proces": False,
        "wreck": False,
    }
    for key, is_valid in accepted.items():
        assert validator.is_valid({"load_from": [], "run_launcher": key}) is is_valid, key
    options: list[tuple[object, bool]] = [
        ({"name": "jobs", "size": 3}, True),
        ({"name": "${QUEUE}", "size": "${SIZE}", "env": {"TOKEN": {"env": "TOKEN"}}}, True),
        ({"name": "jobs", "size": "3"}, False),
        ({"name": "jobs", "sise": 3}, False),
        ({"size": 3}, False),
        ("jobs", False),
    ]
    for one, is_valid in options:
        assert validator.is_valid({"load_from": [], "run_launcher": {"queue": one}}) is is_valid, one
    two = {"queue": {"name": "jobs"}, "process": {}}
    assert not validator.is_valid({"load_from": [], "run_launcher": two})


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
