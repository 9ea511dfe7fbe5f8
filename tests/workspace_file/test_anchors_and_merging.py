"""Aliases and `<<`: their usual meaning, at a bounded cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from skerry.plugin.registry import Registry
from skerry.workspace_file import read_workspace_files

Write = Callable[[str, str], Path]


def options_of(path: Path) -> list[Mapping[str, Any] | None]:
    entries = read_workspace_files([path], Registry()).entries
    return [entry.origin.options if entry.origin else None for entry in entries]


def test_an_alias_repeats_a_value_and_own_keys_win_over_merged_ones(write: Write, tmp_path: Path) -> None:
    path = write(
        "workspace.yaml",
        """
        load_from:
          - python_file: &team
              relative_path: a.py
              executable_path: &python python3.12
              working_directory: src
          - python_file:
              relative_path: b.py
              <<: *team
          - python_file:
              <<: [{attribute: first}, {attribute: second, start: fresh}]
              relative_path: c.py
              executable_path: *python
        """,
    )

    src = str(tmp_path / "src")
    assert options_of(path) == [
        {"relative_path": str(tmp_path / "a.py"), "executable_path": "python3.12", "working_directory": src},
        {"relative_path": str(tmp_path / "b.py"), "executable_path": "python3.12", "working_directory": src},
        {
            "relative_path": str(tmp_path / "c.py"),
            "executable_path": "python3.12",
            "attribute": "first",
            "start": "fresh",
        },
    ]


def test_a_quoted_merge_key_is_a_key_like_any_other(write: Write) -> None:
    path = write("workspace.yaml", 'load_from:\n  - python_file: {relative_path: a.py, "<<": {attribute: one}}\n')
    (problem,) = read_workspace_files([path], Registry()).problems

    assert (problem.code, problem.line, problem.column) == ("UNKNOWN_KEY", 2, 40)


def test_what_is_wrong_in_an_alias_costs_every_entry_that_uses_it(write: Write) -> None:
    path = write(
        "workspace.yaml",
        """
        load_from:
          - python_file: &team {relative_path: a.py, relative_path: b.py}
          - python_file: *team
          - python_file: c.py
        """,
    )

    assert [options is not None for options in options_of(path)] == [False, False, True]


def test_a_wrong_alias_is_shown_where_it_is_used(write: Write) -> None:
    path = write(
        "workspace.yaml",
        "load_from:\n  - python_file: &a {relative_path: a.py}\n  - python_package: {package_name: *a}\n",
    )
    (problem,) = read_workspace_files([path], Registry()).problems

    assert (problem.code, problem.line, problem.column) == ("WRONG_TYPE", 3, 36)


def bomb() -> str:
    return "".join(f"- &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]\n" for n in range(1, 12))


def merge_bomb() -> str:
    keys = ", ".join(f"k{number}: 1" for number in range(2000))
    return f"- &b0 {{{keys}}}\n" + "".join("- {<<: *b0}\n" for _ in range(2000)) + "- &b11 {<<: *b0}\n"


@pytest.mark.parametrize("lines", [f"- &b0 {['x'] * 10}\n{bomb()}", merge_bomb()], ids=["nested", "merged"])
def test_an_alias_bomb_costs_its_entry_and_no_time(lines: str, tmp_path: Path) -> None:
    path = tmp_path / "workspace.yaml"
    path.write_text(f"bomb:\n{lines}load_from:\n- python_file: good.py\n- python_file: *b11\n- *b11\n")

    began = time.process_time()
    description = read_workspace_files([path], Registry())

    # Followed blindly, either of them takes minutes, or all the memory there is.
    assert time.process_time() - began < 10
    assert [entry.origin is not None for entry in description.entries] == [True, False, False]
    codes = [problem.code for problem in description.problems]
    assert codes.count("ALIASES_TOO_LARGE") == 2
    assert all(len(str(problem)) < 1000 for problem in description.problems)


def test_entries_that_are_small_alone_may_be_too_large_together(tmp_path: Path) -> None:
    path = tmp_path / "workspace.yaml"
    big = "x" * 3_000_000
    path.write_text(f"load_from:\n- python_file: &big {big}\n" + "- python_file: *big\n" * 9)

    codes = [problem.code for problem in read_workspace_files([path], Registry()).problems]
    assert codes.count("ALIASES_TOO_LARGE") == 7
