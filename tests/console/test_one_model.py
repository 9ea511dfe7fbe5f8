"""A workspace file, the command line and the library say the same things in three ways, and load the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.commands import skerry

from skerry import Workspace

PACKAGE = """
from skerry import pipeline

@pipeline
def daily():
    pass

@pipeline
def weekly():
    pass
"""

#: An entry, and the command line that says it.
WAYS: list[tuple[Mapping[str, Any], list[str]]] = [
    ({"python_file": "hello.py"}, ["-f", "hello.py"]),
    (
        {"python_file": {"relative_path": "hello.py", "attribute": "hello_pipeline", "working_directory": "below"}},
        ["-f", "hello.py", "-a", "hello_pipeline", "-d", "below"],
    ),
    (
        {"python_module": {"module_name": "acme.reports", "attribute": "weekly", "working_directory": "below"}},
        ["-m", "acme.reports", "-a", "weekly", "-d", "below"],
    ),
    (
        {"python_package": {"package_name": "skerry_python_file", "attribute": "nothing"}},
        ["--package-name", "skerry_python_file", "-a", "nothing"],
    ),
    ({"python_file": {"relative_path": "missing.py"}}, ["-f", "missing.py"]),
]


@pytest.fixture
def folder(hello: Path) -> Path:
    below = hello.parent / "below" / "acme"
    below.mkdir(parents=True)
    (below / "reports.py").write_text(PACKAGE)
    return hello.parent


def without_what_is_new_each_time(location: dict[str, Any]) -> dict[str, Any]:
    """Leave out what tells one life of a location from another, and the line that only a file has."""
    server = location["server"]
    kept = server and {name: server[name] for name in ("address", "python", "executable", "skerry", "generation")}
    return {**location, "line": None, "server": kept, "last_move": {**location["last_move"], "at": None}}


@pytest.mark.parametrize(("entry", "flags"), WAYS, ids=lambda way: " ".join(way) if isinstance(way, list) else "")
def test_a_file_the_command_line_and_the_library_make_the_same_model(
    entry: Mapping[str, Any], flags: list[str], folder: Path, nothing_left: None
) -> None:
    (folder / "workspace.yaml").write_text(json.dumps({"load_from": [entry]}))
    printed = [skerry(folder, "inspect", "--json", *arguments).stdout for arguments in ([], flags)]
    with Workspace.from_entries([entry], folder) as workspace:
        assert workspace.wait(60)
        from_library = workspace.snapshot.to_json()

    models = [json.loads(printed[0]), json.loads(printed[1]), from_library]
    (from_file,), (from_flags,), (from_library,) = (
        list(map(without_what_is_new_each_time, model["locations"])) for model in models
    )
    assert from_file["state"] in ("READY", "FAILED")
    assert from_flags == from_file
    assert from_library == from_file
