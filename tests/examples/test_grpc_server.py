"""examples/grpc_server: the command lines and the entry of the specification, with a real path, port and socket."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import skerry
from support.interpreters import make_environment
from support.pages import ROOT
from support.servers import Server, short_folder, start_server

from skerry import State, Workspace

#: As the page has them on which Skerry's workspaces are modelled; the program's name alone is another.
BY_PORT = [
    "skerry api grpc --python-file /path/to/file.py --host 0.0.0.0 --port 4266",
    "skerry api grpc --package-name my_package_name --host 0.0.0.0 --port 4266",
]
BY_SOCKET = [
    "skerry api grpc --python-file /path/to/file.py --host 0.0.0.0 --port /path/to/socket",
    "skerry api grpc --package-name my_package_name --host 0.0.0.0 --socket /path/to/socket",
]
ONE_REPOSITORY = [
    "skerry api grpc --python-file /path/to/file.py --attribute my_repository --host 0.0.0.0 --port 4266",
    "skerry api grpc --package-name my_package_name --attribute my_repository --host 0.0.0.0 --port 4266",
]

BOTH = ["hello_world_repository", "my_repository"]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Give a copy of the example."""
    ignore = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT / "examples" / "grpc_server", tmp_path / "grpc_server", ignore=ignore))


@pytest.fixture
def sockets() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def start(line: str, example: Path, socket: Path | None = None, image: str = "") -> Server:
    """Start a command line, with real places for those that it names; the port is any that is free."""
    line = line.replace("/path/to/file.py", str(example / "hello_world_repository.py"))
    line = line.replace("/path/to/socket", str(socket)).replace("4266", "0")
    program, api, grpc, *arguments = shlex.split(line)
    assert (program, api, grpc) == ("skerry", "api", "grpc")
    # Installed where the code's interpreter finds it, as a team's package is.
    version = "{}.{}".format(*sys.version_info[:2])
    python = make_environment(example / "venv", version, example)
    server = start_server(example, *arguments, SKERRY_API_GRPC_EXECUTABLE_PATH=str(python), SKERRY_CURRENT_IMAGE=image)
    server.wait_for("serving ")
    return server


def repositories(entry: str, folder: Path) -> list[str]:
    file = folder / "workspace.yaml"
    file.write_text(f"load_from:\n  - grpc_server:\n      {entry}\n")
    with Workspace.load(file) as workspace:
        assert workspace.wait(60)
        (location,) = workspace.locations
        assert location.state is State.READY, location.error
        return [repository.name for repository in location.repositories]


@pytest.mark.parametrize("line", BY_PORT)
def test_a_server_at_a_port_is_reached_from_this_machine_and_protected(line: str, example: Path) -> None:
    server = start(line, example)
    try:
        assert "protected mode: only clients on this machine are served" in server.log
        assert " at 0.0.0.0:" in server.log
        assert repositories(f"port: {server.port}", example) == BOTH
    finally:
        server.end()
    assert server.wait_for_end() == 0


@pytest.mark.parametrize("line", BY_SOCKET)
def test_a_server_at_a_socket_is_reached_by_its_path(line: str, example: Path, sockets: Path) -> None:
    socket = sockets / "socket"
    server = start(line, example, socket)
    try:
        assert socket.is_socket()
        assert repositories(f"socket: {socket}", example) == BOTH
    finally:
        server.end()
    assert not socket.exists()


@pytest.mark.parametrize("line", ONE_REPOSITORY)
def test_an_attribute_serves_one_repository(line: str, example: Path) -> None:
    server = start(line, example)
    try:
        assert repositories(f"port: {server.port}", example) == ["my_repository"]
    finally:
        server.end()


def test_the_workspace_file_shows_the_server_with_its_image(example: Path) -> None:
    file = example / "workspace.yaml"
    server = start(BY_PORT[0], example, image="registry.example.com/reports:1.5")
    try:
        file.write_text(file.read_text().replace("4266", str(server.port)))
        shown = skerry(example, "inspect", COLUMNS="200")
        assert shown.returncode == 0, shown.stderr
        (line,) = (line for line in shown.stdout.splitlines() if "my_grpc_server" in line)
        assert line.split()[:3] == ["READY", "my_grpc_server", "grpc_server"]
        assert "registry.example.com/reports:1.5" in line
        details = skerry(example, "inspect", "my_grpc_server").stdout
        assert "  image       registry.example.com/reports:1.5" in details.splitlines()
    finally:
        server.end()


def test_ctrl_c_ends_a_server_as_sigterm_does(example: Path) -> None:
    server = start(BY_PORT[0], example)
    try:
        server.signal(signal.SIGINT)
        assert server.wait_for_end() == 0
        assert server.log.rstrip().endswith("INFO ended")
    finally:
        server.end()
