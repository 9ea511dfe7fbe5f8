"""Runs: launched in a process forked from loaded code, told by their journal, ended whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.interpreters import VERSIONS, interpreter
from support.runs import HOST
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, LaunchedRun, Location, RunError, RunEvent, RunStatus, State, UnknownRunError, Workspace
from skerry.code_server import runs
from skerry.execution import EventType
from skerry.workspace import retired

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

CHILDREN = Path(__file__).parent.parent / "children"


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    assert location.state is State.READY, location.error
    return location


@pytest.fixture
def location(load: Load) -> Location:
    return only(load(f"load_from: [python_file: {CHILDREN / 'runs.py'}]"))


def told(run: LaunchedRun, solid: str) -> str:
    """Give the first message that a solid logs."""
    return next(
        str(event.data["message"]) for event in run.events() if event.type is EventType.LOG and event.solid == solid
    )


def types(run: LaunchedRun) -> list[tuple[str, str | None]]:
    return [(event.type.value, event.solid) for event in run.events()]


def config(solid: str, **values: Any) -> dict[str, Any]:
    return {"solids": {solid: {"config": values}}}


def failures(run: LaunchedRun) -> list[RunEvent]:
    return [event for event in run.events() if event.error is not None]


def test_a_run_is_told_event_by_event_and_kept(location: Location, tmp_path: Path) -> None:
    run = location.launch("daily", repository="runs", run_id="mine", tags={"by": "me"})
    ended = run.wait(30)
    assert (ended.id, ended.status, ended.location, ended.generation) == ("mine", RunStatus.SUCCEEDED, "runs.py", 1)
    assert ended.origin == location.origin
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert ended.created_at <= ended.started_at <= ended.ended_at
    events = list(run.events())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [(event.type.value, event.solid, dict(event.data)) for event in events] == [
        ("RUN_STARTED", None, {"solids": ["one", "add"]}),
        ("SOLID_STARTED", "one", {}),
        ("LOG", "one", {"level": "INFO", "message": "one of blue"}),
        ("PROGRESS", "one", {"fraction": 0.5, "text": "half"}),
        ("OUTPUT", "one", {"output": "result", "size": 5}),
        ("SOLID_SUCCEEDED", "one", {}),
        ("SOLID_STARTED", "add", {}),
        ("OUTPUT", "add", {"output": "result", "size": 5}),
        ("SOLID_SUCCEEDED", "add", {}),
        ("RUN_SUCCEEDED", None, {}),
    ]
    assert run.output() == "printed\n"
    journal = tmp_path / ".skerry" / "runs" / "mine" / "events.jsonl"
    assert [json.loads(line)["sequence"] for line in journal.read_text().splitlines()] == list(range(1, 11))
    assert list(run.events(after=8)) == events[8:]
    # What is not the run's stays where it was: its output is not that of the location.
    assert "printed" not in location.output()


def test_it_runs_what_was_asked_for(location: Location) -> None:
    run = location.launch("daily", repository="others", tags={"team": "red"}, solids=["one"])
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert told(run, "one") == "one of red"
    assert ("SOLID_STARTED", "add") not in types(run)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("raise", ErrorKind.EXCEPTION, "ValueError: no"),
        ("sys.exit", ErrorKind.SYSTEM_EXIT, "sys.exit('enough') was called while the pipeline ran."),
        ("exit", ErrorKind.PROCESS_EXITED, "The process ended with exit code 7 while the pipeline ran."),
        ("SIGKILL", ErrorKind.PROCESS_SIGNALED, "The process was ended by SIGKILL while the pipeline ran."),
        ("SIGSEGV", ErrorKind.PROCESS_SIGNALED, "The process was ended by SIGSEGV while the pipeline ran."),
    ],
)
@pytest.mark.parametrize("together", [1, 2])
def test_however_a_solid_ends_the_record_is_true(
    together: int, how: str, kind: ErrorKind, words: str, location: Location
) -> None:
    run = location.launch("leaving", run_config=config("leave", exit=how), max_concurrency=together)
    ended = run.wait(30)
    assert ended.status is RunStatus.FAILED
    (failed,) = failures(run)
    assert (failed.type, failed.solid) == (EventType.SOLID_FAILED, "leave")
    assert failed.error is not None
    if kind in (ErrorKind.PROCESS_EXITED, ErrorKind.PROCESS_SIGNALED) and together == 2:
        assert failed.error.kind is ErrorKind.SOLID_PROCESS_ENDED
    else:
        assert (failed.error.kind, failed.error.message.splitlines()[0]) == (kind, words)
    last = list(run.events())[-1]
    assert (last.type, dict(last.data)) == (EventType.RUN_FAILED, {"failed": ["leave"]})
    assert ("SOLID_SUCCEEDED", "spared") in types(run)
    assert "last words" in run.output()
    assert location.state is State.READY
    assert location.launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED


def test_what_user_code_starts_ends_with_its_run(location: Location) -> None:
    run = location.launch("parent")
    child = int(told(run, "leave_children"))
    assert run.wait(30).status is RunStatus.SUCCEEDED
    wait_until(lambda: not alive(child), what="the end of what the run has started")


@pytest.mark.parametrize("together", [1, 2])
def test_a_cancelled_run_is_interrupted_and_torn_down(together: int, location: Location) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), max_concurrency=together)
    told(run, "wait")
    run.cancel()
    ended = run.wait(30)
    assert ended.status is RunStatus.CANCELED
    (failed,) = failures(run)
    assert (failed.type, failed.solid, dict(failed.data)) == (EventType.SOLID_FAILED, "wait", {"canceled": True})
    assert "torn down" in run.output()
    run.cancel()  # once more changes nothing
    assert run.run == ended


def test_a_run_that_refuses_is_killed_after_the_grace_time(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CANCEL_GRACE", 0.3)
    run = location.launch("refusing")
    pid = int(told(run, "refuse"))
    run.cancel()
    assert run.wait(30).status is RunStatus.CANCELED
    assert not alive(pid)
    assert run.output() == "refused\n"


def test_a_run_whose_journal_is_refused_ends_whatever_its_code_does(
    load: Load, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CANCEL_GRACE", 0.3)
    write(
        "stubborn.py",
        """
        import resource
        from skerry import pipeline, solid

        @solid
        def talk(context):
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
            while True:
                try:
                    context.log.info("as long as it takes")
                except BaseException:
                    pass

        @pipeline
        def daily():
            talk()
        """,
    )
    run = only(load("load_from: [python_file: stubborn.py]")).launch("daily", run_id="mine")
    assert run.wait(30).status is RunStatus.FAILED
    (failed,) = failures(run)
    assert failed.error is not None
    assert failed.error.kind is ErrorKind.RUN_RECORD_NOT_WRITABLE
    assert "mine/events.jsonl (File too large)" in failed.error.message
    assert types(run)[-2:] == [("SOLID_FAILED", "talk"), ("RUN_FAILED", None)]


def test_an_interrupt_at_any_moment_is_not_lost(location: Location) -> None:
    for _ in range(5):
        run = location.launch("refusing")
        run.cancel()
        assert run.wait(5).status is RunStatus.CANCELED or run.output() == "refused\n"
        if not run.run.status.is_over:
            os.kill(int(told(run, "refuse")), signal.SIGKILL)
            assert run.wait(30).status is RunStatus.CANCELED


def test_a_run_is_started_once_for_each_id(location: Location, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        launched = list(pool.map(lambda _: location.launch("daily", repository="runs", run_id="same"), range(4)))
    assert {run.wait(30).status for run in launched} == {RunStatus.SUCCEEDED}
    assert [len(list(run.events())) for run in launched] == [10] * 4
    assert [path.name for path in (tmp_path / ".skerry" / "runs").iterdir()] == ["same"]


def test_a_run_keeps_the_code_that_it_began_with(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retired, "DRAIN_LIMIT", 0.2)
    file = write("runs.py", (CHILDREN / "runs.py").read_text())
    location = only(load("load_from: [python_file: runs.py]"))
    go = tmp_path / "go"
    run = location.launch("waiting", run_config=config("wait", file=str(go)))
    pid = int(told(run, "wait"))
    old = location.server
    assert old is not None
    file.write_text(file.read_text().replace("VERSION = 1", "VERSION = 2") + "\n\n@pipeline\ndef new():\n    one()\n")
    assert location.reload().error is None
    newer = location.launch("daily", repository="runs")
    assert newer.wait(30).generation == 2
    go.touch()
    assert (run.wait(30).status, run.run.generation) == (RunStatus.SUCCEEDED, 1)
    assert old.pid is not None
    wait_until(lambda: not alive(old.pid or 0) and not alive(pid), what="the end of the old generation")


def test_a_run_outlasts_the_limit_for_calls_of_the_old_generation(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retired, "DRAIN_LIMIT", 0.0)
    write("runs.py", (CHILDREN / "runs.py").read_text())
    location = only(load("load_from: [python_file: runs.py]"))
    run = location.launch("waiting", run_config=config("wait", file=str(tmp_path / "go")))
    told(run, "wait")
    for _ in range(3):
        assert location.reload().error is None
    (tmp_path / "go").touch()
    assert run.wait(30).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("who", ["run", "keeper", "template", "fork server"])
def test_whoever_is_killed_the_record_is_true(who: str, location: Location) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
    process = psutil.Process(int(told(run, "wait")))
    line = [process, *process.parents()]
    line[["run", "keeper", "template", "fork server"].index(who)].kill()
    ended = run.wait(30)
    failed = failures(run)
    if who in ("template", "fork server"):
        # The host cancels what has lost its process, as far as it comes with that before all of it has ended.
        assert ended.status in (RunStatus.FAILED, RunStatus.CANCELED)
        assert failed[0].solid == "wait"
    else:
        assert ended.status is RunStatus.FAILED
        expected = ErrorKind.PROCESS_SIGNALED if who == "run" else ErrorKind.RUN_LOST
        assert [event.error.kind for event in failed if event.error is not None] == [expected]
    wait_until(lambda: not process.is_running(), what="the end of the run's process")


def test_closing_the_workspace_cancels_its_runs(load: Load) -> None:
    workspace = load(f"load_from: [python_file: {CHILDREN / 'runs.py'}]")
    run = only(workspace).launch("waiting", run_config=config("wait", file="/nowhere"))
    pid = int(told(run, "wait"))
    workspace.close()
    assert run.wait(30).status is RunStatus.CANCELED
    assert "torn down" in run.output()
    assert not alive(pid)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen[str], int]]]:
    """Start a host in another process that launches a run; gives it and the pid of the run."""
    (tmp_path / "host.py").write_text(HOST)
    shutil.copy(CHILDREN / "runs.py", tmp_path)
    (tmp_path / "workspace.yaml").write_text("load_from: [python_file: runs.py]\n")
    started = []

    def start(how: str) -> tuple[subprocess.Popen[str], int]:
        line = [sys.executable, "host.py", "workspace.yaml", str(tmp_path / "go"), how]
        process = subprocess.Popen(line, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        started.append((process, int(process.stdout.readline())))
        return started[-1]

    yield start
    for process, pid in started:
        process.kill()
        process.communicate()
        wait_until(lambda pid=pid: not alive(pid), what="the end of the run")  # type: ignore[misc]


@pytest.mark.parametrize("how", ["killed", "closed"])
def test_a_detached_run_goes_on_without_its_host(
    how: str, host: Callable[[str], tuple[subprocess.Popen[str], int]], tmp_path: Path
) -> None:
    process, pid = host("detached")
    others = [one.pid for one in psutil.Process(process.pid).children(recursive=True)]
    if how == "killed":
        process.kill()
    process.communicate(timeout=30)
    keeper = psutil.Process(pid).ppid()
    wait_until(lambda: not any(alive(one) for one in others if one not in (pid, keeper)), 5, "the end of the others")
    assert alive(pid)
    with Workspace.load(tmp_path / "workspace.yaml") as workspace:
        run = workspace.launched("mine")
        assert run.run.status is RunStatus.RUNNING
        (tmp_path / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
    wait_until(lambda: not alive(keeper), what="the end of the keeper")


def test_another_host_can_cancel_a_detached_run(
    host: Callable[[str], tuple[subprocess.Popen[str], int]], tmp_path: Path
) -> None:
    process, _ = host("detached")
    process.kill()
    process.communicate()
    with Workspace.load(tmp_path / "workspace.yaml") as workspace:
        run = workspace.launched("mine")
        run.cancel()
        assert run.wait(30).status is RunStatus.CANCELED
        assert "torn down" in run.output()


def test_a_run_ends_with_its_host_and_whoever_looks_is_told(
    host: Callable[[str], tuple[subprocess.Popen[str], int]], tmp_path: Path
) -> None:
    process, pid = host("attached")
    process.kill()
    process.communicate()
    wait_until(lambda: not alive(pid), 5, "the end of the run")
    with Workspace.load(tmp_path / "workspace.yaml") as workspace:
        run = workspace.launched("mine")
        # It was cancelled, as far as it came with that before it was killed.
        assert run.wait(30).status in (RunStatus.FAILED, RunStatus.CANCELED)
        assert failures(run)[-1].error is not None
        with pytest.raises(UnknownRunError, match=r"has the id 'other'\.\nThere are 1 runs\."):
            workspace.launched("other")


def test_code_that_starts_threads_is_loaded_afresh_for_a_run(load: Load, write: Write) -> None:
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    file = write("runs.py", threads + (CHILDREN / "runs.py").read_text())
    location = only(load("load_from: [python_file: runs.py]"))
    assert location.launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED
    file.write_text(file.read_text() + "\n")
    run = location.launch("daily", repository="runs")
    assert run.wait(30).status is RunStatus.FAILED
    assert run.run.error is not None
    assert run.run.error.kind is ErrorKind.CODE_CHANGED
    assert location.reload().error is None
    assert location.launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_work_in_every_interpreter_forked_and_fresh(version: str, load: Load) -> None:
    python = interpreter(version)
    workspace = load(
        f"""
        load_from:
          - python_file: {{relative_path: {CHILDREN / "runs.py"}, executable_path: {python}, location_name: forked}}
          - python_file:
              {{relative_path: {CHILDREN / "runs.py"}, executable_path: {python}, location_name: fresh, start: fresh}}
        """
    )
    assert workspace.wait(60)
    for location in workspace:
        run = location.launch("daily", repository="runs", max_concurrency=2)
        assert run.wait(30).status is RunStatus.SUCCEEDED, failures(run)


def test_a_value_that_cannot_be_kept_passes_in_one_process_with_a_warning(location: Location) -> None:
    run = location.launch("awkward")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    (warning,) = [event for event in run.events() if event.type is EventType.LOG]
    assert warning.data["level"] == "WARNING"
    assert "The output 'result' of 'unpicklable' cannot be kept" in str(warning.data["message"])
    apart = location.launch("awkward", max_concurrency=2)
    assert apart.wait(30).status is RunStatus.FAILED
    assert failures(apart)[0].error.kind is ErrorKind.OUTPUT_NOT_KEPT  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"pipeline": "waitin"}, ErrorKind.PIPELINE_NOT_FOUND, "no pipeline 'waitin'.\nDid you mean waiting?"),
        ({"pipeline": "x"}, ErrorKind.PIPELINE_NOT_FOUND, "Its pipelines are: awkward, daily, leaving, parent,"),
        (
            {"pipeline": "waiting", "repository": "others"},
            ErrorKind.PIPELINE_NOT_FOUND,
            "It is in the repository runs, not in others.",
        ),
        (
            {"pipeline": "daily"},
            ErrorKind.PIPELINE_AMBIGUOUS,
            "several pipelines 'daily': in the repositories others, runs.\nSay in which: runs.py/others/daily.",
        ),
        (
            {"pipeline": "leaving", "run_config": config("leave", exit=3)},
            ErrorKind.RUN_CONFIG_INVALID,
            "- solids.leave.config.exit: 3 is not of type 'string'",
        ),
        ({"pipeline": "waiting", "solids": ["wiat"]}, ErrorKind.SOLID_NOT_FOUND, "no solid 'wiat'.\nIts solids are: w"),
        ({"pipeline": "waiting", "run_id": "../x"}, ErrorKind.RUN_ID_INVALID, "'../x' cannot be the id of a run."),
    ],
)
def test_what_cannot_be_run_is_refused_and_leaves_nothing(
    arguments: dict[str, Any], kind: ErrorKind, words: str, location: Location, tmp_path: Path
) -> None:
    with pytest.raises(RunError) as caught:
        location.launch(**arguments)
    assert caught.value.kind is kind
    assert words in str(caught.value)
    runs = tmp_path / ".skerry" / "runs"
    assert not runs.exists() or list(runs.iterdir()) == []


def test_an_input_from_a_solid_that_is_not_to_run_fails_the_run(location: Location) -> None:
    run = location.launch("daily", repository="runs", solids=["add"])
    assert run.wait(30).status is RunStatus.FAILED
    assert run.run.error is not None
    assert run.run.error.kind is ErrorKind.INPUT_NOT_AVAILABLE


def test_a_location_that_is_not_ready_runs_nothing(load: Load, write: Write) -> None:
    write("broken.py", "1 / 0\n")
    workspace = load("load_from: [python_file: broken.py]")
    assert workspace.wait(60)
    with pytest.raises(RunError, match=r"'broken.py' is FAILED, and nothing.*\nMend this first: ZeroDivisionError"):
        workspace["broken.py"].launch("daily")


def test_a_lazy_location_is_loaded_for_a_run(load: Load) -> None:
    (location,) = load(f"load_from: [python_file: {{relative_path: {CHILDREN / 'runs.py'}, lazy: true}}]")
    assert location.state is State.IDLE
    assert location.launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED


def test_secrets_stand_nowhere_in_what_is_kept_of_a_run(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_TOKEN", "opensesame")
    write(
        "secret.py",
        """
        import os, sys
        from skerry import SolidExecutionContext, pipeline, solid

        @solid
        def tell(context: SolidExecutionContext):
            token = os.environ["TOKEN"]
            context.log.info("with %s", token)
            context.progress(0.5, token)
            for part in ("open", "sesame\\n"):
                sys.stdout.write(part)
                sys.stdout.flush()
            raise ValueError(f"{token} was refused")

        @pipeline
        def daily():
            tell()
        """,
    )
    (location,) = load("load_from: [python_file: {relative_path: secret.py, env: {TOKEN: '${TEAM_TOKEN}'}}]")
    for together in (1, 2):
        run = location.launch("daily", max_concurrency=together)
        assert run.wait(30).status is RunStatus.FAILED
        assert run.output() == "***\n"
        assert failures(run)[0].error.message == "ValueError: *** was refused"  # type: ignore[union-attr]
        assert told(run, "tell") == "with ***"
    kept = [path for path in (tmp_path / ".skerry" / "runs").rglob("*") if path.is_file()]
    assert len(kept) >= 8
    assert not any(b"opensesame" in path.read_bytes() for path in kept)
