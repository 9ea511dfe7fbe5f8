"""A port or a socket that somebody has: the second server says so, and who it is; what is left over is taken."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import skerry
from support.servers import Server, serving, short_folder, start_server
from support.waiting import wait_until

from skerry import State, Workspace

Load = Callable[[str], Workspace]


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as found:
        yield found


def refused(server: Server) -> str:
    """Give what a server says that cannot listen."""
    try:
        assert server.wait_for_end() == 1, server.log
        return server.log
    finally:
        server.end()


def entry(where: str) -> str:
    return f"load_from: [grpc_server: {{{where}, location_name: remote}}]"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "::1"])
def test_a_second_server_on_a_port_fails_and_names_the_first(host: str, hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py", "--host", host) as first:
        port = str(first.port)
        said = refused(start_server(hello.parent, "-f", "hello.py", "--port", port, "--host", host))
        assert f"The port {port} is taken by a Skerry code server of {hello} (process {first.pid}, " in said
        assert "give another --port" in said
        remote = load(entry(f"port: {port}, host: '{'127.0.0.1' if host == '0.0.0.0' else host}'"))["remote"]
        assert remote.wait(30)
        assert remote.state is State.READY


def test_a_port_that_another_program_has_is_told_with_its_process(hello: Path) -> None:
    program = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
    other = subprocess.Popen(
        [sys.executable, "-c", f"{program}; sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        port = other.stdout.readline().strip()
        said = refused(start_server(hello.parent, "-f", "hello.py", "--port", port, "--host", "127.0.0.1"))
        assert f"The port {port} is taken by process {other.pid}, " in said
        assert "Skerry code server" not in said
    finally:
        other.communicate(timeout=30)


def test_a_host_that_is_not_this_machine_is_an_error(hello: Path) -> None:
    said = refused(start_server(hello.parent, "-f", "hello.py", "--port", "0", "--host", "192.0.2.1"))
    assert "Give --host a name or an address of this machine." in said
    said = refused(start_server(hello.parent, "-f", "hello.py", "--port", "0", "--host", "no-such-host.invalid"))
    assert "The host 'no-such-host.invalid' is not known." in said


def test_a_socket_is_served_and_gone_afterwards(hello: Path, folder: Path, load: Load) -> None:
    path = folder / "sales.sock"
    with serving(hello.parent, "--python-file", "hello.py", "--socket", str(path)):
        remote = load(entry(f"socket: {path}"))["remote"]
        assert remote.wait(30)
        assert remote.state is State.READY
        assert remote.server is not None
        assert remote.server.address == str(path)
    assert list(folder.iterdir()) == []


def test_a_socket_given_to_port_is_understood(hello: Path, folder: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py", "--host", "0.0.0.0", "--port", str(folder / "s")):
        remote = load(entry(f"socket: {folder / 's'}"))["remote"]
        assert remote.wait(30)
        assert remote.state is State.READY


def test_a_second_server_on_a_socket_fails_names_the_first_and_leaves_it_alone(
    hello: Path, folder: Path, load: Load
) -> None:
    path = folder / "sales.sock"
    with serving(hello.parent, "--python-file", "hello.py", "--socket", str(path)) as first:
        said = refused(start_server(hello.parent, "-f", "hello.py", "--socket", str(path)))
        assert f"The socket {path} is taken by a Skerry code server of {hello}" in said
        if sys.platform == "linux":
            assert f"process {first.pid}, " in said
        remote = load(entry(f"socket: {path}"))["remote"]
        assert remote.wait(30)
        assert remote.state is State.READY


def test_the_socket_of_a_server_that_was_killed_is_taken_over(hello: Path, folder: Path, load: Load) -> None:
    path = folder / "sales.sock"
    with serving(hello.parent, "--python-file", "hello.py", "--socket", str(path)) as first:
        first.signal(signal.SIGKILL)
        first.wait_for_end()
        assert path.exists()
    remote = load(entry(f"socket: {path}"))["remote"]
    assert remote.wait(30)
    assert remote.error is not None
    assert "nothing listens there: a server that has ended left it" in remote.error.message
    with serving(hello.parent, "--python-file", "hello.py", "--socket", str(path)):
        wait_until(lambda: remote.state is State.READY, what="READY")


def test_a_socket_that_another_program_answers_is_left_alone(hello: Path, folder: Path) -> None:
    path = folder / "sales.sock"
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(path))
        other.listen()
        said = refused(start_server(hello.parent, "-f", "hello.py", "--socket", str(path)))
        assert f"The socket {path} is taken" in said
        if sys.platform == "linux":
            assert f"process {os.getpid()}, " in said
    assert path.is_socket()


def test_a_file_where_the_socket_should_be_is_not_removed(hello: Path, folder: Path) -> None:
    path = folder / "sales.sock"
    path.write_text("mine")
    said = refused(start_server(hello.parent, "-f", "hello.py", "--socket", str(path)))
    assert f"{path} is there already, and is no socket." in said
    assert path.read_text() == "mine"


def test_a_socket_in_no_folder_is_an_error(hello: Path, folder: Path) -> None:
    said = refused(start_server(hello.parent, "-f", "hello.py", "--socket", str(folder / "missing" / "s")))
    assert f"There is no folder {folder / 'missing'} for the socket." in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-f", "hello.py"], "exactly one of --port and --socket"),
        (["-f", "hello.py", "--port", "0", "--socket", "s"], "exactly one of --port and --socket"),
        (["-f", "hello.py", "--port", "70000"], "up to 65535"),
        (["-f", "hello.py", "--port", "http"], "up to 65535"),
        (["-f", "hello.py", "--port", "tcp://10.0.0.7:4266"], "enableServiceLinks: false"),
        (["--port", "0"], "exactly one of --python-file, --package-name and --module-name"),
        (["-f", "hello.py", "-m", "hello", "--port", "0"], "exactly one of --python-file"),
        (["-f", "hello.py", "--port", "0", "--tls-cert", "c.pem"], "--tls-cert and --tls-key belong together"),
        (["-f", "hello.py", "--port", "0", "--client-ca", "ca.pem"], "--client-ca needs TLS"),
        (["--package-name", "hello", "-a", "", "--port", "0"], "`attribute` must not be empty"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_starts(arguments: list[str], words: str, hello: Path) -> None:
    result = skerry(hello.parent, "api", "grpc", *arguments)
    assert result.returncode == 2
    assert words in result.stderr


def test_of_several_that_start_at_once_one_gets_the_socket(hello: Path, folder: Path) -> None:
    path = folder / "sales.sock"
    with closing(socket.socket(socket.AF_UNIX)) as left_over:
        left_over.bind(str(path))
    servers = [start_server(hello.parent, "-f", "hello.py", "--socket", str(path)) for _ in range(4)]
    try:
        wait_until(lambda: sum(server.process.poll() is not None for server in servers) == 3, what="three refusals")
        (winner,) = [server for server in servers if server.process.poll() is None]
        winner.wait_for("serving ")
        assert skerry(folder, "api", "grpc-health-check", "--socket", "sales.sock").stdout == "SERVING\n"
    finally:
        for server in servers:
            server.end()
