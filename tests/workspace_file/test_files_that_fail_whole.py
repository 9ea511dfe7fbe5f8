"""Files that cannot be used at all, beyond what an example in ``invalid/`` can show."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from skerry.errors import WorkspaceFileError
from skerry.model import Problem
from skerry.plugin.registry import Registry
from skerry.workspace_file import document, read_entries, read_workspace_files

Write = Callable[[str, str], Path]

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


def problems_of(*paths: Path) -> tuple[Problem, ...]:
    with pytest.raises(WorkspaceFileError) as caught:
        read_workspace_files(paths, Registry())
    problems: tuple[Problem, ...] = caught.value.problems
    return problems


def test_a_missing_file_is_told_by_its_path(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "nowhere" / "workspace.yaml")

    assert problem.code == "FILE_NOT_FOUND"
    assert problem.place == str(tmp_path / "nowhere" / "workspace.yaml")
    assert "-w" in problem.hint


def test_a_missing_default_file_says_how_to_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (problem,) = problems_of(Path("workspace.yaml"))

    assert str(problem) == (
        "workspace.yaml: error: There is no such file.\n  Create it, or say what to load with -w, -f or -m."
    )


def test_a_folder_is_no_workspace_file(tmp_path: Path) -> None:
    assert [problem.code for problem in problems_of(tmp_path)] == ["FILE_IS_FOLDER"]


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    # A link to itself is unreadable for root, too.
    loop = tmp_path / "workspace.yaml"
    loop.symlink_to(loop)
    (problem,) = problems_of(loop)

    assert problem.code == "FILE_UNREADABLE"
    assert os.strerror(errno.ELOOP) in problem.message


def test_a_file_over_four_megabytes_is_refused_and_one_just_below_is_read(tmp_path: Path) -> None:
    path = tmp_path / "workspace.yaml"
    text = b"load_from:\n  - python_file: hello.py\n#"
    path.write_bytes(text.ljust(4 * 1024 * 1024, b"-"))
    assert len(read_workspace_files([path], Registry()).entries) == 1

    path.write_bytes(text.ljust(4 * 1024 * 1024 + 1, b"-"))
    (problem,) = problems_of(path)
    assert problem.code == "FILE_TOO_LARGE"


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("nested", ["[", "{a: ", "[a, ", "- ", "? ", "[\n"], ids=repr)
def test_a_hundred_thousand_levels_are_an_error_and_not_a_crash(
    nested: str, loader: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "LOADER", loader)
    path = tmp_path / "workspace.yaml"
    path.write_text("load_from:\n  " + nested * 100_000)

    (problem,) = problems_of(path)
    assert problem.code == "TOO_DEEP"
    # The mapping at the top is the first of the hundred levels, whichever parser reads the file.
    assert (problem.line, problem.column) == ((101, 1) if nested == "[\n" else (2, 3 + 99 * len(nested)))


def test_aliases_that_nest_without_brackets_are_an_error_and_not_a_crash(tmp_path: Path) -> None:
    links = "".join(f"- &a{number} [*a{number - 1}]\n" for number in range(1, 2000))
    path = tmp_path / "workspace.yaml"
    path.write_text(f"x:\n- &a0 []\n{links}load_from:\n- *a1999\n")

    assert [problem.code for problem in problems_of(path)] == ["TOO_DEEP"]


def test_every_file_that_fails_is_told_at_once(write: Write, tmp_path: Path) -> None:
    empty = write("empty.yaml", "")
    warned = write("warned.yaml", "load_from: []\n")
    missing = tmp_path / "missing.yaml"

    problems = problems_of(empty, warned, missing)
    assert [(problem.code, problem.file) for problem in problems] == [
        ("EMPTY_FILE", str(empty)),
        ("EMPTY_LOAD_FROM", str(warned)),
        ("FILE_NOT_FOUND", str(missing)),
    ]


def test_a_named_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("load_from:\n  - python_file: hello.py\n",), daemon=True)
    writer.start()

    assert [entry.name for entry in read_workspace_files([path], Registry()).entries] == ["hello.py"]
    writer.join(10)


def test_values_without_end_from_the_library_are_refused(tmp_path: Path) -> None:
    endless: dict[str, object] = {}
    endless["python_file"] = endless

    with pytest.raises(WorkspaceFileError, match="nested deeper"):
        read_entries([endless], tmp_path, Registry())


def test_rare_mistakes_in_yaml_are_told_in_the_words_of_the_parser(write: Write) -> None:
    (problem,) = problems_of(write("workspace.yaml", "load_from:\n  - python_file: !team!path hello.py\n"))

    assert (problem.code, problem.line, problem.column) == ("YAML_SYNTAX", 2, 18)
    assert "undefined tag handle" in problem.message
