"""``skerry api grpc --watch``: the server loads again what is saved, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.servers import serving
from support.waiting import wait_until

from skerry import State, Workspace


def test_a_save_reloads_what_is_served(hello: Path, load: Callable[[str], Workspace]) -> None:
    with serving(hello.parent, "--python-file", "hello.py", "--watch") as server:
        server.wait_for("generation 1 of hello.py is READY")
        remote = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")["remote"]
        assert remote.wait(30)
        good = hello.read_text()
        hello.write_text(good.replace("hello_pipeline", "saved_pipeline"))
        server.wait_for("generation 2 of hello.py is READY")
        wait_until(lambda: remote.server is not None and remote.server.generation == 2, what="the new generation")
        assert [pipeline.name for pipeline in remote.repositories[0].pipelines] == ["saved_pipeline"]
        hello.write_text("1 / 0")
        server.wait_for("the reload of hello.py failed, hello.py changed: ZeroDivisionError: division by zero")
        wait_until(lambda: remote.snapshot.stale, what="stale")
        assert remote.state is State.READY
        hello.write_text(good)
        server.wait_for("generation 3 of hello.py is READY")


def test_a_variable_stands_for_it(hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py", SKERRY_API_GRPC_WATCH="1") as server:
        server.wait_for("generation 1 of hello.py is READY")
        hello.write_text(hello.read_text() + "\n")
        server.wait_for("generation 2 of hello.py is READY")
