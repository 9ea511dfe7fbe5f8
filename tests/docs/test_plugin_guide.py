"""docs/plugin-guide.md: every hook and every public method, with its exact signature, and no other."""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.pages import ROOT, blocks, headings, read, section, table
from support.plugins import install, install_launcher
from support.runs import config, only
from support.servers import serving
from support.waiting import wait_until

from skerry import RunStatus, State, Workspace, plugin
from skerry.plugin import (
    LocationError,
    LocationType,
    Origin,
    PythonEnvironment,
    ReloadResult,
    RunLaunch,
    RunLauncher,
    ServerStatus,
    Tls,
    hooks,
)
from skerry.testing import Clause, RecordingRuntime, check_location_type, recording

PAGE = read("docs/plugin-guide.md")

#: Classes of which an author calls or writes methods.
WITH_METHODS = (
    *("LocationType", "EntryContext", "Runtime", "LoadTarget", "PythonEnvironment", "CodeServer", "RunReport"),
    "RunLauncher",
)


def _signature(name: str, function: Callable[..., Any]) -> str:
    return f"{name}{inspect.signature(function)}".replace("'", "")


def _function(value: Any) -> Any:
    """Give what is behind a class method, or a property that an author reads."""
    is_told = isinstance(value, property) and getattr(value, "__isabstractmethod__", False)
    return value.fget if is_told else getattr(value, "__func__", value)


def _methods(cls: type) -> list[str]:
    functions = {name: _function(value) for name, value in vars(cls).items() if name[0] != "_"}
    return [_signature(name, value) for name, value in functions.items() if inspect.isfunction(value)]


@pytest.mark.parametrize("name", WITH_METHODS)
def test_every_method_stands_below_its_class_with_its_signature(name: str) -> None:
    methods = _methods(getattr(plugin, name))
    assert methods
    assert headings(section(PAGE, f"## {name}"), 3) == methods


def test_every_hook_has_its_signature() -> None:
    specifications = [(name, value) for name, value in vars(hooks).items() if name.startswith("skerry_")]
    assert headings(section(PAGE, "## Hooks"), 3) == [_signature(name, value) for name, value in specifications]


def _parts() -> list[tuple[str, str]]:
    """Give every method and hook of the page with what stands below it."""
    chapters = [section(PAGE, f"## {name}") for name in (*WITH_METHODS, "Hooks")]
    return [(name, section(one, f"### `{name}`")) for one in chapters for name in headings(one, 3)]


@pytest.mark.parametrize(("name", "text"), _parts(), ids=lambda part: part.partition("(")[0] if "(" in part else "")
def test_it_is_said_who_calls_when_and_in_which_thread_and_what_may_be_raised(name: str, text: str) -> None:
    by_author = "You call it, in `" in text
    by_core = re.search(r"Called (once|by|after).*\bthread", text, re.DOTALL) or "Nobody calls it yet" in text
    assert by_author or by_core, text
    assert re.search(r"\b([Rr]aises?|exception)\b", text), text


def test_every_attribute_of_a_location_type_is_named() -> None:
    assert [row[0].strip("`") for row in table(section(PAGE, "## LocationType"))] == list(LocationType.__annotations__)


def test_every_attribute_of_a_run_launcher_is_named() -> None:
    assert [row[0].strip("`") for row in table(section(PAGE, "## RunLauncher"))] == list(RunLauncher.__annotations__)


def test_every_field_of_a_launch_is_named() -> None:
    named = [row[0].strip("`") for row in table(section(PAGE, "## Run launchers"))]
    assert named == [field.name for field in fields(RunLaunch)]


@pytest.mark.parametrize("record", [Origin, Tls, PythonEnvironment, ServerStatus, ReloadResult])
def test_every_field_of_a_record_is_named(record: Any) -> None:
    named = [row[0].strip("`") for row in table(section(PAGE, f"## {record.__name__}"))]
    assert named == [field.name for field in fields(record)]


@pytest.mark.parametrize("name", [name for name in plugin.__all__ if name[0].isupper()])
def test_everything_that_an_author_imports_is_mentioned(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)


def test_the_version_of_the_api_is_the_one_that_is_told() -> None:
    told = re.search(
        r"`skerry\.plugin\.API_VERSION` is an `int`, now (\d+)\.", section(PAGE, "## How this API evolves")
    )
    assert told
    assert int(told[1]) == plugin.API_VERSION


def test_every_clause_of_the_kit_is_told_in_its_order() -> None:
    assert [row[0].strip("`") for row in table(PAGE[PAGE.index("<!-- clauses -->") :])] == list(Clause)


