"""Runs of a remote location on the command line."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from support.commands import skerry
from support.cutting import line_to
from support.remote_runs import ended
from support.runs import config
from support.servers import Server, serving
from support.waiting import wait_until

#: Settings of a server that soon kills what refuses to be cancelled, and soon cancels what nobody follows.
QUICK = """
import skerry.code_server.runs, skerry.rpc.service_runs
skerry.code_server.runs.CANCEL_GRACE = 1.0
skerry.rpc.service_runs.LEASE = 0.5
"""


def name(folder: Path, port: int) -> None:
    """Write the workspace file whose one location is there."""
    (folder / "workspace.yaml").write_text(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]\n")


@contextlib.contextmanager
def shown_run(folder: Path, port: int, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run ``skerry run`` of the pipeline that waits; gives the process and the lines that it writes."""
    name(folder, port)
    line = [sys.executable, "-u", "-m", "skerry", "run", *arguments]
    process = subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reader.start()
    try:
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(30)
        process.stdout.close()


def test_a_run_over_there_is_shown_by_the_command_line(server: Server, tmp_path: Path) -> None:
    name(tmp_path, server.port)
    done = skerry(tmp_path, "run", "remote/runs/daily", "--json", "--run-id", "mine")
    assert done.returncode == 0, done.stderr
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert (types[0], types[-1]) == ("RUN_STARTED", "RUN_SUCCEEDED")
    shown = skerry(tmp_path, "runs", "show", "mine")
    assert "printed" in shown.stdout
    (record,) = json.loads(skerry(tmp_path, "runs", "--json").stdout)
    assert (record["id"], record["status"]) == ("mine", "SUCCEEDED")


def test_who_looks_on_is_told_that_the_connection_is_lost(server: Server, tmp_path: Path, code: Path) -> None:
    go = json.dumps(config("wait", file=str(code / "go")))
    with (
        line_to(server.port) as line,
        shown_run(tmp_path, line.port, "waiting", "--config-json", go) as (process, lines),
    ):
        wait_until(lambda: any("INFO" in one for one in lines), 30, "the run")
        line.cut()
        wait_until(lambda: any("The connection to remote is lost." in one for one in lines), 30, f"it in {lines}")
        (code / "go").touch()
        line.mend()
        assert process.wait(30) == 0
    assert "SUCCEEDED" in lines[-1]


def test_ctrl_c_cancels_a_run_over_there(server: Server, tmp_path: Path) -> None:
    nowhere = json.dumps(config("wait", file="/nowhere"))
    with shown_run(tmp_path, server.port, "waiting", "--config-json", nowhere) as (process, lines):
        wait_until(lambda: any("INFO" in one for one in lines), 30, "the run")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 1
    assert "CANCELED" in lines[-1]


def test_ctrl_c_twice_leaves_a_run_over_there_to_itself(tmp_path: Path, code: Path) -> None:
    with serving(code, "-f", "runs.py", settings=QUICK) as server:
        with shown_run(tmp_path, server.port, "refusing", "--run-id", "stays") as (process, lines):
            wait_until(lambda: any("INFO" in one for one in lines), 30, "the run")
            process.send_signal(signal.SIGINT)
            wait_until(lambda: any("Cancelling the run." in one for one in lines), 30, "it")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        assert "The run stays goes on by itself until it has ended.\n" in lines
        # Nobody follows it now: its location is asked how it has ended.
        done = skerry(tmp_path, "cancel", "stays")
        assert (done.returncode, done.stdout) == (0, "stays  CANCELED\n"), done.stderr


def test_a_detached_run_is_cancelled_and_shown_where_nobody_follows_it(
    server: Server, tmp_path: Path, code: Path
) -> None:
    name(tmp_path, server.port)
    where = json.dumps(config("wait", file=str(code / "go")))
    for run_id in ("a", "b"):
        done = skerry(tmp_path, "run", "waiting", "--detach", "--run-id", run_id, "--config-json", where)
        assert done.returncode == 0, done.stderr
    done = skerry(tmp_path, "cancel", "a")
    assert (done.returncode, done.stdout) == (0, "a  CANCELED\n"), done.stderr
    (code / "go").touch()
    wait_until(lambda: "SUCCEEDED" in skerry(tmp_path, "runs", "show", "b").stdout, 60, "the end, as it is shown")
    server.signal(signal.SIGTERM)
    server.wait_for_end()
    for run_id in ("a", "b"):  # all that was printed was brought here before anybody heard of the end
        assert "torn down" in skerry(tmp_path, "runs", "show", run_id).stdout


def test_a_run_that_cannot_be_reached_is_not_said_to_be_cancelled(tmp_path: Path, code: Path) -> None:
    with serving(code, "-f", "runs.py") as server:
        name(tmp_path, server.port)
        where = json.dumps(config("wait", file=str(code / "go")))
        done = skerry(tmp_path, "run", "waiting", "--detach", "--run-id", "far", "--config-json", where)
        assert done.returncode == 0, done.stderr
    try:
        cancelled = skerry(tmp_path, "cancel", "far")
        shown = skerry(tmp_path, "runs", "show", "far")
    finally:
        (code / "go").touch()
    assert cancelled.returncode == 1
    assert "The run far is executed elsewhere, and its location 'remote' cannot be asked." in cancelled.stderr
    assert "STARTING" in shown.stdout or "RUNNING" in shown.stdout
    assert (
        "It is executed elsewhere, and its location 'remote' cannot be asked: this is what was heard last."
        in " ".join(shown.stdout.split())
    )
    assert ended(code, "far") == "RUN_SUCCEEDED"
