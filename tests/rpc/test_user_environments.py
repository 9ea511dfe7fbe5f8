"""Whatever a user's environment holds or lacks, its code is served, and nothing of the wire enters it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import environment
from support.frozen import WHEELS, make_frozen_environment
from support.interpreters import make_environment
from support.servers import serving, short_folder, start_server

from skerry import ErrorKind, Location, State, Workspace
from skerry.rpc.address import SOCKET_PATH_LIMIT

Load = Callable[[str], Workspace]
CHILDREN = Path(__file__).parents[1] / "children"
CORE = Path(__file__).parents[2] / "core"


def remote(load: Load, port: int) -> Location:
    location = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
    assert location.wait(60)
    return location


def host_environment(folder: Path) -> Path:
    """Make an environment with the grpcio and protobuf that are installed here; gives its interpreter."""
    return make_environment(folder, f"{sys.version_info[0]}.{sys.version_info[1]}", Path(sysconfig.get_path("purelib")))


# -- who pays for the wire --------------------------------------------------------------------------------------------


def imported(folder: Path, *arguments: str) -> set[str]:
    """Give the packages that a `skerry` command imports."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "skerry", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    lines = [line for line in told.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 50
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}


@pytest.mark.parametrize("command", [["--help"], ["api", "--help"], ["inspect"], ["inspect", "--json"], ["check"]])
def test_a_command_without_a_remote_location_does_not_import_grpc(command: list[str], hello: Path) -> None:
    (hello.parent / "workspace.yaml").write_text("load_from: [python_file: hello.py]")
    assert not {"grpc", "google"} & imported(hello.parent, *command)


def test_one_with_a_remote_location_does(hello: Path) -> None:
    (hello.parent / "workspace.yaml").write_text("load_from: [grpc_server: {port: 1}]")
    assert {"grpc", "google"} <= imported(hello.parent, "inspect")


def test_a_user_process_has_nothing_of_the_wire_served_or_beside_a_remote_location(load: Load, tmp_path: Path) -> None:
    import skerry.rpc.protocol  # noqa: F401  # as in a host that has reached a server before

    code = shutil.copy(CHILDREN / "tells_its_environment.py", tmp_path / "tells.py")
    with serving(tmp_path, "--python-file", "tells.py") as server:
        workspace = load(
            f"load_from: [python_file: {code}, grpc_server: {{port: {server.port}, location_name: remote}}]"
        )
        assert workspace.wait(30)
        for location in workspace.locations:
            assert location.state is State.READY, location.error
            told = json.loads(location.output())
            assert not {"grpc", "google"} & {name.split(".")[0] for name in told["modules"]}
            assert not [name for name in told["variables"] if name == "GRPC_VERBOSITY"]


# -- what an environment holds ----------------------------------------------------------------------------------------


def test_code_with_protocols_and_a_running_server_of_its_own_is_served(load: Load, tmp_path: Path) -> None:
    python = host_environment(tmp_path / "environment")
    folder = CHILDREN / "own_protocols"
    options = ("--working-directory", str(folder), "--executable-path", str(python))
    with serving(tmp_path, "--python-file", str(folder / "repository.py"), *options) as server:
        location = remote(load, server.port)
        assert location.state is State.READY, location.error
        assert "echo: heard" in location.output()
        assert location.reload().new_generation == 2
        assert [repository.name for repository in location.repositories] == ["own_protocols"]


def test_an_environment_without_skerry_is_served(load: Load, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment", "3.8")
    with serving(
        tmp_path, "--python-file", str(CHILDREN / "everything.py"), "--executable-path", str(python)
    ) as server:
        location = remote(load, server.port)
        assert location.state is State.READY, location.error
        assert location.server is not None
        assert location.server.executable == str(python)
        assert f"loaded with {CORE / 'skerry'}" in location.output()


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel.name)
def test_an_environment_with_a_skerry_of_another_version_is_served_with_that_one(
    wheel: Path, load: Load, tmp_path: Path
) -> None:
    python = make_frozen_environment(tmp_path / "environment", wheel)
    with serving(
        tmp_path, "--python-file", str(CHILDREN / "everything.py"), "--executable-path", str(python)
    ) as server:
        location = remote(load, server.port)
        assert location.state is State.READY, location.error
        assert f"loaded with {tmp_path / 'environment'}" in location.output()


