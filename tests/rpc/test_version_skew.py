"""Sides of different versions: they work together as far as both can, and say in one sentence where they cannot.

Servers of other versions are written by hand (tests/children/servers); skerries of other versions are copies of this
one, each in a folder of its own, whose protocols are changed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.commands import environment
from support.peers import peer
from support.servers import serving
from support.waiting import wait_until

import skerry
from skerry import ErrorKind, Evaluation, Location, LocationError, State, Workspace
from skerry.rpc import protocol

Load = Callable[[str], Workspace]
CORE = Path(__file__).parents[2] / "core"
OURS = protocol.NEWEST


def remote(load: Load, port: str | int) -> Location:
    location = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
    assert location.wait(30)
    return location


def names(location: Location) -> list[str]:
    return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]


def message(location: Location, kind: ErrorKind) -> str:
    assert location.error is not None
    assert location.error.kind is kind, location.error.message
    return location.error.message


# -- the range of protocols -------------------------------------------------------------------------------------------


def test_the_protocol_before_this_one_is_spoken_too() -> None:
    assert max(1, protocol.NEWEST - 1) >= protocol.OLDEST


@pytest.mark.parametrize("theirs", [(OURS, OURS), (OURS, OURS + 1), (OURS - 1, OURS), (OURS - 1, OURS + 9)])
def test_a_server_whose_range_touches_ours_works(theirs: tuple[int, int], load: Load) -> None:
    with peer("code_server.py", "--protocols", "{},{}".format(*theirs)) as port:
        location = remote(load, port)
        assert location.state is State.READY, location.error
        assert names(location) == ["daily"]


def test_a_server_that_is_too_new_is_one_sentence_with_both_sides_and_the_command(load: Load) -> None:
    with peer("code_server.py", "--protocols", f"{OURS + 1},{OURS + 2}", "--skerry", "9.1.0") as port:
        location = remote(load, port)
        assert location.state is State.UNREACHABLE
        assert message(location, ErrorKind.INCOMPATIBLE_SERVER) == (
            f"The code server at localhost:{port} is skerry 9.1.0 and speaks protocol {OURS + 1} to {OURS + 2}; "
            f"this is skerry {skerry.__version__} and speaks {protocol.words(protocol.OLDEST, OURS)}.\n"
            "Update this side: run `pip install skerry==9.1.0` here."
        )


@pytest.mark.parametrize("told", ["9.1.0; rm -r x", "$(reboot)", "", "9" * 1000, "-r https://example.com/x"])
def test_the_command_to_copy_holds_nothing_that_a_server_made_up(told: str, load: Load) -> None:
    with peer("code_server.py", "--protocols", f"{OURS + 1},{OURS + 2}", f"--skerry={told}") as port:
        text = message(remote(load, port), ErrorKind.INCOMPATIBLE_SERVER)
        assert "is skerry of no known version" in text
        assert text.endswith("Update this side: run `pip install --upgrade skerry` here.")


@pytest.fixture
def version(tmp_path: Path) -> Callable[[str, int, int], str]:
    """Make a skerry of another version; gives the PYTHONPATH with which this interpreter runs it."""

    def make(number: str, oldest: int, newest: int) -> str:
        folder = tmp_path / number
        shutil.copytree(CORE / "skerry", folder / "skerry")
        change(folder / "skerry" / "__init__.py", r'__version__ = ".*"', f'__version__ = "{number}"')
        spoken = f"OLDEST, NEWEST = {oldest}, {newest}"
        change(folder / "skerry" / "rpc" / "protocol.py", r"OLDEST, NEWEST = \d+, \d+", spoken)
        return str(folder)

    return make


def change(file: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, file.read_text())
    assert count == 1
    file.write_text(text)


def inspected(folder: Path, port: int, **variables: str) -> dict[str, Any]:
    """Give what `skerry inspect` of that version tells of the location."""
    (folder / "workspace.yaml").write_text(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")
    told = subprocess.run(
        [sys.executable, "-m", "skerry", "inspect", "--json"],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        check=True,
        timeout=60,
    )
    (location,) = json.loads(told.stdout)["locations"]
    assert isinstance(location, dict)
    return location


def test_a_skerry_one_protocol_newer_and_this_one_work_together_both_ways(
    version: Callable[[str, int, int], str], hello: Path, load: Load
) -> None:
    newer = version("9.0.0", OURS, OURS + 1)
    with serving(hello.parent, "--python-file", "hello.py", PYTHONPATH=newer) as server:
        location = remote(load, server.port)
        assert names(location) == ["hello_pipeline"]
        assert location.server is not None
        assert location.server.skerry == "9.0.0"
        assert location.reload().new_generation == 2
    with serving(hello.parent, "--python-file", "hello.py") as server:
        told = inspected(hello.parent, server.port, PYTHONPATH=newer)
        assert told["state"] == "READY"
        assert told["server"]["skerry"] == skerry.__version__


def test_skerries_too_far_apart_say_so_on_the_clients_side_whichever_is_newer(
    version: Callable[[str, int, int], str], hello: Path, load: Load
) -> None:
    newest = version("9.0.0", OURS + 1, OURS + 2)
    with serving(hello.parent, "--python-file", "hello.py", PYTHONPATH=newest) as server:
        text = message(remote(load, server.port), ErrorKind.INCOMPATIBLE_SERVER)
        assert text.endswith("Update this side: run `pip install skerry==9.0.0` here.")
    with serving(hello.parent, "--python-file", "hello.py") as server:
        told = inspected(hello.parent, server.port, PYTHONPATH=newest)
        assert told["error"]["kind"] == "INCOMPATIBLE_SERVER"
        assert told["error"]["message"] == (
            f"The code server at localhost:{server.port} is skerry {skerry.__version__} and speaks protocol "
            f"{protocol.words(protocol.OLDEST, OURS)}; this is skerry 9.0.0 and speaks {OURS + 1} to {OURS + 2}.\n"
            "Update the server: run `pip install skerry==9.0.0` where it runs."
        )


# -- what a newer server adds -----------------------------------------------------------------------------------------


def test_fields_items_and_capabilities_that_nobody_here_knows_change_nothing(load: Load) -> None:
    capabilities = "Watch,Snapshot,Output,Reload,Teleport"
    with peer("code_server.py", "--newer", "--protocols", f"{OURS},{OURS + 1}", "--capabilities", capabilities) as port:
        location = remote(load, port)
        assert location.state is State.READY, location.error
        assert names(location) == ["daily", "later"]
        assert [sensor.name for sensor in location.repositories[0].sensors] == ["arrival"]
        assert location.output() == "printed\n"
        assert location.reload().new_generation == 2


@pytest.mark.parametrize("state", [0, 17])
def test_what_is_served_in_an_unknown_state_is_shown(state: int, load: Load) -> None:
    with peer("code_server.py", "--states", str(state)) as port:
        location = remote(load, port)
        assert location.state is State.READY
        assert names(location) == ["daily"]


def test_an_unknown_state_without_anything_to_show_is_named(load: Load) -> None:
    with peer("code_server.py", "--empty", "--states", "17") as port:
        location = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
        words = "in a state that this skerry does not know (17)"
        wait_until(lambda: location.snapshot.progress == words, what=words)
        assert location.state is State.LOADING


@pytest.mark.parametrize("state", [3, 17])
def test_an_error_of_an_unknown_kind_keeps_its_kind_and_its_words(state: int, load: Load) -> None:
    with peer("code_server.py", "--newer", "--empty", "--states", str(state), "--error", "QUOTA_USED_UP") as port:
        location = remote(load, port)
        assert location.state is State.FAILED
        assert location.error is not None
        assert location.error.kind.value == "QUOTA_USED_UP"
        assert location.error.message == "The quota is used up.\nAsk for more."
        assert [frame.source for frame in location.error.frames] == ["load()"]
        assert location.snapshot.to_json()["error"]["kind"] == "QUOTA_USED_UP"


def test_a_client_that_says_more_than_is_known_here_is_answered(hello: Path) -> None:
    added = bytes([0xE2, 0x76, 3]) + b"new"  # field 1900, three bytes long
    newer = bytes([0x0A, 4, 0x08, OURS, 0x10, OURS + 1]) + bytes([0x12, 5]) + b"9.1.0" + added
    with serving(hello.parent, "--python-file", "hello.py") as server:
        server.wait_for("READY")
        with grpc.insecure_channel(f"localhost:{server.port}", protocol.CHANNEL_OPTIONS) as channel:

            def ask(method: str, request: bytes) -> Any:
                call: Any = channel.unary_stream(f"/skerry.v1.CodeServer/{method}")
                return call(request, timeout=20)

            assert skerry.__version__.encode() in b"".join(ask("Handshake", newer))
            assert b"hello_pipeline" in b"".join(ask("Snapshot", added))
            with pytest.raises(grpc.RpcError) as raised:
                list(ask("Teleport", added))
            assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
            assert skerry.__version__.encode() in b"".join(ask("Handshake", b""))


# -- what an older server lacks ---------------------------------------------------------------------------------------


def test_a_server_without_evaluations_says_so_in_words(load: Load) -> None:
    with peer("code_server.py", "--skerry", "0.0.9", "--capabilities", "Watch,Snapshot,Reload") as port:
        location = remote(load, port)
        with pytest.raises(LocationError) as raised:
            location.evaluate(Evaluation("sales", "arrival", "sensor"))
        assert raised.value.kind is ErrorKind.NOT_SUPPORTED
        assert str(raised.value) == (
            f"An evaluation cannot be done by the code server at localhost:{port} (skerry 0.0.9).\n"
            f"Update it there: `pip install skerry=={skerry.__version__}`."
        )
        assert location.state is State.READY


def test_a_server_without_reload_says_so_in_words(load: Load) -> None:
    with peer("code_server.py", "--skerry", "0.0.9", "--capabilities", "Watch,Snapshot") as port:
        location = remote(load, port)
        assert names(location) == ["daily"]
        with pytest.raises(LocationError) as raised:
            location.reload()
        assert raised.value.kind is ErrorKind.NOT_SUPPORTED
        assert str(raised.value) == (
            f"A reload cannot be done by the code server at localhost:{port} (skerry 0.0.9).\n"
            f"Update it there: `pip install skerry=={skerry.__version__}`."
        )
        assert location.state is State.READY
        assert location.output() == ""


@pytest.mark.parametrize(("capabilities", "what"), [("Output", "Watching it"), ("Watch", "Showing its definitions")])
def test_a_server_that_lacks_what_every_location_needs_is_unreachable_in_words(
    capabilities: str, what: str, load: Load
) -> None:
    with peer("code_server.py", "--capabilities", capabilities) as port:
        location = remote(load, port)
        assert location.state is State.UNREACHABLE
        assert message(location, ErrorKind.NOT_SUPPORTED).startswith(f"{what} cannot be done by the code server at")


# -- what a slow reader misses ----------------------------------------------------------------------------------------


def test_a_location_that_failed_is_ready_once_its_server_says_so_also_when_loading_was_missed(load: Load) -> None:
    with peer("code_server.py", "--states", "3,2", "--error", "EXCEPTION") as port:
        location = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
        wait_until(lambda: location.state is State.READY, what="READY")
        assert names(location) == ["daily"]


def test_a_failed_location_whose_server_goes_is_unreachable_and_comes_back_mended(hello: Path, load: Load) -> None:
    good = hello.read_text()
    hello.write_text("1 / 0")
    with serving(hello.parent, "--python-file", "hello.py") as server:
        port = server.port
        location = remote(load, port)
        assert location.state is State.FAILED
    wait_until(lambda: location.state is State.UNREACHABLE, what="UNREACHABLE")
    hello.write_text(good)
    with serving(hello.parent, "--python-file", "hello.py", "--port", str(port)):
        wait_until(lambda: location.state is State.READY, what="READY")
        assert names(location) == ["hello_pipeline"]
