"""docs/lifecycle.md: its table is the one that the engine reads."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

from support.pages import read, section, table
from support.servers import serving
from support.waiting import wait_until

from skerry import ErrorKind, State, Workspace
from skerry.code_server import preloaded_fork_server
from skerry.code_server.calls import BUSY_AFTER
from skerry.code_server.interpreter import STARTUP_NAMES, STARTUP_PREFIXES
from skerry.code_server.local import STOP_GRACE, TERMINATE_GRACE
from skerry.code_server.output import KEPT, TAIL_LINES
from skerry.errors import NOT_PRELOADED, NotPreloaded
from skerry.model import LocationState
from skerry.rpc import client, protocol
from skerry.user_process import files
from skerry.workspace import life as healing
from skerry.workspace.retired import DRAIN_LIMIT
from skerry.workspace.states import TRANSITIONS
from skerry.workspace.watching import events, patterns, subjects, watcher

PAGE = read("docs/lifecycle.md")
STATES = section(PAGE, "## States")


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_state_is_explained() -> None:
    assert [_quoted(row[0]) for row in table(STATES)] == [[state.value] for state in State]


def test_the_moves_are_those_that_the_engine_allows() -> None:
    moves = table(STATES[STATES.index("| from | to |") - 1 :])
    told = {row[0].strip("`"): set(_quoted(row[1])) for row in moves}
    assert told == {old.value: {new.value for new in to} for old, to in TRANSITIONS.items()}


def test_the_variables_that_need_a_fork_server_of_their_own_are_all_named() -> None:
    words = " ".join(PAGE.split())
    found = re.search(r"read at its start: (.*?)\.", words)
    assert found
    assert set(_quoted(found[1])) == {*STARTUP_NAMES, *(f"{prefix}*" for prefix in STARTUP_PREFIXES)}


def test_the_figures_are_those_of_the_code() -> None:
    words = " ".join(PAGE.split())
    assert f"at most {KEPT // 1024**2} MB for each process" in words
    assert f"its last {TAIL_LINES} lines" in words
    assert f"after {STOP_GRACE:g} second gets SIGTERM, {TERMINATE_GRACE:g} seconds later SIGKILL" in words


def test_the_figures_of_calls_are_those_of_the_code() -> None:
    words = " ".join(section(PAGE, "## Calls").split())
    assert f"calls that take less than {BUSY_AFTER:g} seconds" in words
    assert f"ends with its last call, or after {DRAIN_LIMIT:g} seconds" in words


def test_every_reason_why_a_module_is_not_preloaded_is_told() -> None:
    told = [row[0] for row in table(section(PAGE, "## preload: imported once"))]
    words = [NOT_PRELOADED[why].splitlines()[0] for why in NotPreloaded]
    limit = f"{preloaded_fork_server.PRELOAD_TIMEOUT:g}"
    assert told == [re.sub(r"\{.*?\}", "…", one.replace("{seconds:g}", limit)) for one in words]


def test_the_figures_of_remote_locations_are_those_of_the_code() -> None:
    words = " ".join(section(PAGE, "## Remote locations").split())
    assert f"the second after {client.FIRST_RETRY:g} seconds" in words
    assert f"at most {client.LAST_RETRY:g} seconds, each up to a fifth sooner" in words
    assert f"held for more than {client.STEADY:g} second" in words
    options = {name: value / 1000 for name, value in protocol.CHANNEL_OPTIONS if name.endswith("_ms")}
    every, timeout = options["grpc.keepalive_time_ms"], options["grpc.keepalive_timeout_ms"]
    assert f"pinged every {every:g} seconds and given {timeout:g} more" in words
    assert f"noticed within {every + timeout:g} seconds" in words


def test_the_figures_of_healing_are_those_of_the_code() -> None:
    words = " ".join(section(PAGE, "## Healing").split())
    assert f"after {healing.FIRST_RESTART:g} seconds, then after twice the time" in words
    assert f"at most {healing.LAST_RESTART:g} seconds, each up to a fifth sooner" in words
    assert f"READY for more than {healing.STEADY:g} seconds" in words


def test_the_figures_of_watching_are_those_of_the_code() -> None:
    words = " ".join(section(PAGE, "## Watching").split())
    assert f"no {watcher.QUIET:g} seconds pass between two changes" in words
    assert f"after {watcher.LONGEST:g} seconds it does in any case" in words
    assert (
        f"is reloaded {subjects.PATIENCE + 1} times; then the next reloads wait, for up to {subjects.LAST_PAUSE:g} s"
        in words
    )
    assert f"more than {files.LARGEST // 1024**2} MB the size and the time count" in words
    assert f"at most {patterns.MOST_FOLDERS} folders" in words
    assert (f"{events.VARIABLE}=1" in words, events.POLLING) == (True, 1.0)
    assert all(f"`{name}`" in words for name in patterns.IGNORED)


def test_a_process_that_ends_by_itself_is_loading_with_its_error_and_then_ready(
    hello: Path, load: Callable[[str], Workspace]
) -> None:
    workspace = load("load_from: [python_file: hello.py]")
    location = workspace["hello.py"]
    assert location.wait(60)
    moves: list[LocationState] = []
    workspace.subscribe(lambda name, old, new: moves.append(new))
    assert location.server is not None
    assert location.server.pid is not None
    os.kill(location.server.pid, signal.SIGKILL)
    wait_until(lambda: bool(moves) and location.state is State.READY, what="READY again")
    first = moves[0]
    assert first.state is State.LOADING
    assert first.retry_at is not None
    assert first.error is not None
    assert first.error.kind is ErrorKind.PROCESS_SIGNALED
    assert location.error is None


def test_a_reload_is_one_move_and_a_failed_one_leaves_what_was_there(
    hello: Path, load: Callable[[str], Workspace]
) -> None:
    workspace = load("load_from: [python_file: hello.py]")
    location = workspace["hello.py"]
    assert location.wait(60)
    moves: list[LocationState] = []
    workspace.subscribe(lambda name, old, new: moves.append(new))

    assert location.reload().new_generation == 2
    assert [(move.state, move.server and move.server.generation) for move in moves] == [(State.READY, 2)]

    good = hello.read_text()
    hello.write_text("1 / 0")
    assert location.reload().error is not None
    assert location.snapshot.stale
    assert location.state is State.READY
    assert location.repositories
    assert location.error is not None

    hello.write_text(good)
    assert location.reload().new_generation == 3
    assert not location.snapshot.stale
    assert location.error is None


def test_a_location_that_failed_is_loaded_by_a_reload(hello: Path, load: Callable[[str], Workspace]) -> None:
    good = hello.read_text()
    hello.write_text("1 / 0")
    location = load("load_from: [python_file: hello.py]")["hello.py"]
    assert location.wait(60)
    assert location.snapshot.error is not None
    hello.write_text(good)
    result = location.reload()
    assert (result.old_generation, result.error) == (None, None)
    assert location.state is State.READY


def test_a_remote_location_is_unreachable_without_definitions_and_is_the_next_servers(
    hello: Path, load: Callable[[str], Workspace]
) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        port = server.port
        location = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
        assert location.wait(60)
        first = location.server
    wait_until(lambda: location.state is State.UNREACHABLE)
    lost = location.snapshot
    assert lost.retry_at is not None
    assert (lost.repositories, lost.server) == ((), None)
    with serving(hello.parent, "--python-file", "hello.py", "--port", str(port)):
        wait_until(lambda: location.state is State.READY)
        assert location.snapshot.retry_at is None
        assert first is not None
        assert location.server is not None
        assert location.server.id != first.id