def test_an_environment_with_a_skerry_that_does_not_fit_is_served_as_one_sentence(load: Load, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(CORE / "skerry", installed / "skerry")
    pipe = installed / "skerry" / "pipe.py"
    pipe.write_text(pipe.read_text().replace("PROTOCOL = 1", "PROTOCOL = 99"))
    python = make_environment(tmp_path / "environment", "3.11", installed)
    with serving(tmp_path, "--python-file", str(CHILDREN / "good.py"), "--executable-path", str(python)) as server:
        location = remote(load, server.port)
        assert location.state is State.FAILED
        assert location.error is not None
        assert location.error.kind is ErrorKind.INCOMPATIBLE_SKERRY
        assert f"`{python} -m pip install skerry==" in location.error.message


# -- where it runs ----------------------------------------------------------------------------------------------------


def test_everything_works_with_a_temporary_folder_of_150_characters(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("t" * (150 - len(str(tmp_path)) - 1))
    long.mkdir()
    assert len(str(long)) == 150
    monkeypatch.setenv("TMPDIR", str(long))
    with short_folder() as folder:
        socket = str(folder / "code.sock")
        python = sys.executable
        with serving(tmp_path, "--python-file", str(CHILDREN / "everything.py"), "--socket", socket) as server:
            workspace = load(f"""
                load_from:
                  - python_file: {CHILDREN / "everything.py"}
                  - python_file: {{relative_path: {CHILDREN / "good.py"}, location_name: fresh, start: fresh}}
                  - python_file: {{relative_path: {CHILDREN / "good.py"}, executable_path: {python}}}
                  - grpc_server: {{socket: {socket}, location_name: remote}}
            """)
            assert workspace.wait(60)
            assert {one.name: one.error for one in workspace.locations if one.state is not State.READY} == {}
            assert workspace["remote"].reload().new_generation == 2
            assert server.process.poll() is None
    assert list(long.iterdir()) == []


def test_a_socket_whose_path_is_too_long_is_refused_in_words_by_both_sides(load: Load, tmp_path: Path) -> None:
    socket = tmp_path / ("s" * (SOCKET_PATH_LIMIT + 1 - len(str(tmp_path)) - 1))
    assert len(str(socket)) == SOCKET_PATH_LIMIT + 1
    server = start_server(tmp_path, "--python-file", str(CHILDREN / "good.py"), "--socket", str(socket))
    try:
        assert server.wait_for_end() == 1
        assert server.log.splitlines()[-2:] == [
            f"The path of the socket {socket} has 108 bytes, and the system allows 107.",
            "Give --socket a shorter path, for example below /run or /tmp.",
        ]
    finally:
        server.end()
    (location,) = load(f"load_from: [grpc_server: {{socket: {socket}}}]").locations
    assert location.wait(30)
    assert location.error is not None
    assert location.error.message == (
        f"The code server at {socket} cannot be reached: a socket's path has at most 107 bytes.\n"
        "Use a shorter path, both here and where the server is started."
    )


def test_a_socket_whose_path_just_fits_is_served(load: Load, hello: Path) -> None:
    with short_folder() as folder:
        socket = folder / ("s" * (SOCKET_PATH_LIMIT - len(str(folder)) - 1))
        assert len(str(socket)) == SOCKET_PATH_LIMIT
        with serving(hello.parent, "--python-file", "hello.py", "--socket", str(socket)):
            (location,) = load(f"load_from: [grpc_server: {{socket: {socket}}}]").locations
            assert location.wait(30)
            assert location.state is State.READY, location.error
