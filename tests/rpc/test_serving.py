"""A code server, and a workspace that shows it: the way through."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from support.servers import serving
from support.waiting import wait_until

from skerry import ErrorKind, State, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]


def entry(port: int) -> str:
    return f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]"


def test_what_a_server_serves_is_shown_as_if_it_were_here(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py", SKERRY_CURRENT_IMAGE="team:1.5") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        assert remote.state is State.READY
        (repository,) = remote.repositories
        assert [pipeline.name for pipeline in repository.pipelines] == ["hello_pipeline"]
        assert remote.server is not None
        assert (remote.server.image, remote.server.generation) == ("team:1.5", 1)


def test_broken_code_is_served_as_an_error_with_the_users_own_line(write: Write, load: Load) -> None:
    write("broken.py", "SETTINGS = {}\nSETTINGS['horizon']\n")
    with serving(write("x", "").parent, "--python-file", "broken.py") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        assert remote.state is State.FAILED
        assert remote.error is not None
        assert remote.error.kind is ErrorKind.EXCEPTION
        assert remote.error.frames[-1].source == "SETTINGS['horizon']"


def test_a_server_that_goes_is_noticed_and_one_that_comes_back_is_used(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        port = server.port
        remote = load(entry(port))["remote"]
        assert remote.wait(30)
        first = remote.server
        server.signal(signal.SIGKILL)
        wait_until(lambda: remote.state is State.UNREACHABLE, what="UNREACHABLE")
        assert remote.error is not None
        assert "nothing listens there" in remote.error.message
    with serving(hello.parent, "--python-file", "hello.py", "--port", str(port)):
        wait_until(lambda: remote.state is State.READY, what="READY")
        assert first is not None
        assert remote.server is not None
        assert remote.server.id != first.id


def test_a_reload_makes_a_new_generation_and_a_failed_one_keeps_the_last(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        result = remote.reload()
        assert (result.old_generation, result.new_generation, result.error) == (1, 2, None)
        good = hello.read_text()
        hello.write_text("1 / 0")
        result = remote.reload()
        assert (result.old_generation, result.new_generation) == (2, None)
        assert result.error is not None
        assert result.error.message.startswith("ZeroDivisionError")
        wait_until(lambda: remote.snapshot.stale, what="stale")
        assert remote.state is State.READY
        assert remote.repositories
        hello.write_text(good)
        assert remote.reload().new_generation == 3
        wait_until(lambda: not remote.snapshot.stale, what="no longer stale")
