"""docs/migrating.md: files of Dagster's parse as they are, and each difference that the page lists is there."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import skerry
from support.other_servers import code_server
from support.pages import headings, read, section
from support.servers import serving, start_server
from support.waiting import wait_until

from skerry import Location, Workspace
from skerry.errors import ErrorKind
from skerry.model import ErrorInfo, Severity, State
from skerry.plugin.registry import Registry
from skerry.workspace_file import Code, read_workspace_files

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

DEFINITION = """
from skerry import pipeline, solid

@solid
def hello():
    pass

@pipeline
def hello_pipeline():
    hello()
"""

DAGSTER_FILES = [
    "load_from:\n- python_file: repo.py\n- python_package: acme\n- python_module: acme.repo\n",
    """
    load_from:
      - python_file:
          relative_path: repo.py
          attribute: repo
          working_directory: src
          executable_path: venv/bin/python
          location_name: one
      - python_package:
          package_name: acme
          attribute: repo
          working_directory: src
          executable_path: venv/bin/python
          location_name: two
      - python_module:
          module_name: acme
          attribute: repo
          working_directory: src
          executable_path: venv/bin/python
          location_name: three
    """,
    """
    load_from:
      - python_file:
          relative_path: {env: REPOSITORY_FILE}
          attribute: {env: REPOSITORY}
          location_name:
            env: TEAM
    """,
    """
    load_from:
      - grpc_server:
          host: localhost
          port: 4266
          location_name: "my_grpc_server"
      - grpc_server:
          host: sales.example.com
          port: {env: SALES_PORT}
          ssl: true
      - grpc_server:
          host: localhost
          socket: /run/dagster.sock
    """,
]


@pytest.mark.parametrize("text", DAGSTER_FILES, ids=["short", "every key", "env", "grpc_server"])
def test_a_workspace_file_of_dagster_parses_as_it_is(text: str, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"REPOSITORY_FILE": "repo.py", "REPOSITORY": "repo", "TEAM": "sales", "SALES_PORT": "4266"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    description = read_workspace_files([write("workspace.yaml", text)], Registry())

    assert [problem for problem in description.problems if problem.severity is Severity.ERROR] == []
    assert all(entry.origin for entry in description.entries)


def error_of(workspace: Workspace, name: str) -> ErrorInfo:
    assert workspace.wait(60)
    error = workspace[name].error
    assert error, "it loads"
    return error


def loads(workspace: Workspace) -> None:
    assert workspace.wait(60)
    assert {location.name: location.error for location in workspace if location.error} == {}


def test_python_file_puts_no_folder_on_sys_path(load: Load, write: Write) -> None:
    write("team/neighbour.py", "")
    write("team/repository.py", f"import neighbour\n{DEFINITION}")

    workspace = load("load_from:\n  - python_file: team/repository.py\n")

    assert "working_directory: team" in error_of(workspace, "repository.py").message
    loads(load("load_from:\n  - python_file: {relative_path: team/repository.py, working_directory: team}\n"))


def test_the_current_folder_is_the_workspace_files(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    write("team.py", f"import os\nassert os.getcwd() == os.path.dirname(os.path.realpath(__file__))\n{DEFINITION}")

    loads(load("load_from:\n  - python_file: team.py\n"))


def test_python_module_does_not_search_the_current_folder(load: Load, write: Write) -> None:
    write("beside_module.py", DEFINITION)

    workspace = load("load_from:\n  - python_module: beside_module\n")

    assert error_of(workspace, "beside_module").kind is ErrorKind.MODULE_NOT_FOUND
    loads(load("load_from:\n  - python_module: {module_name: beside_module, working_directory: .}\n"))


def test_python_package_never_loads_from_the_current_folder(load: Load, write: Write) -> None:
    write("beside_package/__init__.py", DEFINITION)

    workspace = load("load_from:\n  - python_package: beside_package\n")

    assert error_of(workspace, "beside_package").kind is ErrorKind.MODULE_NOT_FOUND
    loads(load("load_from:\n  - python_package: {package_name: beside_package, working_directory: .}\n"))


def test_a_python_file_has_a_private_module_name(load: Load, write: Write) -> None:
    write("queue.py", f"import queue\nassert __name__ == 'skerry_user_code.queue'\nqueue.SimpleQueue\n{DEFINITION}")

    loads(load("load_from:\n  - python_file: queue.py\n"))


def test_pythonpath_is_not_inherited_with_executable_path(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("shared/on_the_pythonpath.py", "")
    write("team.py", f"import on_the_pythonpath\n{DEFINITION}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shared"))

    workspace = load(
        f"""
        load_from:
          - python_file: team.py
          - python_file: {{relative_path: team.py, location_name: other, executable_path: {sys.executable}}}
        """
    )

    assert error_of(workspace, "other").kind is ErrorKind.MISSING_IMPORT
    assert workspace["team.py"].state is State.READY


def test_executable_path_starts_from_the_workspace_file(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "python").symlink_to(sys.executable)
    write("team.py", DEFINITION)

    loads(load("load_from:\n  - python_file: {relative_path: team.py, executable_path: ./python}\n"))


def test_references_are_shell_like_beside_env(load: Load, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", "sales")
    write("sales.py", DEFINITION)
    write("${TEAM}.py", DEFINITION)

    workspace = load("load_from:\n  - python_file: ${TEAM}.py\n  - python_file: $${TEAM}.py\n")

    loads(workspace)
    assert [location.name for location in workspace] == ["sales.py", "${TEAM}.py"]


def test_an_unset_variable_costs_its_entry_alone(load: Load, hello: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEAM_FILE", raising=False)

    workspace = load("load_from:\n  - python_file: {relative_path: {env: TEAM_FILE}}\n  - python_file: hello.py\n")

    assert error_of(workspace, "load_from[0]").kind is ErrorKind.INVALID_ENTRY
    assert [(problem.code, problem.line, problem.column) for problem in workspace.problems] == [
        (Code.UNSET_VARIABLE, 2, 34)
    ]
    assert workspace["hello.py"].state is State.READY


def test_a_env_file_is_not_read(load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(".env", "SKERRY_EXAMPLE_REGION=north\n")
    write("without.py", f"import os\nassert 'SKERRY_EXAMPLE_REGION' not in os.environ\n{DEFINITION}")
    write("named.py", f"import os\nassert os.environ['SKERRY_EXAMPLE_REGION'] == 'north'\n{DEFINITION}")

    loads(load("load_from:\n  - python_file: without.py\n  - python_file: {relative_path: named.py, env_file: .env}\n"))


def test_unknown_keys_are_errors(load: Load, hello: Path) -> None:
    workspace = load("load_from:\n  - python_file: {relative_path: hello.py, atribute: hello}\n")

    assert "Did you mean `attribute`?" in error_of(workspace, "load_from[0]").message


def test_location_names_are_unique(load: Load, hello: Path) -> None:
    workspace = load("load_from:\n  - python_file: hello.py\n  - python_file: hello.py\n")

    assert "'hello.py' is taken by the entry on line 2" in error_of(workspace, "load_from[1]").message
    assert workspace["hello.py"].state is State.READY


def remote(load: Load, port: int) -> Location:
    location = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
    assert location.wait(60)
    return location


def test_a_code_server_answers_its_own_machine_only(hello: Path) -> None:
    # That others are refused is tested from another network; here is what the server says that it does.
    with serving(hello.parent, "--python-file", "hello.py", "--host", "0.0.0.0") as server:
        server.wait_for("protected mode: only clients on this machine are served")
    with serving(hello.parent, "--python-file", "hello.py", "--insecure") as server:
        server.wait_for("--insecure: everybody who reaches")
        assert "protected mode" not in server.log


def test_a_code_server_of_dagsters_is_not_reached(load: Load) -> None:
    with code_server("1.0", service="api.DagsterApi") as port:
        error = remote(load, port).error
    assert error is not None
    assert error.kind is ErrorKind.WRONG_SERVER


def test_a_code_server_comes_up_with_broken_code(load: Load, write: Write) -> None:
    folder = write("team.py", "1 / 0").parent
    with serving(folder, "--python-file", "team.py") as server:
        location = remote(load, server.port)
        assert location.state is State.FAILED
        assert location.error is not None
        assert location.error.message == "ZeroDivisionError: division by zero"

        def probe(*options: str) -> str:
            return skerry(folder, "api", "grpc-health-check", "--port", str(server.port), *options).stdout

        assert (probe(), probe("--service", "code")) == ("SERVING\n", "NOT_SERVING\n")
        write("team.py", DEFINITION)
        server.signal(signal.SIGHUP)
        wait_until(lambda: location.state is State.READY, what="READY")
        assert probe("--service", "code") == "SERVING\n"


def test_skerry_api_grpc_searches_no_current_folder(load: Load, write: Write) -> None:
    write("neighbour.py", "")
    folder = write("team.py", f"import neighbour\n{DEFINITION}").parent
    for target, kind in (("--python-file", ErrorKind.MISSING_IMPORT), ("--module-name", ErrorKind.MODULE_NOT_FOUND)):
        name = "team.py" if target == "--python-file" else "team"
        with serving(folder, target, name) as server:
            error = remote(load, server.port).error
            assert error is not None
            assert error.kind is kind
        with serving(folder, target, name, "--working-directory", ".") as server:
            assert remote(load, server.port).error is None


def test__h_is_the_help(tmp_path: Path) -> None:
    assert skerry(tmp_path, "api", "grpc", "-h").stdout.startswith("Usage: skerry api grpc")


def test_options_of_the_server_that_are_gone(tmp_path: Path) -> None:
    told = section(read("docs/migrating.md"), "### Options of the server that are gone")
    options = re.findall(r"`(--[\w-]+)`", told)
    assert len(options) == 9
    for option in options:
        answer = skerry(tmp_path, "api", "grpc", option)
        assert answer.returncode == 2
        assert re.search(rf"No such option:? '?{option}\b", answer.stderr)


def test_the_variables_of_the_server_have_other_names(hello: Path) -> None:
    server = start_server(hello.parent, SKERRY_API_GRPC_PYTHON_FILE="hello.py", SKERRY_API_GRPC_PORT="0")
    try:
        server.wait_for("serving ")
    finally:
        server.end()
    old = {"DAGSTER_CLI_API_GRPC_PYTHON_FILE": "hello.py", "DAGSTER_CLI_API_GRPC_PORT": "0"}
    assert skerry(hello.parent, "api", "grpc", **old).returncode == 2


def test_every_difference_on_the_page_has_its_test() -> None:
    listed = headings(section(read("docs/migrating.md"), "## What is different"), 3)
    names = ["test_" + re.sub(r"\W+", "_", heading.replace("'", "").lower()) for heading in listed]
    assert [name for name in names if name not in globals()] == []
