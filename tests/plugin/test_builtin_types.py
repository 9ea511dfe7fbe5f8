"""The built-in location types, and the example of a third party's, keep the contract that the kit checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.interpreters import make_environment
from support.pages import ROOT
from support.plugins import install_examples

from skerry.plugin import LoadTarget, LocationError, Origin, PythonEnvironment
from skerry.plugin.registry import Registry
from skerry.testing import RecordingRuntime, check_location_type

Write = Callable[[str, str], Path]

SOURCE = ROOT / "examples" / "plugins" / "skerry_project" / "skerry_project" / "__init__.py"


@pytest.mark.parametrize(
    "options",
    [
        {"relative_path": "hello.py"},
        {"relative_path": "hello.py", "attribute": "hello_repository", "working_directory": ".", "start": "fresh"},
    ],
    ids=["short", "long"],
)
def test_python_file_keeps_the_contract(options: dict[str, str], hello: Path) -> None:
    refused = [{"relative_path": "missing.py"}, {**options, "executable_path": "venvs/missing/bin/python"}]
    check_location_type("python_file", options, folder=hello.parent, refused=refused)


def test_python_module_keeps_the_contract(hello: Path) -> None:
    options = {"module_name": "hello", "working_directory": "."}
    check_location_type("python_module", options, folder=hello.parent, refused=[{"module_name": "no_such_module"}])


def test_python_package_keeps_the_contract(hello: Path, tmp_path: Path) -> None:
    package = tmp_path / "elsewhere" / "hello_package"
    package.mkdir(parents=True)
    hello.rename(package / "__init__.py")
    make_environment(tmp_path / "venv", "3.12", package.parent)
    options = {"package_name": "hello_package", "executable_path": "venv/bin/python"}
    check_location_type("python_package", options, folder=tmp_path, refused=[{"package_name": "hello_package"}])


def test_the_example_keeps_the_contract(hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(install_examples(tmp_path)))
    (tmp_path / "forecasts").mkdir()
    hello.rename(tmp_path / "forecasts" / "repositories.py")
    make_environment(tmp_path / "forecasts" / ".venv", "3.12")
    (tmp_path / "empty").mkdir()
    check_location_type("project", {"folder": "forecasts"}, folder=tmp_path, refused=[{"folder": "empty"}])


def test_python_file_asks_for_a_process_as_its_entry_says(tmp_path: Path) -> None:
    runtime = RecordingRuntime(tmp_path)
    options = {"relative_path": "/srv/sales.py", "attribute": "sales", "working_directory": "/srv", "start": "fresh"}
    Registry().get("python_file").open(Origin("sales", "python_file", options, "/srv"), runtime)
    (spawned,) = runtime.spawned
    assert spawned.target == LoadTarget.file("/srv/sales.py", "sales")
    assert spawned.environment == PythonEnvironment(working_directory="/srv", fresh=True)


def test_the_example_is_shorter_than_60_lines() -> None:
    code = SOURCE.read_text().splitlines()
    assert len([line for line in code if line.strip()]) < 60


def test_the_example_refuses_a_folder_without_environment_before_anything_is_started(tmp_path: Path) -> None:
    namespace: dict[str, object] = {}
    exec(SOURCE.read_text(), namespace)
    (project,) = namespace["skerry_location_types"]()  # type: ignore[operator]
    runtime = RecordingRuntime(tmp_path)
    origin = Origin("empty", "project", {"folder": str(tmp_path), "module": "repositories"}, str(tmp_path))
    with pytest.raises(LocationError, match=r"has no \.venv"):
        project.open(origin, runtime)
    assert runtime.spawned == []
