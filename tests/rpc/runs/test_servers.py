"""Runs whose servers reload, end, or are killed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.remote_runs import remote
from support.runs import config, told
from support.servers import alive, serving
from support.waiting import wait_until

from skerry import ErrorKind, RunStatus, Workspace

Load = Callable[[str], Workspace]


def test_a_reload_over_there_does_not_touch_a_run(load: Load, code: Path) -> None:
    with serving(code, "-f", "runs.py") as server:
        location = remote(load, server.port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        assert location.reload().new_generation == 2
        (code / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert location.launch("daily", repository="runs").run.generation == 2


def test_a_detached_run_outlives_its_server_and_is_found_by_the_next(code: Path, load: Load) -> None:
    with serving(code, "-f", "runs.py") as server:
        port = server.port
        location = remote(load, port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")), detached=True)
        pid = int(told(run, "wait"))
    assert alive(pid)
    with serving(code, "-f", "runs.py", "--port", str(port)):
        (code / "go").touch()
        assert run.wait(60).status is RunStatus.SUCCEEDED


def test_a_server_that_ends_lets_runs_come_to_their_end(code: Path, load: Load) -> None:
    with serving(code, "-f", "runs.py") as server:
        location = remote(load, server.port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        server.signal(signal.SIGTERM)
        server.wait_for("come to their end first")
        (code / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert server.wait_for_end() == 0


def test_a_server_that_ends_cancels_what_takes_too_long_and_tells_it(code: Path, load: Load) -> None:
    settings = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.DRAIN = 0.1"
    with serving(code, "-f", "runs.py", settings=settings) as server:
        location = remote(load, server.port)
        run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
        pid = int(told(run, "wait"))
        server.signal(signal.SIGTERM)
        assert run.wait(30).status is RunStatus.CANCELED
        assert "torn down" in run.output()
        assert server.wait_for_end() == 0
    assert not alive(pid)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_server_that_is_killed_takes_its_runs_along_and_the_record_is_true(
    keeps: bool, code: Path, load: Load
) -> None:
    with serving(code, "-f", "runs.py") as server:
        port = server.port
        location = remote(load, port)
        run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
        pid = int(told(run, "wait"))
        server.signal(signal.SIGKILL)
        server.wait_for_end()
    wait_until(lambda: not alive(pid), 10, "the end of the run")
    if not keeps:
        shutil.rmtree(code / ".skerry")
    with serving(code, "-f", "runs.py", "--port", str(port)):
        ended = run.wait(60)
    if keeps:
        # It was cancelled, as far as it came with that before it was killed.
        assert ended.status in (RunStatus.FAILED, RunStatus.CANCELED)
        return
    assert ended.status is RunStatus.FAILED
    errors = [event.error for event in run.events() if event.error is not None]
    assert errors[-1].kind is ErrorKind.RUN_UNKNOWN_ELSEWHERE
    assert errors[-1].message.startswith(
        f"The code server at localhost:{port} does not know the run {run.id!r} any more."
    )
