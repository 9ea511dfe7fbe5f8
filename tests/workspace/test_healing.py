"""A process that ends by itself, after its code was loaded, is started again; errors of the code are not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.servers import alive, serving
from support.waiting import wait_until

from skerry import Location, State, Workspace
from skerry.model import LocationState
from skerry.workspace import life

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n"
#: Ends by itself a moment after it was loaded, as a leak would have it end.
ENDS = GOOD + "\nimport os, threading\nthreading.Timer(0.1, lambda: os._exit(3)).start()\n"


def pid_of(location: Location) -> int:
    assert location.server is not None
    assert location.server.pid is not None
    return location.server.pid


def kill_until_it_waits(location: Location) -> None:
    """The first time it is started again at once."""
    before = location.server
    os.kill(pid_of(location), signal.SIGKILL)
    wait_until(lambda: location.state is State.READY and location.server != before, what="READY again")
    os.kill(pid_of(location), signal.SIGKILL)
    wait_until(lambda: location.state is State.LOADING, what="LOADING")


def test_a_killed_process_is_back_with_another_id_and_nobody_else_notices(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    write("other.py", GOOD.format(name="other"))
    workspace = load("load_from: [python_file: team.py, python_file: other.py]")
    assert workspace.wait(60)
    team, other = workspace
    before, others = team.server, other.snapshot
    moves: list[LocationState] = []
    workspace.subscribe(lambda name, old, new: moves.append(new))
    os.kill(pid_of(team), signal.SIGKILL)
    wait_until(lambda: team.state is State.READY and team.server != before, what="READY again")
    assert team.error is None
    assert team.server is not None
    assert before is not None
    assert (team.server.id != before.id, team.server.generation) == (True, 2)
    assert [(move.name, move.state) for move in moves][:1] == [("team.py", State.LOADING)]
    assert moves[0].retry_at is not None
    assert moves[0].error is not None
    assert "SIGKILL" in moves[0].error.message
    assert other.snapshot == others
    assert {move.name for move in moves} == {"team.py"}


def test_a_killed_fork_server_costs_a_moment(write: Write, load: Load) -> None:
    for name in ("one", "two"):
        write(f"{name}.py", GOOD.format(name=name))
    workspace = load("load_from: [python_file: one.py, python_file: two.py]")
    assert workspace.wait(60)
    before = [location.server for location in workspace]
    fork_server = psutil.Process(pid_of(workspace["one.py"])).ppid()
    os.kill(fork_server, signal.SIGKILL)
    wait_until(
        lambda: all(
            location.state is State.READY and location.server != old
            for location, old in zip(workspace, before, strict=True)
        ),
        what="both READY again",
    )
    assert not alive(fork_server)


def test_what_ends_again_and_again_is_waited_for_longer_each_time(write: Write, load: Load) -> None:
    write("team.py", ENDS.format(name="daily"))
    workspace = load("load_from: [python_file: team.py]")
    pauses: list[float] = []
    errors: list[str] = []

    def seen(name: str, old: LocationState | None, new: LocationState) -> None:
        if new.retry_at is not None and new.error is not None:
            pauses.append(new.retry_at - time.time())
            errors.append(new.error.message)

    workspace.subscribe(seen)
    wait_until(lambda: len(pauses) >= 4, 40, what="four restarts")
    first, *later = pauses
    assert first <= 0
    assert later[2] > 2 * later[0] > 0
    assert all("ended with exit code 3 while waiting for calls" in error for error in errors)


def test_code_that_fails_when_it_is_loaded_again_is_failed_and_left_so(write: Write, load: Load) -> None:
    write("team.py", GOOD.format(name="daily"))
    workspace = load("load_from: [python_file: team.py]")
    assert workspace.wait(60)
    (location,) = workspace
    write("team.py", "1 / 0")
    os.kill(pid_of(location), signal.SIGKILL)
    wait_until(lambda: location.state is State.FAILED, what="FAILED")
    assert location.error is not None
    assert location.error.message == "ZeroDivisionError: division by zero"
    assert location.snapshot.retry_at is None


def test_a_reload_does_not_wait_for_the_pause(write: Write, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "FIRST_RESTART", 3600.0)
    monkeypatch.setattr(life, "LAST_RESTART", 3600.0)
    write("team.py", GOOD.format(name="daily"))
    workspace = load("load_from: [python_file: team.py]")
    assert workspace.wait(60)
    (location,) = workspace
    kill_until_it_waits(location)
    reloading = threading.Thread(target=location.reload)
    reloading.start()
    reloading.join(30)
    assert not reloading.is_alive()
    assert location.state is State.READY


def test_closing_during_the_pause_leaves_nothing(write: Write, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "FIRST_RESTART", 3600.0)
    monkeypatch.setattr(life, "LAST_RESTART", 3600.0)
    write("team.py", GOOD.format(name="daily"))
    workspace = load("load_from: [python_file: team.py]")
    assert workspace.wait(60)
    (location,) = workspace
    kill_until_it_waits(location)
    workspace.close()
    assert location.state is State.CLOSED
    assert location.snapshot.retry_at is None


def test_a_served_location_heals_for_all_its_clients(hello: Path, load: Load) -> None:
    with serving(hello.parent, "-f", "hello.py") as server:
        workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
        assert workspace.wait(30)
        remote = workspace["remote"]
        before = remote.server
        os.kill(pid_of(remote), signal.SIGKILL)
        wait_until(lambda: remote.state is State.READY and remote.server != before, what="READY again")
        assert remote.server is not None
        assert remote.server.generation == 2