def test_the_walk_through_shows_the_example_as_it_is() -> None:
    shown = re.findall(r"^<!-- source: (\S+) -->\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(shown) == 4
    for path, text in shown:
        assert text in (ROOT / path).read_text()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in which the types of the page are installed."""
    folder = tmp_path / "site"
    for name in ("team_server", "niced"):
        (code,) = (block.text for block in blocks(PAGE, "python") if block.file == f"elsewhere/{name}.py")
        install(folder, name, code)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_the_type_that_connects_reaches_the_server_of_its_inventory(
    site: Path, hello: Path, load: Callable[[str], Workspace]
) -> None:
    folder = hello.parent
    (folder / "token").write_text("sesame\n")
    with serving(folder, "--python-file", "hello.py", "--token-file", "token") as server:
        (folder / "servers.json").write_text(json.dumps({"sales": {"address": f"localhost:{server.port}"}}))
        workspace = load("load_from: [{team_server: {team: sales, token: sesame}}, {team_server: billing}]")
        assert workspace.wait(60)
        sales, billing = workspace.locations
        assert sales.state is State.READY, sales.error
        assert sales.server is not None
        assert sales.server.address == f"localhost:{server.port}"
        assert billing.error is not None
        assert billing.error.message == "servers.json has no server of 'billing'.\nAdd it."
        assert sales.reload().new_generation == 2


def test_the_type_that_spawns_keeps_the_contract(site: Path, hello: Path) -> None:
    check_location_type("niced", {"file": "hello.py"}, folder=hello.parent, refused=[{"file": "missing.py"}])


def test_the_type_that_spawns_serves_with_low_priority_and_again_beside_the_old(
    site: Path, hello: Path, load: Callable[[str], Workspace]
) -> None:
    location = load("load_from: [niced: hello.py]")["hello.py"]
    assert location.wait(60)
    assert location.state is State.READY, location.error
    first = location.server
    assert first is not None
    assert first.pid is not None
    assert psutil.Process(first.pid).nice() == psutil.Process().nice() + 10
    assert location.reload().error is None
    assert location.server is not None
    assert location.server.address != first.address


@pytest.fixture
def by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[[str], Workspace]) -> Workspace:
    """Give a workspace of one location whose runs are launched by the launcher of the page."""
    (code,) = (block.text for block in blocks(PAGE, "python") if block.file == "elsewhere/command_launcher.py")
    install_launcher(tmp_path / "site", "command", code, "CommandLauncher")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    (tmp_path / "niced.py").write_text(NICED)
    return load("{load_from: [python_file: niced.py], run_launcher: {command: {before: [nice, -n, '5']}}}")


NICED = """
import os, time
from pathlib import Path
from skerry import pipeline, solid

@solid(config_schema={"type": "object"})
def work(context):
    print("niceness", os.nice(0))
    if context.solid_config:
        try:
            Path(context.solid_config["sleep"]).touch()
            time.sleep(60)
        finally:
            Path(context.solid_config["sleep"]).unlink()

@pipeline
def niced():
    work()
"""


def test_the_launcher_of_commands_executes_a_run_and_brings_what_it_prints(
    by_command: Workspace, tmp_path: Path
) -> None:
    run = only(by_command).launch("niced")
    assert run.wait(60).status is RunStatus.SUCCEEDED
    assert run.run.launcher == "command"
    assert run.output() == f"niceness {os.nice(0) + 5}\n"
    assert [event.sequence for event in run.events()] == [*range(1, run.run.sequence + 1)]
    wait_until(lambda: not list(tmp_path.rglob("command.log")), what="the removal of its own file")


def test_the_launcher_of_commands_cancels_a_run(by_command: Workspace, tmp_path: Path) -> None:
    run = only(by_command).launch("niced", run_config=config("work", sleep=str(tmp_path / "asleep")))
    wait_until((tmp_path / "asleep").exists, what="its sleep", seconds=60)
    run.cancel()
    assert run.wait(60).status is RunStatus.CANCELED
    assert not (tmp_path / "asleep").exists()


def test_the_launcher_of_commands_ends_its_runs_with_the_workspace(by_command: Workspace, tmp_path: Path) -> None:
    run = only(by_command).launch("niced", run_config=config("work", sleep=str(tmp_path / "asleep")))
    wait_until((tmp_path / "asleep").exists, what="its sleep", seconds=60)
    wait_until(lambda: run.output() == f"niceness {os.nice(0) + 5}\n", what="its output")
    by_command.close()
    assert run.run.status is RunStatus.CANCELED


def test_the_launcher_of_commands_tells_of_a_command_that_ends_without_a_word(
    by_command: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "skerry").write_text("#!/bin/sh\necho no such partition >&2\nexit 3\n")
    (tmp_path / "skerry").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    run = only(by_command).launch("niced")
    assert run.wait(60).status is RunStatus.FAILED
    assert run.run.error is not None
    assert run.run.error.message.startswith("The command ended with exit code 3,")
    assert run.run.error.output == "no such partition\n"


def test_the_launcher_of_commands_refuses_what_it_cannot_do(by_command: Workspace, tmp_path: Path) -> None:
    with pytest.raises(LocationError, match="cannot detach runs"):
        only(by_command).launch("niced", detached=True)
    assert not list((tmp_path / ".skerry").rglob("run.json"))
    before = only(by_command).launch("niced")
    assert before.wait(60).status is RunStatus.SUCCEEDED
    with pytest.raises(LocationError, match="cannot take over the outputs of another run"):
        only(by_command).launch("niced", after=before.id)


@pytest.mark.parametrize(
    ("records", "record"),
    [("spawned", "Spawned"), ("connected", "Connected"), ("started", "Started"), ("commands", "CommandRun")],
)
def test_what_the_recording_runtime_keeps_of_a_call_is_named(records: str, record: str, tmp_path: Path) -> None:
    assert getattr(RecordingRuntime(tmp_path), records) == []
    told = re.search(rf"`{records}` (?:has )?the\s([^;.]+)", section(PAGE, "### `RecordingRuntime`"))
    assert told
    assert sorted(re.findall(r"`(\w+)`", told[1])[:-1]) == sorted(
        field.name for field in fields(getattr(recording, record))
    )
