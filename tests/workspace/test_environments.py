"""The environment that an entry means: interpreter, variables, sys.path; with and without a skerry in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.interpreters import VERSIONS, find_interpreter, interpreter, make_environment

from skerry import ErrorKind, State, Workspace
from skerry.plugin.runtime import PythonEnvironment

Write = Callable[[str, str], Path]
Load = Callable[[str], Workspace]

CHILDREN = Path(__file__).parent.parent / "children"
CORE = Path(__file__).parents[2] / "core"


def tells(load: Load, options: str) -> dict[str, Any]:
    """Load the child that prints its environment, with these options, and read what it printed."""
    workspace = load(f"""
        load_from:
          - python_file:
              relative_path: {CHILDREN / "tells_its_environment.py"}
              location_name: tells
              {options}
    """)
    assert workspace.wait(60)
    assert workspace["tells"].state is State.READY, workspace["tells"].error
    told: dict[str, Any] = json.loads(workspace["tells"].output())
    return told


@pytest.mark.parametrize("start", ["fork", "fresh"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_environment_without_skerry_loads(version: str, start: str, load: Load, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment", version)
    workspace = load(f"""
        load_from:
          - python_file:
              relative_path: {CHILDREN / "good.py"}
              location_name: good
              executable_path: {python}
              start: {start}
    """)
    assert workspace.wait(60)
    location = workspace["good"]
    assert location.state is State.READY, location.error
    assert location.server is not None
    assert location.server.python.startswith(version + ".")
    assert location.server.executable == str(python)
    assert [pipeline.name for pipeline in location.repositories[0].pipelines] == ["works"]


@pytest.mark.parametrize("start", ["fork", "fresh"])
@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_user_code_may_use_processes_and_threads_of_its_own(
    version: str, start: str, load: Load, tmp_path: Path
) -> None:
    python = make_environment(tmp_path / "environment", version)
    workspace = load(f"""
        load_from:
          - python_file:
              relative_path: {CHILDREN / "uses_pools.py"}
              executable_path: {python}
              start: {start}
    """)
    assert workspace.wait(90)
    location = workspace["uses_pools.py"]
    assert location.state is State.READY, location.error
    results = [line for line in location.output().splitlines() if line.startswith("result")]
    methods = ("fork", "spawn", "forkserver")
    assert results == [*(f"result {method} [4, 9, 16]" for method in methods), "result thread"]


def test_what_user_code_finds_in_a_pool_is_the_standard_library(load: Load, write: Write) -> None:
    code = (CHILDREN / "uses_pools.py").read_text()
    write("queue.py", code + "\nimport queue\nassert queue.LifoQueue\nprint(__name__)\n")
    workspace = load("load_from: [{python_file: queue.py}]")
    assert workspace.wait(90)
    assert workspace["queue.py"].state is State.READY, workspace["queue.py"].error


@pytest.mark.parametrize("start", ["fork", "fresh"])
def test_nothing_but_the_standard_library_and_the_pure_rooms_enters(start: str, load: Load, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment", "3.11")
    bare = subprocess.run(
        [python, "-c", "import sys; print(*sys.stdlib_module_names)"], capture_output=True, text=True, check=True
    )
    standard = {*bare.stdout.split(), "__main__", "skerry_user_code"}
    modules = tells(load, f"executable_path: {python}\n              start: {start}")["modules"]
    ours = {name for name in modules if name.split(".")[0] == "skerry"}
    assert {name.split(".")[0] for name in modules} - standard == {"skerry"}
    rooms = {name.split(".")[1] for name in ours if "." in name}
    assert rooms == {"definitions", "forking", "lazily", "errors", "model", "pipe", "user_process"}


def test_importing_starts_no_asyncio_no_ssl_and_no_logging_of_ours(load: Load) -> None:
    modules = tells(load, "start: fresh")["modules"]
    assert not {"asyncio", "ssl", "logging", "multiprocessing", "subprocess"} & set(modules)


def test_a_virtual_environment_is_entered_as_activating_it_would(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = make_environment(tmp_path / "environment", "3.11")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "of the host"))
    monkeypatch.setenv("PYTHONHOME", sys.base_prefix)
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    told = tells(load, f"executable_path: {python}")
    assert told["executable"] == str(python)
    assert told["prefix"] == str(tmp_path / "environment")
    assert told["variables"]["VIRTUAL_ENV"] == str(tmp_path / "environment")
    assert told["variables"]["PATH"].split(":")[0] == str(python.parent)
    assert told["which"] == str(python)
    assert not {"PYTHONPATH", "PYTHONHOME"} & set(told["variables"])
    site_packages = [entry for entry in told["path"] if "site-packages" in entry]
    assert all(entry.startswith(str(tmp_path)) for entry in site_packages)


def test_without_an_interpreter_the_hosts_pythonpath_is_inherited(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "of the host"))
    assert str(tmp_path / "of the host") in tells(load, "")["path"]


def test_frames_in_installed_packages_are_not_the_users(load: Load, write: Write, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment", "3.11")
    site_packages = next((tmp_path / "environment").glob("lib/python*/site-packages"))
    (site_packages / "library.py").write_text("def call(function):\n    function()\n")
    write("code.py", "import json\nimport library\nlibrary.call(lambda: json.loads('{'))\n")
    workspace = load(f"load_from: [{{python_file: {{relative_path: code.py, executable_path: {python}}}}}]")
    assert workspace.wait(30)
    error = workspace["code.py"].error
    assert error is not None
    files = [(Path(frame.file).name, frame.user) for frame in error.frames]
    assert files[:3] == [("code.py", True), ("library.py", False), ("code.py", True)]
    assert {user for _, user in files[3:]} == {False}


def test_an_interpreter_without_a_slash_is_looked_up_on_path(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "team-python").symlink_to(interpreter("3.11"))
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert tells(load, "executable_path: team-python")["executable"] == str(folder / "team-python")


def test_a_python_file_runs_in_the_workspace_files_folder_with_nothing_on_the_path(load: Load, tmp_path: Path) -> None:
    told = tells(load, "")
    assert told["cwd"] == str(tmp_path)
    assert not {"", str(tmp_path), str(CHILDREN)} & set(told["path"])
    assert told["argv"] == [str(CHILDREN / "tells_its_environment.py")]


def test_a_working_directory_is_the_current_folder_and_leads_the_path(load: Load, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    told = tells(load, "working_directory: work/")
    assert told["cwd"] == str(tmp_path / "work")
    assert told["path"][0] == str(tmp_path / "work")


def test_files_in_the_current_folder_cannot_replace_what_the_process_needs(load: Load, write: Write) -> None:
    for name in ("json.py", "runpy.py", "skerry.py", "socket.py"):
        write(name, "raise SystemExit('taken over')")
    code = write("code.py", (CHILDREN / "good.py").read_text())
    workspace = load(f"load_from: [{{python_file: {{relative_path: {code.name}, working_directory: .}}}}]")
    assert workspace.wait(30)
    assert workspace["code.py"].state is State.READY, workspace["code.py"].error


def test_a_compatible_skerry_in_the_environment_is_used(load: Load, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(CORE / "skerry", installed / "skerry")
    init = installed / "skerry" / "__init__.py"
    init.write_text(init.read_text().replace('__version__ = "', '__version__ = "0.0.9+'))
    python = make_environment(tmp_path / "environment", "3.11", installed)
    workspace = load(f"""
        load_from:
          - python_file: {{relative_path: {CHILDREN / "good.py"}, executable_path: {python}}}
    """)
    assert workspace.wait(30)
    server = workspace["good.py"].server
    assert server is not None, workspace["good.py"].error
    assert server.skerry.startswith("0.0.9+")


@pytest.mark.parametrize("change", ["protocol", "other package"])
def test_an_incompatible_skerry_in_the_environment_is_one_sentence(change: str, load: Load, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    if change == "protocol":
        shutil.copytree(CORE / "skerry", installed / "skerry")
        pipe = installed / "skerry" / "pipe.py"
        pipe.write_text(pipe.read_text().replace("PROTOCOL = 1", "PROTOCOL = 99"))
    else:
        (installed / "skerry").mkdir(parents=True)
        (installed / "skerry" / "__init__.py").write_text("__version__ = '7.0'")
    python = make_environment(tmp_path / "environment", "3.11", installed)
    workspace = load(f"""
        load_from:
          - python_file: {{relative_path: {CHILDREN / "good.py"}, executable_path: {python}}}
    """)
    assert workspace.wait(30)
    error = workspace["good.py"].error
    assert error is not None
    assert error.kind is ErrorKind.INCOMPATIBLE_SKERRY
    assert f"`{python} -m pip install skerry==" in error.message


def interpreter_error(load: Load, executable: str | Path) -> tuple[ErrorKind, str]:
    workspace = load(f"""
        load_from:
          - python_file: {{relative_path: {CHILDREN / "good.py"}, executable_path: {executable}}}
    """)
    assert workspace.wait(30)
    error = workspace["good.py"].error
    assert error is not None
    assert str(executable) in error.message
    return error.kind, error.message


def test_an_interpreter_that_does_not_exist(load: Load) -> None:
    assert interpreter_error(load, "/no/such/python")[0] is ErrorKind.INTERPRETER_NOT_FOUND
    assert interpreter_error(load, "no-such-python")[0] is ErrorKind.INTERPRETER_NOT_FOUND


def test_what_is_not_an_interpreter(load: Load, write: Write, tmp_path: Path) -> None:
    text = write("text", "no program")
    broken = tmp_path / "broken"
    broken.symlink_to("/no/such/python")
    script = write("script", "#!/no/such/interpreter\n")
    script.chmod(0o755)
    program = write("program", "#!/bin/sh\necho 'not a python' >&2; exit 7\n")
    program.chmod(0o755)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x7fELF nothing")
    binary.chmod(0o755)
    reasons = {
        text: "it is not executable",
        tmp_path: "it is a folder",
        broken: "it is a link to /no/such/python, which does not exist",
        script: "its first line names does not exist",
        program: "exit code 7, and said: not a python",
        binary: "it cannot be executed",
    }
    for executable, reason in reasons.items():
        kind, message = interpreter_error(load, executable)
        assert kind is ErrorKind.INTERPRETER_NOT_PYTHON
        assert reason in message


def test_a_program_that_never_answers_is_given_up(load: Load, write: Write) -> None:
    program = write("program", "#!/bin/sh\nexec sleep 3600\n")
    program.chmod(0o755)
    workspace = load(f"""
        load_from:
          - python_file:
              relative_path: {CHILDREN / "good.py"}
              executable_path: {program}
              startup_timeout: 0.5
    """)
    assert workspace.wait(30)
    error = workspace["good.py"].error
    assert error is not None
    assert error.kind is ErrorKind.INTERPRETER_NOT_PYTHON
    assert "it did not answer within 0.5 s" in error.message


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7"])
def test_an_interpreter_that_is_too_old_says_so(version: str, load: Load) -> None:
    found = find_interpreter(version)
    if found is None:
        pytest.skip(f"Python {version} is not on this machine")
    kind, message = interpreter_error(load, found)
    assert kind is ErrorKind.INTERPRETER_TOO_OLD
    assert f"is Python {version}." in message


def test_variables_of_an_environment_reach_the_process(nothing_left: None, tmp_path: Path) -> None:
    from skerry.code_server.interpreter import resolve

    environment = PythonEnvironment(env={"PYTHONHASHSEED": "7", "TEAM": "blue"})
    first, later = resolve(environment, os.environ)
    assert later == {"TEAM": "blue"}
    assert first.key != resolve(PythonEnvironment(), os.environ)[0].key
    assert first.key == resolve(PythonEnvironment(env={"PYTHONHASHSEED": "7"}), os.environ)[0].key
