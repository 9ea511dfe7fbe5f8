"""Secrets reach user code, and nothing that is shown or stored."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from skerry import Workspace
from skerry.errors import ErrorKind
from skerry.model import LocationState, State

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

TOKEN = "correct-horse-battery"
PASSWORD = "tr0ub4dor&3"

TELLS = """
    import os
    from skerry import pipeline, repository, solid

    print("token", os.environ["TOKEN"], flush=True)
    print(repr(os.environ["KEY"]), flush=True)

    @solid
    def hello():
        pass

    @pipeline(description="uses " + os.environ["TOKEN"], tags={"password": os.environ["PASSWORD"]})
    def hello_pipeline():
        hello()

    @repository
    def hello_repository():
        return [hello_pipeline]
"""

WORKSPACE = """
    load_from:
      - python_file:
          relative_path: %s
          location_name: team
          env_file: secrets.env
          env:
            TOKEN: ${TOKEN}
            KEY: "${KEY}"
            REGION: eu-west-1
            PYTHONHASHSEED: 7
"""


@pytest.fixture
def secrets(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("KEY", "-----BEGIN-----\nMIIEvQIBADAN\n-----END-----")
    write("secrets.env", f"export PASSWORD='{PASSWORD}' # for the database\nREGION=overridden\n")


def visible(state: LocationState) -> str:
    """Give all that any screen could show of a state."""
    return json.dumps(state.to_json()) + repr(state)


def test_user_code_sees_the_variables_of_its_location(load: Load, write: Write, secrets: None) -> None:
    write(
        "writes.py",
        """
        import json, os, sys
        from pathlib import Path
        from skerry import pipeline, solid

        names = ("TOKEN", "KEY", "PASSWORD", "REGION")
        Path(__file__).with_name("seen.json").write_text(
            json.dumps({**{name: os.environ[name] for name in names}, "seed": sys.flags.hash_randomization})
        )

        @solid
        def hello():
            pass

        @pipeline
        def hello_pipeline():
            hello()
        """,
    )
    workspace = load(WORKSPACE % "writes.py")

    assert workspace.wait(60)
    assert workspace["team"].error is None
    (path,) = workspace.snapshot.workspace
    seen = json.loads(Path(path).with_name("seen.json").read_text())
    assert (seen["TOKEN"], seen["PASSWORD"], seen["REGION"]) == (TOKEN, PASSWORD, "eu-west-1")
    assert seen["KEY"].count("\n") == 2
    assert seen["seed"] == 1, "PYTHONHASHSEED was there when the interpreter started"


def test_a_location_without_env_does_not_see_its_neighbours(load: Load, write: Write, secrets: None) -> None:
    checks = """
        import os
        from skerry import pipeline, solid

        assert "PASSWORD" not in os.environ

        @solid
        def hello():
            pass

        @pipeline
        def hello_pipeline():
            hello()
    """
    write("tells.py", TELLS)
    write("checks.py", checks)
    workspace = load(WORKSPACE % "tells.py" + "      - python_file: checks.py\n")

    assert workspace.wait(60)
    assert [location.state for location in workspace] == [State.READY, State.READY]


def test_secrets_are_masked_in_what_a_location_prints_and_defines(load: Load, write: Write, secrets: None) -> None:
    write("tells.py", TELLS)
    workspace = load(WORKSPACE % "tells.py")

    assert workspace.wait(60)
    location = workspace["team"]
    assert location.output() == "token ***\n'***'\n"
    (pipeline,) = location.repositories[0].pipelines
    assert (pipeline.description, dict(pipeline.tags)) == ("uses ***", {"password": "***"})
    shown = visible(location.snapshot) + location.output()
    assert [one for one in (TOKEN, PASSWORD, "MIIEvQIBADAN") if one in shown] == []


def test_secrets_are_masked_in_an_error(load: Load, write: Write, secrets: None) -> None:
    write(
        "fails.py",
        f"""
        import os

        for line in os.environ["KEY"].splitlines():
            print(">", line)
        try:
            raise ValueError(os.environ["PASSWORD"])
        except ValueError:
            raise RuntimeError("refused: " + os.environ["TOKEN"])  # and not {TOKEN}
        """,
    )
    workspace = load(WORKSPACE % "fails.py")

    assert workspace.wait(60)
    error = workspace["team"].error
    assert error
    assert error.cause
    assert error.message == "RuntimeError: refused: ***"
    assert error.cause.message == "ValueError: ***"
    assert error.frames[-1].source.endswith("# and not ***")
    assert error.output == "> ***\n> ***\n> ***"
    assert [one for one in (TOKEN, PASSWORD, "MIIEvQIBADAN") if one in visible(workspace["team"].snapshot)] == []


def test_a_secret_at_the_edge_of_what_is_kept_is_masked_or_gone(
    load: Load, write: Write, secrets: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "".join(f"{number:04}-" for number in range(400))
    monkeypatch.setenv("TOKEN", long)
    code = """
        import os

        for _ in range(2000):  # twice what is kept
            print("token", os.environ["TOKEN"])
        print("x" * 1900 + os.environ["TOKEN"])
        {last}
    """
    write("prints.py", code.format(last="from skerry import pipeline\n\n        @pipeline\n        def p(): ..."))
    write("fails.py", code.format(last="raise RuntimeError(os.environ['TOKEN'])"))
    fails = WORKSPACE.replace("load_from:", "").replace("team", "failing") % "fails.py"
    workspace = load(WORKSPACE % "prints.py" + fails)

    assert workspace.wait(60)
    output, error = workspace["team"].output(), workspace["failing"].error
    assert error
    assert output.startswith("token ***\ntoken ***\n")
    assert error.output.startswith("token ***\ntoken ***\n")
    assert output.endswith(f"\n{'x' * 1900}***\n")
    assert not re.search(r"\d{4}-", output + visible(workspace["failing"].snapshot))


def test_no_observer_is_told_a_secret(write: Write, secrets: None, nothing_left: None) -> None:
    told: list[str] = []
    write("tells.py", TELLS)
    with Workspace.load(write("workspace.yaml", WORKSPACE % "tells.py")) as workspace:
        workspace.subscribe(lambda name, old, new: told.append(visible(new)))
        assert workspace.wait(60)
    assert told
    assert not [one for one in told if TOKEN in one or PASSWORD in one]


def test_no_secret_stands_on_a_command_line_or_in_the_origin(load: Load, write: Write, secrets: None) -> None:
    write("tells.py", TELLS)
    workspace = load(WORKSPACE % "tells.py")

    assert workspace.wait(60)
    lines = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert lines
    assert not [line for line in lines if TOKEN in line or PASSWORD in line]
    origin = workspace["team"].origin
    assert origin
    stored = json.dumps(origin.to_json())
    assert '"TOKEN": "${TOKEN}"' in stored
    assert not [one for one in (TOKEN, PASSWORD, "MIIEvQIBADAN") if one in stored + repr(origin)]


def test_a_short_secret_and_a_path_from_the_environment_stay_visible(
    load: Load, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODE", str(hello.parent))
    monkeypatch.setenv("PIN", "bin")
    workspace = load(
        """
        load_from:
          - python_file:
              relative_path: ${CODE}/hello.py
              executable_path: ${CODE}/venv/bin/python
              env: {PIN: "${PIN}"}
        """
    )

    assert workspace.wait(60)
    error = workspace["hello.py"].error
    assert error
    assert error.kind is ErrorKind.INTERPRETER_NOT_FOUND
    assert f"{hello.parent}/venv/bin/python" in error.message


def test_an_env_file_that_is_wrong_fails_its_location_with_file_and_line(load: Load, hello: Path, write: Write) -> None:
    path = write("secrets.env", "A=1\nhunter2\n")
    workspace = load("load_from:\n  - python_file: {relative_path: hello.py, env_file: secrets.env}\n")

    assert workspace.wait(60)
    error = workspace["hello.py"].error
    assert error
    assert error.message.startswith(f"{path}:2: This line is not NAME=VALUE.")
    assert "hunter2" not in visible(workspace["hello.py"].snapshot)


def test_inspect_shows_no_secret(write: Write, secrets: None, tmp_path: Path) -> None:
    write("tells.py", TELLS)
    write("workspace.yaml", WORKSPACE % "tells.py")
    commands = (["inspect", "--json"], ["inspect", "team", "--explain"], ["inspect", "team", "-v"])
    for words in commands:
        answer = subprocess.run(
            [sys.executable, "-m", "skerry", *words],
            cwd=tmp_path,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "team" in answer.stdout
        assert not [one for one in (TOKEN, PASSWORD) if one in answer.stdout + answer.stderr]
