"""Runs of a remote location: executed where its code is, told here as those of a local one."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.remote_runs import ready, remote
from support.runs import config, told
from support.servers import Server, alive, serving, short_folder
from support.waiting import wait_until

from skerry import LaunchedRun, LocationError, RunStatus, Workspace
from skerry.execution import EventType

Load = Callable[[str], Workspace]


def shown(run: LaunchedRun) -> Any:
    """Give all that is told of a run but for its times and its processes."""
    events = [{**event.to_json(), "at": None} for event in run.events()]
    told = json.dumps([run.run.status.value, run.output(), events])
    return json.loads(re.sub("0x[0-9a-f]+", "0x", told))  # the address of a thread


LAUNCHES: list[tuple[str, dict[str, Any]]] = [
    ("daily", {"repository": "runs", "tags": {"team": "größe \U0001f3dd"}}),
    ("daily", {"repository": "others", "solids": ["one"], "max_concurrency": 2}),
    ("leaving", {"run_config": config("leave", exit="raise")}),
    ("leaving", {"run_config": config("leave", exit="exit")}),
    ("leaving", {"run_config": config("leave", exit="SIGSEGV")}),
    ("awkward", {}),
]


@pytest.mark.parametrize("kind", ["socket", "port"])
def test_a_run_is_told_as_if_it_were_here(kind: str, code: Path, load: Load) -> None:
    with contextlib.ExitStack() as stack:
        if kind == "socket":
            socket = stack.enter_context(short_folder()) / "sock"
            stack.enter_context(serving(code, "-f", "runs.py", "--socket", str(socket)))
            where = f"socket: {socket}"
        else:
            where = f"port: {stack.enter_context(serving(code, '-f', 'runs.py')).port}"
        workspace = load(
            f"load_from:\n- python_file: {code / 'runs.py'}\n- grpc_server: {{{where}, location_name: remote}}\n"
        )
        here, there = (ready(location) for location in workspace)
        for pipeline, options in LAUNCHES:
            runs = [location.launch(pipeline, **options) for location in (here, there)]
            for run in runs:
                assert run.wait(60).status.is_over
            assert shown(runs[1]) == shown(runs[0])
        record = runs[1].run
        assert (record.location, record.generation, record.elsewhere) == ("remote", 1, True)
        workspace.close()


def test_a_run_that_goes_on_is_followed_as_it_goes(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
    pid = int(told(run, "wait"))
    assert run.run.status is RunStatus.RUNNING
    assert alive(pid)
    (code / "go").touch()
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert run.output() == "torn down\n"


def test_what_it_has_printed_is_there_while_it_goes_on(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    run = location.launch("refusing")
    told(run, "refuse")
    run.cancel()
    wait_until(lambda: run.output() == "refused\n", what="the output")
    assert not run.run.status.is_over


def test_a_run_is_started_once_for_each_id(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    runs = [location.launch("daily", repository="runs", run_id="mine") for _ in range(3)]
    for run in runs:
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert [event.type for event in run.events()].count(EventType.RUN_STARTED) == 1
    assert len(list((code / ".skerry" / "served_runs").iterdir())) == 1


def test_two_hosts_that_choose_one_id_start_it_once(server: Server, load: Load, tmp_path: Path, code: Path) -> None:
    entry = {"grpc_server": {"port": server.port, "location_name": "remote"}}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with Workspace.from_entries([entry], tmp_path / "a") as a, Workspace.from_entries([entry], tmp_path / "b") as b:
        runs = [ready(one["remote"]).launch("daily", repository="runs", run_id="mine") for one in (a, b)]
        first, second = [[event.to_json() for event in run.events()] for run in runs]
    assert first == second
    assert first[-1]["type"] == "RUN_SUCCEEDED"


def test_a_large_run_config_arrives(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    many = config("wait", file=str(code / "go"), more="x" * 3_000_000)
    (code / "go").touch()
    assert location.launch("waiting", run_config=many).wait(30).status is RunStatus.SUCCEEDED


def test_what_no_server_takes_is_refused_and_the_record_says_so(server: Server, load: Load) -> None:
    location = remote(load, server.port)
    with pytest.raises(LocationError) as refused:
        location.launch("daily", repository="runs", run_id="large", tags={"x": "y" * 100_000})
    assert str(refused.value).startswith(
        f"The code server at localhost:{server.port} has not started the run: its tags and solids take 100"
    )
    with pytest.raises(LocationError, match="its run config takes 17000"):
        location.launch("waiting", run_config=config("wait", file="x" * 17_000_000))


@pytest.mark.parametrize("how", ["cancel", "close", "command"])
def test_a_run_is_cancelled_and_torn_down(how: str, server: Server, load: Load, tmp_path: Path) -> None:
    workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
    run = ready(workspace["remote"]).launch("waiting", run_config=config("wait", file="/nowhere"), run_id="mine")
    pid = int(told(run, "wait"))
    if how == "cancel":
        run.cancel()
    elif how == "close":
        workspace.close()
    else:
        # Another process on this machine asks for it.
        line = [sys.executable, "-m", "skerry", "cancel", "mine"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "mine  CANCELED\n")
    assert run.wait(30).status is RunStatus.CANCELED
    assert run.output() == "torn down\n"
    assert not alive(pid)


def test_a_run_from_failure_takes_over_what_is_kept_over_there(server: Server, load: Load) -> None:
    location = remote(load, server.port)
    failed = location.launch("leaving", run_config=config("leave", exit="raise"))
    assert failed.wait(30).status is RunStatus.FAILED
    again = location.launch("leaving", run_config=config("leave", exit="raise"), after=failed.id)
    again.wait(30)
    started = [event.solid for event in again.events() if event.type is EventType.SOLID_STARTED]
    assert started == ["leave"]
