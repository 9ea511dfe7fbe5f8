"""``skerry reload``: the code servers of others load their code again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import skerry
from support.servers import Server, serving


@pytest.fixture
def served(hello: Path) -> Iterator[Server]:
    with serving(hello.parent, "-f", "hello.py") as server:
        server.wait_for("READY")
        yield server


@pytest.fixture
def folder(hello: Path, served: Server, write: Callable[[str, str], Path]) -> Path:
    write(
        "workspace.yaml",
        f"""
        load_from:
          - grpc_server: {{port: {served.port}, location_name: remote}}
          - python_file: {{relative_path: hello.py, location_name: local}}
        """,
    )
    return hello.parent


def test_the_server_serves_the_new_code_and_the_change_is_told(folder: Path, hello: Path, served: Server) -> None:
    hello.write_text(hello.read_text().replace("hello_pipeline", "renamed"))
    result = skerry(folder, "reload")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "remote  generation 1 -> 2",
        "  + pipeline renamed in hello_repository",
        "  - pipeline hello_pipeline in hello_repository",
    ]
    served.wait_for("generation 2 of hello.py is READY")
    again = skerry(folder, "reload", "remote")
    assert again.stdout == "remote  generation 2 -> 3, the same definitions\n"


def test_a_failure_is_told_and_the_last_good_code_goes_on(folder: Path, hello: Path) -> None:
    hello.write_text("1 / 0\n")
    result = skerry(folder, "reload", "remote")
    assert result.returncode == 1
    first, *rest = result.stdout.splitlines()
    assert first == "remote  failed, generation 1 goes on"
    assert "ZeroDivisionError: division by zero" in "\n".join(rest)
    (location,) = json.loads(skerry(folder, "inspect", "--json", "remote").stdout)["locations"]
    assert (location["state"], location["stale"], location["server"]["generation"]) == ("READY", True, 1)


def test_a_location_that_nobody_serves_is_refused_alone(folder: Path) -> None:
    result = skerry(folder, "reload", "local", "remote")
    assert result.returncode == 1
    assert "local   failed" in result.stdout
    assert "No code server of others serves 'local'" in result.stdout
    assert "remote  generation 1 -> 2" in result.stdout


def test_json_is_a_list_of_results(folder: Path, hello: Path) -> None:
    hello.write_text(hello.read_text().replace("hello_pipeline", "renamed"))
    result = skerry(folder, "reload", "--json")
    assert json.loads(result.stdout) == [
        {
            "location": "remote",
            "old_generation": 1,
            "new_generation": 2,
            "error": None,
            "changes": {
                "added": [{"type": "pipeline", "repository": "hello_repository", "name": "renamed"}],
                "removed": [{"type": "pipeline", "repository": "hello_repository", "name": "hello_pipeline"}],
                "changed": [],
            },
        }
    ]


def test_a_server_that_is_gone_is_told(folder: Path, served: Server) -> None:
    served.end()
    result = skerry(folder, "reload")
    assert result.returncode == 1
    assert "cannot be reached" in result.stdout


def test_a_name_that_is_none_and_a_workspace_that_nobody_serves_are_wrong_command_lines(folder: Path) -> None:
    unknown = skerry(folder, "reload", "remot")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "No location is called 'remot'" in unknown.stderr
    assert "Did you mean 'remote'?" in unknown.stderr
    (folder / "alone.yaml").write_text("load_from: [python_file: hello.py]")
    nobody = skerry(folder, "reload", "-w", "alone.yaml")
    assert nobody.returncode == 2
    assert "there is nothing to reload" in nobody.stderr
    missing = skerry(folder, "reload", "-w", "missing.yaml")
    assert missing.returncode == 2
    assert "missing.yaml" in missing.stderr
