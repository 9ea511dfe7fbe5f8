"""The client's side of a connection: servers that are slow, stopped, replaced, many; and a host that is not gated."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import skerry
from support.other_servers import code_server
from support.servers import serving
from support.waiting import wait_until

from skerry import LocationError, State, Workspace
from skerry.model import LocationState
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.peer import Peer

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]


def entry(port: int) -> str:
    return f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]"


def test_a_server_that_is_replaced_at_once_is_never_shown_as_lost(hello: Path, load: Load) -> None:
    moves: list[LocationState] = []
    with serving(hello.parent, "-f", "hello.py") as first:
        port = first.port
        workspace = load(entry(port))
        assert workspace.wait(30)
        before = workspace["remote"].server
        workspace.subscribe(lambda name, old, new: moves.append(new))
        first.signal(signal.SIGSTOP)  # it answers nobody, and holds the port no longer than until it is killed
        first.signal(signal.SIGKILL)
        first.signal(signal.SIGCONT)
        first.wait_for_end()
    with serving(hello.parent, "-f", "hello.py", "--port", str(port)):
        remote = workspace["remote"]
        wait_until(lambda: remote.state is State.READY and remote.server != before, what="READY on the new one")
        assert all(move.retry_at is not None for move in moves if move.state is State.UNREACHABLE)


def test_a_server_that_is_stopped_is_told_as_one_that_says_nothing(hello: Path, load: Load) -> None:
    with serving(hello.parent, "-f", "hello.py") as server:
        server.signal(signal.SIGSTOP)
        try:
            remote = load(entry(server.port))["remote"]
            wait_until(lambda: remote.state is State.UNREACHABLE, 40, what="UNREACHABLE")
            assert remote.error is not None
            assert "it takes the connection and says nothing" in remote.error.message
        finally:
            server.signal(signal.SIGCONT)
        wait_until(lambda: remote.state is State.READY, 40, what="READY")


def test_a_dead_server_delays_nobody(hello: Path, load: Load) -> None:
    workspace = load("load_from: [grpc_server: {port: 1}, python_file: hello.py, grpc_server: {socket: no.sock}]")
    assert workspace.wait(30)
    assert [location.state for location in workspace] == [State.UNREACHABLE, State.READY, State.UNREACHABLE]
    result = skerry(hello.parent, "check")
    assert result.returncode == 1
    assert "The code server at localhost:1 cannot be reached: nothing listens there." in result.stdout
    result = skerry(hello.parent, "inspect", "--json")
    states = [location["state"] for location in json.loads(result.stdout)["locations"]]
    assert states == ["UNREACHABLE", "READY", "UNREACHABLE"]


def test_many_locations_of_one_server_cost_it_nothing_when_they_go(hello: Path, load: Load) -> None:
    with serving(hello.parent, "-f", "hello.py") as server:
        entries = [{"grpc_server": {"port": server.port, "location_name": f"remote{index}"}} for index in range(30)]
        descriptors = len(os.listdir("/proc/self/fd"))
        with Workspace.from_entries(entries) as workspace:
            assert workspace.wait(60)
            assert {location.state for location in workspace} == {State.READY}
            served = len(os.listdir(f"/proc/{server.pid}/fd"))
        wait_until(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) <= served - 25, what="the server's descriptors")
        wait_until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors + 3, what="the client's descriptors")


def test_closing_while_connecting_is_quick_and_leaves_nothing(hello: Path, load: Load) -> None:
    with serving(hello.parent, "-f", "hello.py") as server:
        server.signal(signal.SIGSTOP)
        try:
            workspace = load(entry(server.port))
            closing = threading.Thread(target=workspace.close)
            closing.start()
            closing.join(20)
            assert not closing.is_alive()
        finally:
            server.signal(signal.SIGCONT)


def test_the_output_of_a_remote_location_is_its_codes(write: Write, load: Load) -> None:
    folder = write(
        "prints.py", "from skerry import pipeline\n\n@pipeline\ndef daily():\n    pass\n\nprint('x' * 200000)\n"
    )
    with serving(folder.parent, "-f", "prints.py") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        assert remote.output() == "x" * 200000 + "\n"


def test_what_is_shown_of_a_remote_location_names_its_address_and_its_python(hello: Path) -> None:
    with serving(hello.parent, "-f", "hello.py", SKERRY_CURRENT_IMAGE="acme/sales:1.5") as server:
        (hello.parent / "workspace.yaml").write_text(entry(server.port))
        shown = skerry(hello.parent, "inspect", "remote").stdout
        assert f"address     localhost:{server.port}\n" in shown
        assert "image       acme/sales:1.5\n" in shown
        shown = skerry(hello.parent, "inspect", "remote", "--explain").stdout
        assert str(hello) in shown


def test_a_call_over_a_connection_that_another_thread_has_left_says_so() -> None:
    with code_server("9.9.9") as port:
        peer = Peer(Address.parse(f"localhost:{port}"), None, lambda: None)
        peer.shake_hands(20.0)
        peer.close()
        with pytest.raises(LocationError, match="cannot be reached: it was left"):
            peer.call(peer.stubs.shut_down, messages.ShutDownRequest(), 1.0)
