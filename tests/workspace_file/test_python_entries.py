"""The straight path: what the Python location types make of their entries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry.model import Origin, Severity
from skerry.plugin.registry import Registry
from skerry.workspace_file import Entry, WorkspaceDescription, read_entries, read_workspace_files

Write = Callable[[str, str], Path]


def described(path: Path) -> WorkspaceDescription:
    return read_workspace_files([path], Registry())


def only_entry(path: Path) -> Entry:
    description = described(path)
    assert description.problems == ()
    (entry,) = description.entries
    return entry


def origin(folder: Path, name: str, type_: str, **options: Any) -> Origin:
    return Origin(name, type_, options, str(folder))


def test_short_form_is_a_file_beside_the_workspace_file(write: Write, tmp_path: Path) -> None:
    path = write("workspace.yaml", "load_from:\n  - python_file: hello_world_repository.py\n")
    entry = only_entry(path)

    file = str(tmp_path / "hello_world_repository.py")
    assert entry.origin == origin(tmp_path, "hello_world_repository.py", "python_file", relative_path=file)
    assert entry.origin is not None
    assert entry.origin.startup_timeout == 180
    assert (entry.name, entry.type, entry.file, entry.line) == (
        "hello_world_repository.py",
        "python_file",
        str(path),
        2,
    )
    assert entry.startup_timeout_place == ""


def test_map_form_chooses_a_repository_and_names_the_location_after_it(write: Write, tmp_path: Path) -> None:
    entry = only_entry(
        write(
            "workspace.yaml",
            """
            load_from:
              - python_file:
                  relative_path: hello_world_repository.py
                  attribute: hello_world_repository
            """,
        )
    )

    assert entry.origin == origin(
        tmp_path,
        "hello_world_repository.py:hello_world_repository",
        "python_file",
        relative_path=str(tmp_path / "hello_world_repository.py"),
        attribute="hello_world_repository",
    )


def test_working_directory_is_relative_to_the_workspace_file(write: Write, tmp_path: Path) -> None:
    entry = only_entry(
        write(
            "deep/workspace.yaml",
            """
            load_from:
              - python_file:
                  relative_path: hello_world_repository.py
                  working_directory: my_working_directory/
            """,
        )
    )

    assert entry.origin == origin(
        tmp_path / "deep",
        "hello_world_repository.py",
        "python_file",
        relative_path=str(tmp_path / "deep" / "hello_world_repository.py"),
        working_directory=str(tmp_path / "deep" / "my_working_directory"),
    )


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("python_package: hello_world_package", "hello_world_package", {"package_name": "hello_world_package"}),
        (
            "python_package: {package_name: yourproject.repository, attribute: one}",
            "yourproject.repository:one",
            {"package_name": "yourproject.repository", "attribute": "one"},
        ),
    ],
)
def test_packages_are_named_and_not_found(
    write: Write, tmp_path: Path, text: str, name: str, options: dict[str, str]
) -> None:
    entry = only_entry(write("workspace.yaml", f"load_from:\n  - {text}\n"))

    assert entry.origin == origin(tmp_path, name, "python_package", **options)


def test_two_teams_with_interpreters_and_names_of_their_own(write: Write, tmp_path: Path) -> None:
    description = described(
        write(
            "workspace.yaml",
            """
            load_from:
              - python_package:
                  package_name: dataengineering_spark_repository
                  location_name: dataengineering_spark_team_py_38_virtual_env
                  executable_path: venvs/path/to/dataengineering_spark_team/bin/python
              - python_file:
                  relative_path: path/to/team_repos.py
                  location_name: ml_team_py_36_virtual_env
                  executable_path: venvs/path/to/ml_tensorflow/bin/python
            """,
        )
    )

    assert description.problems == ()
    assert [entry.origin for entry in description.entries] == [
        origin(
            tmp_path,
            "dataengineering_spark_team_py_38_virtual_env",
            "python_package",
            package_name="dataengineering_spark_repository",
            executable_path=str(tmp_path / "venvs/path/to/dataengineering_spark_team/bin/python"),
        ),
        origin(
            tmp_path,
            "ml_team_py_36_virtual_env",
            "python_file",
            relative_path=str(tmp_path / "path/to/team_repos.py"),
            executable_path=str(tmp_path / "venvs/path/to/ml_tensorflow/bin/python"),
        ),
    ]


def test_a_deprecated_type_still_loads_and_warns_where_it_is_used(write: Write, tmp_path: Path) -> None:
    description = described(write("workspace.yaml", "load_from:\n  - python_module: yourproject.repository\n"))

    (entry,) = description.entries
    assert entry.origin == origin(
        tmp_path, "yourproject.repository", "python_module", module_name="yourproject.repository"
    )
    (problem,) = description.problems
    assert entry.problems == (problem,)
    assert (problem.severity, problem.location) == (Severity.WARNING, "yourproject.repository")
    assert (problem.line, problem.column) == (2, 5)


def test_startup_timeout_leaves_the_options_and_keeps_its_place(write: Write) -> None:
    path = write(
        "workspace.yaml",
        "load_from:\n  - python_file:\n      relative_path: slow.py\n      startup_timeout: 600\n",
    )
    entry = only_entry(path)

    assert entry.origin is not None
    assert entry.origin.startup_timeout == 600.0
    assert "startup_timeout" not in entry.origin.options
    assert entry.startup_timeout_place == f"{path}:4:24"


def test_an_interpreter_that_is_a_link_stays_the_link(write: Write, tmp_path: Path) -> None:
    link = tmp_path / "venv" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(sys.executable)
    path = write(
        "workspace.yaml",
        "load_from:\n  - python_file: {relative_path: hello.py, executable_path: venv/bin/python}\n",
    )

    entry_origin = only_entry(path).origin
    assert entry_origin is not None
    assert entry_origin.options["executable_path"] == str(link)


def test_a_workspace_file_that_is_a_link_counts_where_the_link_is(write: Write, tmp_path: Path) -> None:
    real = write("shared/workspace.yaml", "load_from:\n  - python_file: hello.py\n")
    link = tmp_path / "project" / "workspace.yaml"
    link.parent.mkdir()
    link.symlink_to(real)

    entry_origin = only_entry(link).origin
    assert entry_origin is not None
    assert entry_origin.options["relative_path"] == str(tmp_path / "project" / "hello.py")


@pytest.mark.parametrize(
    ("written", "expected"),
    [("python3.12", "python3.12"), ("~/venv/bin/python", "{home}/venv/bin/python"), ("/usr/bin/python3",) * 2],
)
def test_an_interpreter_by_name_or_below_the_home_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = write(
        "workspace.yaml",
        f"load_from:\n  - python_file: {{relative_path: ~/hello.py, executable_path: {written}}}\n",
    )

    entry_origin = only_entry(path).origin
    assert entry_origin is not None
    assert entry_origin.options["executable_path"] == expected.format(home=tmp_path / "home")
    assert entry_origin.options["relative_path"] == str(tmp_path / "home" / "hello.py")


def test_a_relative_workspace_path_gives_absolute_origins(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("project/workspace.yaml", "load_from:\n  - python_file: hello.py\n  - python_file: {}\n")
    monkeypatch.chdir(tmp_path)
    description = described(Path("project/workspace.yaml"))

    good, bad = description.entries
    assert description.paths == (str(tmp_path / "project" / "workspace.yaml"),)
    assert good.origin == origin(
        tmp_path / "project", "hello.py", "python_file", relative_path=str(tmp_path / "project" / "hello.py")
    )
    assert bad.problems[0].place == "project/workspace.yaml:3:18"


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "workspace.yaml"
    path.write_bytes(b"\xef\xbb\xbfload_from:\n  - python_file: hello.py\n")

    assert only_entry(path).name == "hello.py"


@pytest.mark.parametrize(
    "entry",
    [
        {"python_file": "hello.py"},
        {"python_file": {"relative_path": "hello.py", "attribute": "one", "startup_timeout": 5}},
        {"python_package": {"package_name": "yourproject", "location_name": "mine"}},
    ],
)
def test_flags_and_files_make_the_same_origin(write: Write, tmp_path: Path, entry: dict[str, Any]) -> None:
    # JSON is YAML.
    from_file = only_entry(write("workspace.yaml", f"load_from: [{entry!s}]\n".replace("'", '"')))
    from_flags = read_entries([entry], tmp_path, Registry())

    assert from_flags.problems == ()
    assert from_flags.paths == ()
    assert [one.origin for one in from_flags.entries] == [from_file.origin]
    assert from_flags.entries[0].line is None


def test_wrong_flags_are_told_without_a_line(tmp_path: Path) -> None:
    description = read_entries(
        [
            {"python_file": {"relative_path": "a.py", "atribute": "one"}},
            {"python_file": {"relative_path": Path("a.py")}},
            {"python_file": "b.py"},
            {"python_file": "b.py"},
            {"python_file": {"relative_path": "c.py", "location_name": "a\nb"}},
        ],
        tmp_path,
        Registry(),
    )

    assert [(problem.code, problem.location, problem.place) for problem in description.problems] == [
        ("UNKNOWN_KEY", "load_from[0]", "command line"),
        ("NOT_JSON", "load_from[1]", "command line"),
        ("DUPLICATE_LOCATION_NAME", "load_from[3]", "command line"),
        ("CONTROL_CHARACTER", "load_from[4]", "command line"),
    ]
    assert "load_from[2]" in description.problems[2].message
    assert [entry.name for entry in description.entries if entry.origin] == ["b.py"]
