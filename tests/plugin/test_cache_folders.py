"""``runtime.cache_folder``: filled once, whole or not at all, whoever asks at the same time, whoever is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.location_types import Install, location_type
from support.waiting import wait_until

from skerry import State, Workspace
from skerry.errors import LocationError
from skerry.workspace.cache import Cache
from skerry.workspace.state_folder import StateFolder

Load = Callable[[str], Workspace]

#: Fills a folder in two steps, with a gate between them: a pipe that somebody must open.
FILLER = """
import sys
from pathlib import Path
from skerry.workspace.cache import Cache
from skerry.workspace.state_folder import StateFolder

def fill(folder):
    (folder / "first").touch()
    open(sys.argv[2] + "/reached", "w").close()
    open(sys.argv[2] + "/gate").close()
    (folder / "second").touch()

print(Cache(StateFolder(Path(sys.argv[1]))).folder("the key", fill, wait=lambda: None))
"""


@pytest.fixture
def state_folder(tmp_path: Path) -> Path:
    return tmp_path / ".skerry"


def fail_to_wait() -> None:
    raise AssertionError("nobody else fills it")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def start_filler(state_folder: Path, gate: Path) -> subprocess.Popen[str]:
    """Start a process that is in the middle of filling when this returns."""
    gate.mkdir()
    os.mkfifo(gate / "gate")
    arguments = [sys.executable, "-c", FILLER, str(state_folder), str(gate)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    wait_until((gate / "reached").exists, what="the middle of filling")
    return process


def test_a_folder_is_filled_once_and_then_given_at_once(state_folder: Path) -> None:
    filled: list[Path] = []

    def fill(folder: Path) -> None:
        assert names(folder) == []
        (folder / "content").write_text("made")
        filled.append(folder)

    cache = Cache(StateFolder(state_folder))
    folder = cache.folder("Reports @ 4f2a", fill, fail_to_wait)
    assert (folder / "content").read_text() == "made"
    assert Cache(StateFolder(state_folder)).folder("Reports @ 4f2a", fill, fail_to_wait) == folder
    assert len(filled) == 1
    assert names(state_folder / "cache") == [folder.name]


def test_folders_are_named_so_that_people_and_file_systems_can_tell_them_apart(state_folder: Path) -> None:
    keys = ["reports main", "Reports Main", "reports/main", "../../etc", "", "é" * 300, "\udcff"]
    folders = [Cache(StateFolder(state_folder)).folder(key, lambda folder: None, fail_to_wait) for key in keys]
    assert len({folder.name.lower() for folder in folders}) == len(keys)
    assert {folder.parent for folder in folders} == {state_folder / "cache"}
    assert folders[0].name.startswith("reports-main-")


def test_nothing_is_kept_of_what_fails(state_folder: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise LocationError(reason="no network")

    cache = Cache(StateFolder(state_folder))
    with pytest.raises(LocationError, match="no network"):
        cache.folder("key", fail, fail_to_wait)
    assert names(state_folder / "cache") == []
    assert names(cache.folder("key", lambda folder: (folder / "whole").touch(), fail_to_wait)) == ["whole"]


def test_of_many_threads_one_fills_and_nobody_sees_half(state_folder: Path) -> None:
    fills: list[Path] = []
    seen: list[list[str]] = []
    all_there = threading.Barrier(8)

    def fill(folder: Path) -> None:
        fills.append(folder)
        for number in range(50):
            (folder / str(number)).touch()

    def use() -> None:
        all_there.wait(10)
        seen.append(names(Cache(StateFolder(state_folder)).folder("key", fill, lambda: time.sleep(0.001))))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [len(names) for names in seen] == [50] * 8
    assert len(fills) == 1


def test_another_process_that_fills_is_waited_for(state_folder: Path, tmp_path: Path) -> None:
    filler = start_filler(state_folder, tmp_path / "other")
    waits: list[float] = []

    def wait() -> None:
        if not waits:
            with (tmp_path / "other" / "gate").open("w"):
                pass
        waits.append(time.monotonic())
        time.sleep(0.01)

    def fill(folder: Path) -> None:
        raise AssertionError("the other process fills it")

    folder = Cache(StateFolder(state_folder)).folder("the key", fill, wait)
    assert names(folder) == ["first", "second"]
    assert waits
    assert filler.communicate(timeout=20)[0].strip() == str(folder)


def test_what_a_killed_process_left_is_not_taken_for_whole_and_is_removed(state_folder: Path, tmp_path: Path) -> None:
    filler = start_filler(state_folder, tmp_path / "other")
    filler.kill()
    filler.communicate()
    assert [name for name in names(state_folder / "cache") if "partial" in name]
    Cache(StateFolder(state_folder)).folder("another key", lambda folder: None, fail_to_wait)
    assert not [name for name in names(state_folder / "cache") if "partial" in name]
    folder = Cache(StateFolder(state_folder)).folder("the key", lambda folder: (folder / "whole").touch(), fail_to_wait)
    assert names(folder) == ["whole"]


def test_what_another_process_is_filling_is_not_removed(state_folder: Path, tmp_path: Path) -> None:
    filler = start_filler(state_folder, tmp_path / "other")
    Cache(StateFolder(state_folder)).folder("another key", lambda folder: None, fail_to_wait)
    with (tmp_path / "other" / "gate").open("w"):
        pass
    assert names(Path(filler.communicate(timeout=20)[0].strip())) == ["first", "second"]


def test_version_control_is_told_to_ignore_it(state_folder: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(state_folder.parent)], check=True)
    Cache(StateFolder(state_folder)).folder("key", lambda folder: (folder / "content").touch(), fail_to_wait)
    status = ["git", "-C", str(state_folder.parent), "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, check=True, capture_output=True, text=True).stdout == ""


def test_where_nothing_can_be_written_the_users_state_folder_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    nowhere = Path("/proc/self")
    folder = Cache(StateFolder.of(nowhere)).folder("key", lambda folder: None, fail_to_wait)
    assert folder.parent.parent.parent == tmp_path / "mine" / "skerry"
    assert folder.parent.parent.name.startswith("proc-self-")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/self")
    with pytest.raises(LocationError, match=r"(?s)/proc/self/.skerry/cache.*Set SKERRY_HOME"):
        Cache(StateFolder.of(nowhere)).folder("key", lambda folder: None, fail_to_wait)


KEEPING = """
def fill(folder):
    (folder / "content").touch()
    runtime.progress("filling")
