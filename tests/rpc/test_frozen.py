"""What was released once keeps working: the wheels of frozen/ serve today's client, and show today's server."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.commands import environment
from support.frozen import WHEELS, make_frozen_environment
from support.servers import serving, short_folder
from support.waiting import wait_until

from skerry import ErrorKind, LocationError, State, Workspace

Load = Callable[[str], Workspace]
CHILDREN = Path(__file__).parents[1] / "children"


@pytest.fixture(scope="module", params=WHEELS, ids=lambda wheel: wheel.name)
def frozen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of an environment that holds a frozen skerry."""
    return make_frozen_environment(tmp_path_factory.mktemp("frozen") / "environment", request.param)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Give user code with one of each thing, and beside it a token file and one with another token."""
    (tmp_path / "token").write_text("3f9d-right")
    (tmp_path / "other-token").write_text("3f9d-wrong")
    return Path(shutil.copy(CHILDREN / "everything.py", tmp_path / "team.py"))


def entries(port: int) -> str:
    text = "load_from:\n"
    for name, token in (("known", "token"), ("stranger", "other-token")):
        text += f"  - grpc_server: {{port: {port}, location_name: {name}, token_file: {token}}}\n"
    return text


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "skerry", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def inspect(python: Path, folder: Path, text: str) -> dict[str, dict[str, Any]]:
    """Give, by name, the locations that the frozen `skerry inspect` tells of."""
    (folder / "workspace.yaml").write_text(text)
    told = run(python, folder, "inspect", "--json")
    assert told.returncode == 0, told.stderr
    return {location["name"]: location for location in json.loads(told.stdout)["locations"]}


def holds(told: Any, known: Any) -> bool:
    """Tell whether ``told`` says all that ``known`` says; a later version may say more."""
    if isinstance(known, Mapping):
        return all(key in told and holds(told[key], value) for key, value in known.items())
    if isinstance(known, Sequence) and not isinstance(known, str):
        return len(told) == len(known) and all(map(holds, told, known))
    return bool(told == known)


def test_there_is_something_frozen() -> None:
    assert WHEELS


def test_todays_client_uses_a_frozen_server(frozen: Path, code: Path, load: Load) -> None:
    local = inspect(frozen, code.parent, "load_from: [python_file: team.py]")["team.py"]
    assert local["repositories"][0]["errors"]
    with serving(
        code.parent, "--python-file", "team.py", "--token-file", "token", python=str(frozen), SKERRY_CURRENT_IMAGE="a:1"
    ) as server:
        workspace = load(entries(server.port))
        assert workspace.wait(30)
        known, stranger = workspace["known"], workspace["stranger"]
        assert known.state is State.READY, known.error
        assert holds(known.snapshot.to_json()["repositories"], local["repositories"])
        assert known.server is not None
        assert (known.server.image, known.server.executable) == ("a:1", str(frozen))
        assert f"loaded with {frozen.parents[1]}" in known.output()
        assert stranger.error is not None
        assert stranger.error.kind is ErrorKind.ACCESS_DENIED

        assert known.reload().new_generation == 2
        good = code.read_text()
        code.write_text("1 / 0")
        failed = known.reload()
        assert failed.error is not None
        assert failed.error.message.startswith("ZeroDivisionError")
        wait_until(lambda: known.snapshot.stale, what="stale")
        code.write_text(good)
        assert known.reload().new_generation == 3
        with pytest.raises(LocationError):
            stranger.reload()

        server.signal(signal.SIGTERM)
        wait_until(lambda: known.state is State.UNREACHABLE, what="UNREACHABLE")


def test_a_frozen_client_uses_todays_server(frozen: Path, code: Path) -> None:
    folder = code.parent
    local = inspect(frozen, folder, "load_from: [python_file: team.py]")["team.py"]
    with serving(folder, "--python-file", "team.py", "--token-file", "token", SKERRY_CURRENT_IMAGE="a:1") as server:
        told = inspect(frozen, folder, entries(server.port))
        known, stranger = told["known"], told["stranger"]
        assert known["state"] == "READY"
        assert holds(known["repositories"], local["repositories"])
        assert known["server"]["image"] == "a:1"
        assert (stranger["state"], stranger["error"]["kind"]) == ("UNREACHABLE", "ACCESS_DENIED")
        probed = run(frozen, folder, "api", "grpc-health-check", "--port", str(server.port), "--service", "code")
        assert (probed.returncode, probed.stdout) == (0, "SERVING\n")


def test_broken_code_is_the_same_error_both_ways(frozen: Path, code: Path, load: Load) -> None:
    code.write_text("SETTINGS = {}\nSETTINGS['horizon']\n")
    with short_folder() as folder:
        socket = ("--socket", str(folder / "code.sock"))
        text = f"load_from: [grpc_server: {{socket: {socket[1]}, location_name: remote}}]"
        with serving(code.parent, "--python-file", "team.py", *socket, python=str(frozen)):
            remote = load(text)["remote"]
            assert remote.wait(30)
            assert remote.error is not None
            assert (remote.state, remote.error.kind) == (State.FAILED, ErrorKind.EXCEPTION)
            assert remote.error.frames[-1].source == "SETTINGS['horizon']"
        with serving(code.parent, "--python-file", "team.py", *socket):
            told = inspect(frozen, code.parent, text)["remote"]
            assert (told["state"], told["error"]["kind"]) == ("FAILED", "EXCEPTION")
            assert told["error"]["frames"][-1]["source"] == "SETTINGS['horizon']"
