"""Several files make one workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry.plugin.registry import Registry
from skerry.workspace_file import read_workspace_files

Write = Callable[[str, str], Path]


def test_a_later_file_overrides_by_name_and_says_so(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("base.yaml", "load_from:\n  - python_file: hello.py\n  - python_file: other.py\n")
    write("local/own.yaml", "load_from:\n  - python_package: new\n  - python_file: hello.py\n")
    monkeypatch.chdir(tmp_path)
    description = read_workspace_files([Path("base.yaml"), Path("local/own.yaml")], Registry())

    assert [entry.name for entry in description.entries] == ["hello.py", "other.py", "new"]
    hello = description.entries[0].origin
    assert hello is not None
    assert (hello.folder, hello.options["relative_path"]) == (
        str(tmp_path / "local"),
        str(tmp_path / "local" / "hello.py"),
    )
    assert [str(problem) for problem in description.problems] == [
        "local/own.yaml:3:5: warning: This overrides the location 'hello.py' of base.yaml:2.\n"
        "  Give it another `location_name` if both are wanted."
    ]


def test_what_is_wrong_with_an_overridden_entry_no_longer_matters(write: Write) -> None:
    base = write("base.yaml", "load_from:\n  - python_file: {location_name: hello, colour: red}\n")
    local = write("local.yaml", "load_from:\n  - python_file: {location_name: hello, relative_path: hello.py}\n")
    description = read_workspace_files([base, local], Registry())

    assert [entry.origin is not None for entry in description.entries] == [True]
    assert [problem.code for problem in description.problems] == ["LOCATION_OVERRIDDEN"]


def test_entries_without_a_name_do_not_override_each_other(write: Write) -> None:
    one = write("one.yaml", "load_from:\n  - hello.py\n")
    two = write("two.yaml", "load_from:\n  - bye.py\n")
    description = read_workspace_files([one, two], Registry())

    assert [entry.name for entry in description.entries] == ["load_from[0]", "load_from[0] (2)"]
    assert [(problem.location, problem.file) for problem in description.problems] == [
        ("load_from[0]", str(one)),
        ("load_from[0] (2)", str(two)),
    ]


def test_a_file_given_twice_is_one_workspace(write: Write) -> None:
    path = write("workspace.yaml", "load_from:\n  - python_file: hello.py\n")
    description = read_workspace_files([path, path], Registry())

    assert [entry.name for entry in description.entries] == ["hello.py"]
    assert [problem.code for problem in description.problems] == ["LOCATION_OVERRIDDEN"]


def test_a_name_that_is_taken_in_one_file_stays_with_the_first(write: Write) -> None:
    path = write(
        "workspace.yaml",
        """
        load_from:
          - python_file: a/hello.py
          - python_file: b/hello.py
          - python_package: {package_name: c, location_name: "load_from[1]"}
        """,
    )
    description = read_workspace_files([path], Registry())

    assert [entry.name for entry in description.entries] == ["hello.py", "load_from[1] (2)", "load_from[1]"]
    (problem,) = description.problems
    assert (problem.line, problem.location) == (3, "load_from[1] (2)")
    assert "line 2" in problem.message
