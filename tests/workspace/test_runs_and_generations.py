"""Runs and the generation of code that they began with, in every interpreter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.interpreters import VERSIONS, interpreter
from support.runs import RUNS, config, failures, only, told
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, RunStatus, Workspace
from skerry.workspace import retired

Load = Callable[[str], Workspace]

Write = Callable[[str, str], Path]


def test_a_run_keeps_the_code_that_it_began_with(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retired, "DRAIN_LIMIT", 0.2)
    file = write("runs.py", RUNS.read_text())
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
    write("runs.py", RUNS.read_text())
    location = only(load("load_from: [python_file: runs.py]"))
    run = location.launch("waiting", run_config=config("wait", file=str(tmp_path / "go")))
    told(run, "wait")
    for _ in range(3):
        assert location.reload().error is None
    (tmp_path / "go").touch()
    assert run.wait(30).status is RunStatus.SUCCEEDED


def test_code_that_starts_threads_is_loaded_afresh_for_a_run(load: Load, write: Write) -> None:
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    file = write("runs.py", threads + RUNS.read_text())
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
          - python_file: {{relative_path: {RUNS}, executable_path: {python}, location_name: forked}}
          - python_file:
              {{relative_path: {RUNS}, executable_path: {python}, location_name: fresh, start: fresh}}
        """
    )
    assert workspace.wait(60)
    for location in workspace:
        run = location.launch("daily", repository="runs", max_concurrency=2)
        assert run.wait(30).status is RunStatus.SUCCEEDED, failures(run)
