"""Locations that are loaded when they are first used, and ended when nobody uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.servers import alive
from support.waiting import wait_until

from skerry import Location, RunStatus, State, Workspace
from skerry.model import Cause

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n"
LAZY = "load_from: [python_file: {relative_path: team.py, lazy: true}]"
#: Long enough for what the test does between two uses, and as long as it waits in all.
IDLES = "load_from: [python_file: {relative_path: team.py, idle_timeout: 0.5}]"


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    return location


def pipelines(location: Location) -> list[str]:
    return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]


def pid_of(location: Location) -> int:
    assert location.server is not None
    assert location.server.pid is not None
    return location.server.pid


def test_a_lazy_location_is_loaded_when_it_is_first_used(write: Write, load: Load, tmp_path: Path) -> None:
    write("team.py", f"open({str(tmp_path / 'began')!r}, 'w')\n" + GOOD.format(name="daily"))
    write("other.py", GOOD.format(name="other"))
    workspace = load("load_from: [python_file: {relative_path: team.py, lazy: true}, python_file: other.py]")
    assert workspace.wait(60)
    team = workspace["team.py"]
    assert (team.state, team.repositories, workspace["other.py"].state) == (State.IDLE, (), State.READY)
    assert not (tmp_path / "began").exists()
    team.load()
    assert team.wait(60)
    assert (team.state, pipelines(team)) == (State.READY, ["daily"])
    assert [move.cause for move in team.history] == [Cause.OPENED, Cause.USED, Cause.LOADED]
    server = team.server
    team.load()
    assert (team.state, team.server) == (State.READY, server)


@pytest.mark.parametrize("how", ["file", "entries"])
def test_a_lazy_workspace_loads_each_location_when_it_is_first_used(how: str, write: Write, tmp_path: Path) -> None:
    for name in ("team", "other"):
        write(f"{name}.py", f"open({str(tmp_path / name)!r}, 'w')\n" + GOOD.format(name="daily"))
    file = write("workspace.yaml", "load_from: [python_file: team.py, python_file: other.py]")
    entries = [{"python_file": "team.py"}, {"python_file": "other.py"}]
    lazy = Workspace.load(file, lazy=True) if how == "file" else Workspace.from_entries(entries, tmp_path, lazy=True)
    with lazy as workspace:
        assert workspace.wait(60)
        assert [location.state for location in workspace] == [State.IDLE, State.IDLE]
        assert workspace["team.py"].launch("daily").wait(30).status is RunStatus.SUCCEEDED
        write(
            "workspace.yaml", "load_from: [python_file: team.py, python_file: {relative_path: other.py, env: {A: b}}]"
        )
        assert workspace.reload().changed == ({"other.py": None} if how == "file" else {})
        assert [location.state for location in workspace] == [State.READY, State.IDLE]
    assert (tmp_path / "team").exists()
    assert not (tmp_path / "other").exists()


def test_a_reload_is_a_use(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load(LAZY))
    result = location.reload()
    assert (result.old_generation, result.new_generation, pipelines(location)) == (None, 1, ["daily"])


def test_a_lazy_location_that_fails_says_so_at_its_first_use(write: Write, load: Load) -> None:
    write("team.py", "1 / 0")
    location = only(load(LAZY))
    location.load()
    assert location.wait(60)
    assert location.state is State.FAILED


def test_a_changed_entry_of_a_lazy_location_is_loaded_at_its_next_use(write: Write, load: Load) -> None:
    write("team.py", "1 / 0")
    write("other.py", GOOD.format(name="other"))
    workspace = load("load_from: [python_file: {relative_path: team.py, lazy: true, location_name: team}]")
    write("workspace.yaml", "load_from: [python_file: {relative_path: other.py, lazy: true, location_name: team}]")
    assert dict(workspace.reload().changed) == {"team": None}
    location = only(workspace)
    assert location.state is State.IDLE
    location.load()
    assert location.wait(60)
    assert pipelines(location) == ["other"]


def test_what_is_not_used_is_ended_and_its_definitions_stay(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    workspace = load(IDLES)
    location = only(workspace)
    wait_until(lambda: location.state is State.READY, what="READY")
    pid = pid_of(location)
    wait_until(lambda: location.state is State.IDLE, what="IDLE")
    wait_until(lambda: not alive(pid), what="the end of its process")
    assert (pipelines(location), location.server, location.error) == (["daily"], None, None)
    assert location.history[-1].cause is Cause.NOT_USED
    shown: list[list[str]] = []
    workspace.subscribe(lambda name, old, new: shown.append([one.name for one in new.repositories]))
    location.load()
    wait_until(lambda: location.state is State.READY, what="READY again")
    assert [*{name for names in shown for name in names}] == ["daily"]
    assert [] not in shown
    assert [move.generation for move in location.history if move.cause is Cause.LOADED] == [1, 2]


def test_use_keeps_it(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    write("other.py", GOOD.format(name="other"))
    workspace = load(
        "load_from: [python_file: {relative_path: team.py, idle_timeout: 1}, "
        "python_file: {relative_path: other.py, idle_timeout: 1}]"
    )
    assert workspace.wait(60)
    team, other = workspace["team.py"], workspace["other.py"]
    server = team.server

    def used() -> bool:
        team.load()
        return other.state is State.IDLE

    wait_until(used, what="the end of the other")
    assert (team.state, team.server) == (State.READY, server)


def test_closing_an_idle_workspace_leaves_nothing(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    workspace = load(IDLES)
    wait_until(lambda: only(workspace).state is State.IDLE, what="IDLE")
    workspace.close()
    assert only(workspace).state is State.CLOSED
