"""Runs and the hosts that have launched them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from support.runs import HOST, RUNS, config, failures, only, told
from support.servers import alive
from support.waiting import wait_until

from skerry import RunStatus, UnknownRunError, Workspace

Load = Callable[[str], Workspace]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen[str], int]]]:
    """Start a host in another process that launches a run; gives it and the pid of the run."""
    (tmp_path / "host.py").write_text(HOST)
    shutil.copy(RUNS, tmp_path)
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


def test_closing_the_workspace_cancels_its_runs(load: Load) -> None:
    workspace = load(f"load_from: [python_file: {RUNS}]")
    run = only(workspace).launch("waiting", run_config=config("wait", file="/nowhere"))
    pid = int(told(run, "wait"))
    workspace.close()
    assert run.wait(30).status is RunStatus.CANCELED
    assert "torn down" in run.output()
    assert not alive(pid)


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
