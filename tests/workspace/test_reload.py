"""Reload: new code beside the old, swapped when it is READY; what worked stays when it is not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, Location, LocationError, State, Workspace
from skerry.model import Cause, DefinitionName, LocationState, ReloadResult

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

#: The soak takes its time.
RELOADS = 500 if os.environ.get("SKERRY_SOAK") else 60
GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n\nprint('loaded {name}')\n"


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    return location


def pipelines(location: Location) -> list[str]:
    return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]


def generations(result: ReloadResult) -> tuple[int | None, int | None]:
    return result.old_generation, result.new_generation


def names(definitions: tuple[DefinitionName, ...]) -> list[str]:
    return [str(name) for name in definitions]


def pid_of(location: Location) -> int:
    assert location.server is not None
    assert location.server.pid is not None
    return location.server.pid


def test_a_reload_shows_the_new_code_in_a_new_process(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: team.py]"))
    before = pid_of(location)
    write("team.py", GOOD.format(name="weekly"))
    assert generations(location.reload()) == (1, 2)
    assert (location.state, pipelines(location), location.output()) == (State.READY, ["weekly"], "loaded weekly\n")
    assert pid_of(location) != before
    assert not alive(before)


def test_a_failed_reload_keeps_what_worked_and_says_so(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: team.py]"))
    before = pid_of(location)
    write("team.py", "import nothing_of_this_name\n")
    result = location.reload()
    assert (result.old_generation, result.new_generation) == (1, None)
    assert result.error is not None
    assert result.error.kind is ErrorKind.MISSING_IMPORT
    state = location.snapshot
    assert (state.state, state.stale, state.error) == (State.READY, True, result.error)
    assert (pipelines(location), pid_of(location)) == (["daily"], before)
    write("team.py", GOOD.format(name="mended"))
    assert generations(location.reload()) == (1, 2)
    state = location.snapshot
    assert (state.stale, state.error, pipelines(location)) == (False, None, ["mended"])


def test_meanwhile_the_old_code_goes_on_and_nobody_sees_anything_else(write: Write, load: Load, tmp_path: Path) -> None:
    write("team.py", GOOD.format(name="daily"))
    workspace = load("load_from: [python_file: team.py]")
    location = only(workspace)
    seen: list[LocationState] = []
    workspace.subscribe(lambda name, old, new: seen.append(new))
    waits = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
    write("team.py", waits + GOOD.format(name="weekly"))
    results: list[ReloadResult] = []
    thread = threading.Thread(target=lambda: results.append(location.reload()))
    thread.start()
    try:
        assert (location.state, pipelines(location)) == (State.READY, ["daily"])
        assert alive(pid_of(location))
    finally:
        (tmp_path / "go").touch()
        thread.join(60)
    assert list(map(generations, results)) == [(1, 2)]
    assert {state.state for state in seen} == {State.READY}
    assert not any(state.stale for state in seen)


def test_a_reload_tells_what_it_has_changed_in_the_definitions(write: Write, load: Load) -> None:
    code = """
        from skerry import pipeline, repository, schedule, solid

        @solid
        def work(): ...

        @pipeline
        def {first}():
            work(){more}

        @schedule(cron_schedule="{cron}", pipeline_name="{first}")
        def nightly():
            return {{}}

        @repository
        def team():
            return [{first}, nightly]
    """
    write("team.py", code.format(first="daily", cron="0 1 * * *", more=""))
    location = only(load("load_from: [python_file: team.py]"))
    changes = location.reload().changes
    assert not changes
    write("team.py", "\n\n" + code.format(first="daily", cron="0 2 * * *", more=""))
    changes = location.reload().changes
    assert (names(changes.added), names(changes.removed), names(changes.changed)) == (
        [],
        [],
        ["schedule nightly in team"],
    )
    write("team.py", code.format(first="daily", cron="0 2 * * *", more="; work()"))
    assert names(location.reload().changes.changed) == ["pipeline daily in team"]
    write("team.py", code.format(first="hourly", cron="0 2 * * *", more=""))
    changes = location.reload().changes
    assert names(changes.added) == ["pipeline hourly in team"]
    assert names(changes.removed) == ["pipeline daily in team"]
    assert names(changes.changed) == ["schedule nightly in team"]


def test_each_move_is_remembered_with_its_time_and_reason(write: Write, load: Load) -> None:
    before = time.time()
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: team.py]"))
    location.reload()
    write("team.py", "1 / 0")
    location.reload()
    os.kill(pid_of(location), signal.SIGKILL)
    wait_until(lambda: location.state is State.FAILED, what="FAILED")
    assert [(move.old, move.new, move.cause, move.generation, move.stale) for move in location.history] == [
        (None, State.LOADING, Cause.OPENED, None, False),
        (State.LOADING, State.READY, Cause.LOADED, 1, False),
        (State.READY, State.READY, Cause.RELOAD_ASKED, 2, False),
        (State.READY, State.READY, Cause.RELOAD_ASKED, 2, True),
        (State.READY, State.LOADING, Cause.PROCESS_ENDED, None, False),
        (State.LOADING, State.FAILED, Cause.LOAD_FAILED, None, False),
    ]
    times = [move.at for move in location.history]
    assert before <= times[0]
    assert times == sorted(times)
    assert location.snapshot.last_move == location.history[-1]


def test_what_failed_can_be_reloaded_once_it_is_mended(write: Write, load: Load) -> None:
    write("team.py", "1 / 0")
    location = only(load("load_from: [python_file: team.py]"))
    assert location.state is State.FAILED
    result = location.reload()
    assert (location.state, result.old_generation, result.new_generation) == (State.FAILED, None, None)
    assert result.error == location.error
    write("team.py", GOOD.format(name="daily"))
    assert generations(location.reload()) == (None, 1)
    assert (location.state, location.error) == (State.READY, None)


def test_a_process_that_ends_during_the_reload_is_not_missed(write: Write, load: Load, tmp_path: Path) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: team.py]"))
    before = pid_of(location)
    began, go = tmp_path / "began", tmp_path / "go"
    waits = f"import os, time\nopen({str(began)!r}, 'w')\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
    write("team.py", waits + GOOD.format(name="weekly"))
    results: list[ReloadResult] = []
    thread = threading.Thread(target=lambda: results.append(location.reload()))
    thread.start()
    try:
        wait_until(began.exists, what="the new code runs")
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: location.state is State.LOADING, what="LOADING")
    finally:
        go.touch()
        thread.join(60)
    assert list(map(generations, results)) == [(1, 2)]
    assert (location.state, pipelines(location)) == (State.READY, ["weekly"])


def test_closing_ends_a_reload_and_leaves_nothing(write: Write, load: Load, tmp_path: Path) -> None:
    write("team.py", GOOD.format(name="daily"))
    workspace = load("load_from: [python_file: team.py]")
    location = only(workspace)
    began = tmp_path / "began"
    write("team.py", f"import time\nopen({str(began)!r}, 'w')\nwhile True: time.sleep(1)\n")
    results: list[ReloadResult] = []
    thread = threading.Thread(target=lambda: results.append(location.reload()))
    thread.start()
    wait_until(began.exists, what="the new code runs")
    workspace.close()
    thread.join(60)
    assert not thread.is_alive()
    assert [result.new_generation for result in results] == [None]
    assert location.state is State.CLOSED
    with pytest.raises(LocationError, match="is closed"):
        location.reload()


def test_reloads_asked_for_at_once_follow_each_other(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: team.py]"))
    results: list[ReloadResult] = []
    threads = [threading.Thread(target=lambda: results.append(location.reload())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results, key=lambda result: result.new_generation or 0) == [
        ReloadResult(number, number + 1) for number in range(1, 7)
    ]


def test_an_import_that_never_ends_costs_the_reload_alone(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: {relative_path: team.py, startup_timeout: 2}]"))
    write("team.py", "import time\nwhile True: time.sleep(1)\n")
    result = location.reload()
    assert result.error is not None
    assert result.error.kind is ErrorKind.STARTUP_TIMEOUT
    assert (location.state, pipelines(location)) == (State.READY, ["daily"])


def test_a_variable_that_is_gone_costs_the_reload_alone(
    write: Write, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("team.py", GOOD.format(name="daily"))
    monkeypatch.setenv("TEAM_TOKEN", "sesame")
    location = only(load("load_from: [python_file: {relative_path: team.py, env: {TOKEN: '${TEAM_TOKEN}'}}]"))
    monkeypatch.delenv("TEAM_TOKEN")
    result = location.reload()
    assert result.error is not None
    assert "`TEAM_TOKEN` is not set any more" in result.error.message
    assert (location.state, location.snapshot.stale) == (State.READY, True)


def test_a_wrong_entry_cannot_be_reloaded(load: Load) -> None:
    (location,) = load("load_from: [python_file: {relativ_path: team.py}]")
    with pytest.raises(LocationError, match="Unknown key `relativ_path`"):
        location.reload()


@pytest.mark.parametrize("number", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_new_code_that_dies_while_it_is_loaded_costs_the_reload_alone(load: Load, tmp_path: Path, number: str) -> None:
    child = Path(__file__).parent.parent / "children" / "dies_at_its_second_load.py"
    env = f"env: {{LOADED_BEFORE: {tmp_path / 'marker'}, SIGNAL: {number}}}"
    location = only(load(f"load_from: [python_file: {{relative_path: {child}, location_name: team, {env}}}]"))
    before = pid_of(location)
    result = location.reload()
    assert generations(result) == (1, None)
    assert result.error is not None
    assert (result.error.kind, number in result.error.message) == (ErrorKind.PROCESS_SIGNALED, True)
    assert (location.state, location.snapshot.stale, pid_of(location)) == (State.READY, True, before)
    (tmp_path / "marker").unlink()
    assert generations(location.reload()) == (1, 2)


def test_a_reload_never_mixes_old_classes_with_new_ones(write: Write, load: Load) -> None:
    write("lib/shapes.py", "class Shape: pass\n")
    write("lib/makers.py", "from shapes import Shape\n\ndef make(): return Shape()\n")
    code = "import makers\nfrom shapes import Shape\nprint(isinstance(makers.make(), Shape))\n" + GOOD.format(
        name="daily"
    )
    write("team.py", code)
    location = only(load("load_from: [python_file: {relative_path: team.py, working_directory: lib}]"))
    for _ in range(2):
        write("lib/shapes.py", f"class Shape: pass\n# {location.snapshot.server}\n")
        assert location.reload().error is None
        assert location.output().splitlines()[0] == "True"


def test_reload_after_reload_leaves_no_process_thread_open_file_or_memory(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    location = only(load("load_from: [python_file: team.py]"))
    me = psutil.Process()
    for _ in range(20):
        location.reload()
    descriptors, threads, memory = me.num_fds(), threading.active_count(), me.memory_full_info().uss
    for _ in range(RELOADS):
        location.reload()
    assert me.memory_full_info().uss - memory < 5 * 1024 * 1024
    below = me.children(recursive=True)
    assert not [process for process in below if process.status() == psutil.STATUS_ZOMBIE]
    wait_until(lambda: me.num_fds() <= descriptors, what="the descriptors of before")
    wait_until(lambda: threading.active_count() <= threads, what="the threads of before")
    assert location.server is not None
    assert location.server.generation == RELOADS + 21
