"""A validator that is not ours, check-jsonschema, with the published schema: it refuses and accepts what we do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.pages import ROOT

from skerry.errors import WorkspaceFileError
from skerry.model import Severity
from skerry.plugin.registry import Registry
from skerry.workspace_file import Code, read_workspace_files

SCHEMA = ROOT / "schemas" / "skerry_schemas" / "composed.schema.json"
INVALID = next((ROOT / "tests").glob("*/invalid"))

#: Problems that a schema can see. YAML's own traps, and what needs two entries, the environment or the machine,
#: it cannot.
SCHEMA_MATTERS = {
    Code.NOT_A_MAPPING,
    Code.NO_LOAD_FROM,
    Code.LOAD_FROM_NOT_A_LIST,
    Code.UNKNOWN_TOP_LEVEL_KEY,
    Code.UNKNOWN_RUN_LAUNCHER,
    Code.SEVERAL_RUN_LAUNCHERS,
    Code.ENTRY_NOT_A_MAPPING,
    Code.ENTRY_EMPTY,
    Code.SEVERAL_TYPES,
    Code.KEY_BESIDE_TYPE,
    Code.UNKNOWN_TYPE,
    Code.OPTIONS_MISSING,
    Code.OPTIONS_NOT_A_MAPPING,
    Code.WRONG_TYPE,
    Code.MISSING_KEY,
    Code.ONE_KEY_OF_SEVERAL,
    Code.EXCLUSIVE_KEYS,
    Code.UNKNOWN_KEY,
    Code.NOT_A_CHOICE,
    Code.TOO_SHORT,
    Code.TOO_LONG,
    Code.OUT_OF_RANGE,
    Code.WRONG_PATTERN,
    Code.CONTROL_CHARACTER,
    Code.AGAINST_SCHEMA,
}

#: It follows every alias, and has not come to an end after minutes.
NOT_SHOWN = {"alias_bomb.yaml"}


def refused_by_check_jsonschema(files: list[Path]) -> set[Path]:
    """Give the files that it refuses, those that it cannot parse included."""
    command = [sys.executable, "-m", "check_jsonschema", "--output-format", "json", "--schemafile", str(SCHEMA)]
    answer = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert answer.returncode in (0, 1), answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    wrong = [one["filename"] for kind in ("errors", "parse_errors") for one in found.get(kind, ())]
    return {Path(name) for name in wrong}


def our_errors(file: Path) -> set[str]:
    try:
        problems = read_workspace_files([file], Registry()).problems
    except WorkspaceFileError as error:
        problems = error.problems
    return {problem.code for problem in problems if problem.severity is Severity.ERROR}


def test_it_refuses_every_example_whose_mistake_a_schema_can_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INVALID)
    files = [file for file in sorted(INVALID.glob("**/*.yaml")) if file.name not in NOT_SHOWN]
    matters = [file for file in files if our_errors(file) & SCHEMA_MATTERS]
    shown = {code for file in matters for code in our_errors(file)}
    assert len(matters) >= 25
    assert {Code.UNKNOWN_KEY, Code.MISSING_KEY, Code.NOT_A_CHOICE, Code.UNKNOWN_TYPE} <= shown
    assert sorted(set(matters) - refused_by_check_jsonschema(matters)) == []


def test_it_accepts_every_example_that_loads_and_every_file_without_an_error_of_ours() -> None:
    valid = sorted((ROOT / "examples").glob("*/workspace.yaml"))
    assert len(valid) >= 7
    only_warned = [file for file in sorted(INVALID.glob("**/*.yaml")) if not our_errors(file)]
    assert refused_by_check_jsonschema([*valid, *only_warned]) == set()
