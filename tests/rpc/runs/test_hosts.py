"""Runs whose hosts go away: cancelled after their lease, unless they are detached."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.remote_runs import SHORT_LEASE, ended, host, ready
from support.runs import config, told
from support.servers import Server, alive, serving
from support.waiting import wait_until

from skerry import RunStatus, Workspace

Load = Callable[[str], Workspace]


def test_a_run_that_nobody_follows_any_more_is_cancelled(code: Path, tmp_path: Path) -> None:
    with serving(code, "-f", "runs.py", settings=SHORT_LEASE) as server:
        with host(tmp_path, server.port, tmp_path / "go", "attached") as (process, pid):
            process.kill()
            wait_until(lambda: not alive(pid), 30, "the end of the run")
        # Whoever looks is told how it ended.
        with Workspace.load(tmp_path / "workspace.yaml") as workspace:
            assert workspace.launched("mine").wait(30).status is RunStatus.CANCELED


@pytest.mark.parametrize("how", ["killed", "closed"])
def test_a_detached_run_goes_on_without_its_host_and_is_taken_up_again(how: str, code: Path, tmp_path: Path) -> None:
    with serving(code, "-f", "runs.py", settings=SHORT_LEASE) as server:
        with host(tmp_path, server.port, tmp_path / "go", "detached") as (process, pid):
            if how == "killed":
                process.kill()
            process.communicate(timeout=30)
            assert alive(pid)
        with Workspace.load(tmp_path / "workspace.yaml") as workspace:
            run = workspace.launched("mine")
            assert run.run.status is RunStatus.RUNNING
            assert run.is_followed
            (tmp_path / "go").touch()
            assert run.wait(30).status is RunStatus.SUCCEEDED
            assert run.output() == "torn down\n"


def test_nobody_waits_for_a_run_that_nothing_more_is_heard_of(server: Server, code: Path, load: Load) -> None:
    workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
    location = ready(workspace["remote"])
    run = location.launch("waiting", run_config=config("wait", file=str(code / "go")), detached=True)
    told(run, "wait")
    with ThreadPoolExecutor(2) as pool:
        waiting, following = pool.submit(run.wait), pool.submit(lambda: list(run.events()))
        workspace.close()
        assert waiting.result(30).status is RunStatus.RUNNING
        assert following.result(30)[0].sequence == 1
    assert not run.is_followed
    (code / "go").touch()
    assert ended(code, run.id) == "RUN_SUCCEEDED"


def test_closing_waits_until_the_server_knows_what_was_detached(code: Path, load: Load) -> None:
    with serving(code, "-f", "runs.py", settings=SHORT_LEASE) as server, ThreadPoolExecutor(1) as pool:
        server.wait_for("READY")
        workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
        run = ready(workspace["remote"]).launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        server.signal(signal.SIGSTOP)
        try:
            run.detach()
            closed = pool.submit(workspace.close)
            with pytest.raises(TimeoutError):
                closed.result(1.0)
        finally:
            server.signal(signal.SIGCONT)
        closed.result(30)
        (code / "go").touch()
        assert ended(code, run.run.id) == "RUN_SUCCEEDED"


def test_what_a_run_has_printed_is_here_as_soon_as_its_end_is_known(server: Server, code: Path, load: Load) -> None:
    workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
    run = ready(workspace["remote"]).launch("waiting", run_config=config("wait", file=str(code / "go")), detached=True)
    (code / "go").touch()
    assert run.wait(30).status is RunStatus.SUCCEEDED
    workspace.close()
    assert run.output() == "torn down\n"