raise LocationError(reason=str(runtime.cache_folder("key", fill)))
"""


def kept_by(install: Install, load: Load) -> Path:
    install("plain", location_type(KEEPING))
    workspace = load("load_from: [{plain: hello.py}]")
    assert workspace.wait(30)
    assert workspace["hello.py"].error is not None
    return Path(workspace["hello.py"].error.message)


def test_it_lies_beside_the_first_workspace_file(install: Install, load: Load, tmp_path: Path) -> None:
    assert kept_by(install, load).parent == tmp_path / ".skerry" / "cache"


def test_skerry_home_moves_it(install: Install, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKERRY_HOME", str(tmp_path / "home"))
    assert kept_by(install, load).parent == tmp_path / "home" / "cache"
    assert not (tmp_path / ".skerry").exists()


def test_two_locations_of_one_key_fill_it_once(install: Install, load: Load, hello: Path, tmp_path: Path) -> None:
    opening = """
    def fill(folder):
        runtime.run(["sh", "-c", f"echo filled >> {origin.folder}/log"])
    runtime.cache_folder("key", fill)
    """
    install("plain", location_type(opening))
    entries = "".join(f"  - plain: {{file: hello.py, location_name: l{number}}}\n" for number in range(8))
    workspace = load(f"load_from:\n{entries}")
    assert workspace.wait(60)
    assert {location.state for location in workspace} == {State.READY}
    assert (tmp_path / "log").read_text() == "filled\n"


def test_closing_in_the_middle_of_filling_leaves_nothing(
    install: Install, load: Load, hello: Path, tmp_path: Path
) -> None:
    opening = """
    def fill(folder):
        runtime.run(["sh", "-c", f"touch {folder}/half {origin.folder}/reached; sleep 600"])
    runtime.cache_folder("key", fill)
    """
    install("plain", location_type(opening))
    workspace = load("load_from: [{plain: hello.py}, {plain: {file: hello.py, location_name: waiting}}]")
    wait_until((tmp_path / "reached").exists, what="the middle of filling")
    workspace.close()
    wait_until(lambda: names(tmp_path / ".skerry" / "cache") == [], what="the removal of what was begun")
