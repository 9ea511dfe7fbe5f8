"""The workspace files are read again: only the locations whose entries have changed are touched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.servers import alive, serving
from support.waiting import wait_until

from skerry import ErrorKind, Location, State, Workspace, WorkspaceFileError
from skerry.model import Cause, WorkspaceReloadResult

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n"


@pytest.fixture
def code(write: Write) -> None:
    for name in ("one", "two", "three"):
        write(f"{name}.py", GOOD.format(name=name))


def loaded(load: Load, text: str) -> Workspace:
    workspace = load(text)
    assert workspace.wait(60)
    return workspace


def pipelines(location: Location) -> list[str]:
    return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]


def test_a_file_that_says_the_same_changes_nothing(code: None, write: Write, load: Load) -> None:
    workspace = loaded(load, "load_from: [python_file: one.py, python_file: two.py]")
    before = workspace.snapshot
    write(
        "workspace.yaml", "# a comment\n\nload_from:\n- python_file: one.py\n- python_file: {relative_path: two.py}\n"
    )
    assert workspace.reload() == WorkspaceReloadResult()
    after = workspace.snapshot
    assert [location.server for location in after.locations] == [location.server for location in before.locations]
    assert [location.line for location in after.locations] == [4, 5]


def test_entries_are_added_removed_and_changed_alone(code: None, write: Write, load: Load) -> None:
    workspace = loaded(load, "load_from: [python_file: one.py, python_file: two.py]")
    one, two = workspace
    server = one.server
    assert two.server is not None
    gone = two.server.pid
    assert gone is not None
    write("workspace.yaml", "load_from: [python_file: three.py, python_file: one.py]")
    result = workspace.reload()
    assert (result.added, result.removed, dict(result.changed)) == (("three.py",), ("two.py",), {})
    assert [location.name for location in workspace] == ["three.py", "one.py"]
    assert workspace.wait(60)
    assert workspace["three.py"].state is State.READY
    assert (workspace["one.py"] is one, one.server) == (True, server)
    assert (two.state, alive(gone)) == (State.CLOSED, False)


def test_a_changed_entry_is_loaded_beside_what_it_served(code: None, write: Write, load: Load) -> None:
    workspace = loaded(load, "load_from: [python_file: {relative_path: one.py, location_name: team}]")
    team = workspace["team"]
    states: set[State] = set()
    workspace.subscribe(lambda name, old, new: states.add(new.state))
    write("workspace.yaml", "load_from: [python_file: {relative_path: two.py, location_name: team}]")
    reload = workspace.reload().changed["team"]
    assert reload is not None
    assert (reload.old_generation, reload.new_generation) == (1, 2)
    assert (pipelines(team), states) == (["two"], {State.READY})
    assert team.origin is not None
    assert team.origin.options["relative_path"].endswith("two.py")
    assert team.history[-1].cause is Cause.ENTRY_CHANGED


@pytest.mark.parametrize("wrong", ["python_file: {relative_path: none.py", "python_fil: {relative_path: one.py"])
def test_what_worked_stays_when_the_entry_is_wrong_now(code: None, write: Write, load: Load, wrong: str) -> None:
    workspace = loaded(load, "load_from: [python_file: {relative_path: one.py, location_name: team}]")
    team = workspace["team"]
    write("workspace.yaml", f"load_from: [{wrong}, location_name: team}}]")
    reload = workspace.reload().changed["team"]
    assert reload is not None
    assert (reload.old_generation, reload.new_generation) == (1, None)
    assert reload.error is not None
    assert reload.error.kind in (ErrorKind.FILE_NOT_FOUND, ErrorKind.INVALID_ENTRY)
    state = team.snapshot
    assert (state.state, state.stale, state.error, pipelines(team)) == (State.READY, True, reload.error, ["one"])
    write("workspace.yaml", "load_from: [python_file: {relative_path: one.py, location_name: team}]")
    reload = workspace.reload().changed["team"]
    assert reload is not None
    assert reload.new_generation == 2
    assert (team.snapshot.stale, team.error, team.problems) == (False, None, ())


def test_a_wrong_entry_is_mended(code: None, write: Write, load: Load) -> None:
    workspace = loaded(load, "load_from: [python_file: {relativ_path: one.py, location_name: team}]")
    assert [location.state for location in workspace] == [State.FAILED]
    assert workspace.reload() == WorkspaceReloadResult()
    write("workspace.yaml", "load_from: [python_file: {relative_path: one.py, location_name: team}]")
    reload = workspace.reload().changed["team"]
    assert reload is not None
    assert (reload.old_generation, reload.new_generation) == (None, 1)
    assert workspace["team"].state is State.READY
    assert workspace.problems == ()


@pytest.mark.parametrize("text", ["load_from: [", "load_from: 3", ""])
def test_a_file_that_cannot_be_used_leaves_everything_as_it_is(code: None, write: Write, load: Load, text: str) -> None:
    workspace = loaded(load, "load_from: [python_file: one.py]")
    before = workspace.snapshot
    write("workspace.yaml", text)
    with pytest.raises(WorkspaceFileError):
        workspace.reload()
    assert workspace.snapshot == before


def test_a_secret_that_is_written_otherwise_is_a_change(code: None, write: Write, load: Load) -> None:
    write("one.py", "import os\nprint(len(os.environ['TOKEN']))\n" + GOOD.format(name="one"))
    text = "load_from: [python_file: {{relative_path: one.py, env: {{TOKEN: {token}}}}}]"
    workspace = loaded(load, text.format(token="abcd"))
    write("workspace.yaml", text.format(token="abcdefgh"))
    assert list(workspace.reload().changed) == ["one.py"]
    assert workspace["one.py"].output() == "8\n"


def test_another_address_or_token_of_a_remote_location_is_a_change_of_this_side(
    code: None, write: Write, load: Load, tmp_path: Path
) -> None:
    text = "load_from: [grpc_server: {{port: {port}, location_name: remote, token: {token}}}]"
    write("tokens", "first-horse\nsecond-horse\n")
    with (
        serving(tmp_path, "-f", "one.py", "--token-file", "tokens") as one,
        serving(tmp_path, "-f", "two.py", "--token-file", "tokens") as two,
    ):
        workspace = loaded(load, text.format(port=one.port, token="first-horse"))
        remote = workspace["remote"]
        wait_until(lambda: pipelines(remote) == ["one"], what="the first server's code")
        write("workspace.yaml", text.format(port=one.port, token="second-horse"))
        assert list(workspace.reload().changed) == ["remote"]
        write("workspace.yaml", text.format(port=two.port, token="second-horse"))
        assert list(workspace.reload().changed) == ["remote"]
        assert pipelines(remote) == ["two"]
        assert "generation 2" not in one.log + two.log


def test_a_change_that_takes_long_does_not_keep_another_waiting(
    code: None, write: Write, load: Load, tmp_path: Path
) -> None:
    text = """
        load_from:
          - python_file: {relative_path: one.py, env: {NUMBER: '1'}}
          - python_file: {relative_path: two.py, env: {NUMBER: '1'}}
    """
    workspace = loaded(load, text)
    waits = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
    write("one.py", waits + GOOD.format(name="one"))
    write("workspace.yaml", text.replace("'1'", "'2'"))
    thread = threading.Thread(target=workspace.reload)
    thread.start()
    try:
        wait_until(lambda: len(workspace["two.py"].history) == 3, what="the other's new generation")
        assert len(workspace["one.py"].history) == 2
    finally:
        (tmp_path / "go").touch()
        thread.join(60)
    assert len(workspace["one.py"].history) == 3


def test_reading_again_and_again_leaves_no_thread_or_open_file(code: None, write: Write, load: Load) -> None:
    workspace = loaded(load, "load_from: [python_file: one.py]")
    texts = ["load_from: [python_file: one.py]", "load_from: [python_file: two.py, python_file: three.py]"]
    for text in texts:
        write("workspace.yaml", text)
        workspace.reload()
        assert workspace.wait(60)
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for text in texts * 5:
        write("workspace.yaml", text)
        workspace.reload()
        assert workspace.wait(60)
    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, what="the descriptors of before")
    wait_until(lambda: threading.active_count() <= threads, what="the threads of before")
