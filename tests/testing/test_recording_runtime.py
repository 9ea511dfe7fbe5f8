"""The recording Runtime: has all that a Runtime has, records it, and starts nothing."""

from __future__ import annotations

import inspect
import time
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from skerry.plugin import LoadTarget, LocationError, PythonEnvironment, Runtime, ServerStatus, State
from skerry.testing import RecordingRuntime

METHODS = [name for name, value in vars(Runtime).items() if inspect.isfunction(value) and name[0] != "_"]


@pytest.mark.parametrize("name", METHODS)
def test_each_method_is_called_as_that_of_a_runtime(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(cls, name)) for cls in (RecordingRuntime, Runtime))
    assert [(one.name, one.kind, one.default) for one in ours.parameters.values()] == [
        (one.name, one.kind, one.default) for one in theirs.parameters.values()
    ]


def test_it_can_stand_for_a_runtime(tmp_path: Path) -> None:
    runtime: Runtime = RecordingRuntime(tmp_path, startup_timeout=60)  # which mypy checks
    assert 50 < runtime.deadline - time.monotonic() <= 60


def test_its_code_server_loads_when_the_test_says_so(tmp_path: Path, nothing_left: None) -> None:
    runtime = RecordingRuntime(tmp_path)
    target, environment = LoadTarget.file("sales.py"), PythonEnvironment(fresh=True)
    given = runtime.spawn_python(target, environment)
    (spawned,) = runtime.spawned
    assert (spawned.target, spawned.environment, spawned.server) == (target, environment, given)
    seen: list[State] = []
    given.watch(lambda status: seen.append(status.state))
    spawned.server.tell(ServerStatus(State.READY))
    given.close()
    given.close()
    spawned.server.tell(ServerStatus(State.FAILED))
    assert seen == [State.LOADING, State.READY]
    assert spawned.server.closed


def test_commands_are_recorded_and_answered(tmp_path: Path) -> None:
    runtime = RecordingRuntime(tmp_path)
    assert runtime.run(["git", "fetch"], cwd="/srv", env={"A": "1"}, timeout=3, check=False).returncode == 0
    (command,) = runtime.commands
    assert (command.argv, command.cwd, command.env) == (("git", "fetch"), "/srv", {"A": "1"})
    assert (command.timeout, command.check) == (3, False)


def test_a_test_chooses_what_commands_answer(tmp_path: Path) -> None:
    def answer(command: object) -> CompletedProcess[str]:
        if "rev-parse" in command.argv:  # type: ignore[attr-defined]
            return CompletedProcess([], 0, stdout="c0ffee\n", stderr="")
        raise LocationError(reason="no network")

    runtime = RecordingRuntime(tmp_path, answer=answer)
    assert runtime.run(["git", "rev-parse", "main"]).stdout == "c0ffee\n"
    with pytest.raises(LocationError, match="no network"):
        runtime.run(["git", "fetch"])


def test_a_cache_folder_is_filled_once_for_each_key(tmp_path: Path) -> None:
    runtime = RecordingRuntime(tmp_path)
    filled: list[Path] = []
    folders = [runtime.cache_folder(key, filled.append) for key in ("one", "two", "one")]
    assert folders == [filled[0], filled[1], filled[0]]
    assert runtime.cached == ["one", "two"]
    assert all(folder.is_dir() for folder in folders)


def test_progress_is_recorded(tmp_path: Path) -> None:
    runtime = RecordingRuntime(tmp_path)
    runtime.progress("cloning")
    assert runtime.texts == ["cloning"]
