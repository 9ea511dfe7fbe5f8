"""Runs of remote locations: their location, their host, and how they end over there."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from skerry import Location, State, Workspace
from support.runs import HOST
from support.waiting import wait_until

Load = Callable[[str], Workspace]

#: Settings of a server that cancels soon what nobody follows.
SHORT_LEASE = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.LEASE = 0.5"


def remote(load: Load, port: int) -> Location:
    (location,) = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")
    return ready(location)


def ready(location: Location) -> Location:
    wait_until(lambda: location.state is State.READY, 60, f"READY, not {location.snapshot}")
    return location


@contextlib.contextmanager
def host(folder: Path, port: int, go: Path, how: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a host in another process that launches a run; gives it and the pid of the run."""
    (folder / "host.py").write_text(HOST)
    (folder / "workspace.yaml").write_text(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]\n")
    line = [sys.executable, "host.py", "workspace.yaml", str(go), how]
    process = subprocess.Popen(line, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def ended(code: Path, run_id: str) -> str:
    """Wait until a run has ended over there, and give how."""
    journal = code / ".skerry" / "served_runs" / run_id / "events.jsonl"
    ends = re.compile('"type": ?"(RUN_(?:SUCCEEDED|FAILED|CANCELED))"')
    wait_until(lambda: journal.exists() and ends.search(journal.read_text()) is not None, what=f"the end of {run_id}")
    return str(ends.findall(journal.read_text())[0])
