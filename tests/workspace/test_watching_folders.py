"""Where changes show: links, folders that go away, file systems that tell nothing, what is never watched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.notifying import folders_watched
from support.waiting import wait_until

from skerry import Location, State, Workspace
from skerry.workspace.watching import events

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n"
IN_WORK = "load_from: [python_file: {relative_path: work/one.py, working_directory: work}]"


def watched(load: Load, text: str, told: list[str] | None = None) -> Location:
    workspace = load(text)
    (location,) = workspace
    assert location.wait(60)
    if told is None:
        workspace.watch()
    else:
        workspace.watch(told.append)
    return location


def generation(location: Location) -> int | None:
    return location.server.generation if location.server is not None else None


def wait_for_generation(location: Location, number: int) -> None:
    wait_until(lambda: generation(location) == number, what=f"generation {number} of {location.name}")


def wait_for_pipeline(location: Location, name: str) -> None:
    def names() -> list[str]:
        return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]

    wait_until(lambda: names() == [name], what=f"the pipeline {name}")


def wait_for_folders(*folders: Path) -> None:
    """What happens in a folder from then on is told, and not only met by a look for another reason."""
    wait_until(lambda: folders_watched(folders) == list(folders), what=f"the watching of {folders}")


def test_a_file_behind_a_link_is_followed_at_both_ends(load: Load, write: Write, tmp_path: Path) -> None:
    first = write("elsewhere/first.py", GOOD.format(name="first"))
    second = write("elsewhere/second.py", GOOD.format(name="second"))
    (tmp_path / "one.py").symlink_to(first)
    location = watched(load, "load_from: [python_file: one.py]")
    wait_for_folders(tmp_path, first.parent)
    first.write_text(GOOD.format(name="saved"))
    wait_for_pipeline(location, "saved")
    (tmp_path / "new").symlink_to(second)
    os.replace(tmp_path / "new", tmp_path / "one.py")
    wait_for_pipeline(location, "second")
    second.write_text(GOOD.format(name="again"))
    wait_for_pipeline(location, "again")


def test_files_that_are_replaced_together_by_a_link_are_followed(load: Load, write: Write, tmp_path: Path) -> None:
    """As the kubelet mounts a ConfigMap, and as a release is put live."""
    for number in (1, 2, 3):
        write(f"mounted/..{number}/one.py", GOOD.format(name=f"version_{number}"))
    (tmp_path / "mounted" / "..data").symlink_to("..1")
    (tmp_path / "mounted" / "one.py").symlink_to("..data/one.py")
    (tmp_path / "current").symlink_to("mounted")
    location = watched(load, "load_from: [python_file: current/one.py]")
    wait_for_folders(tmp_path, tmp_path / "mounted", tmp_path / "mounted" / "..1")
    for number in (2, 3):
        (tmp_path / "new").symlink_to(f"..{number}")
        os.replace(tmp_path / "new", tmp_path / "mounted" / "..data")
        wait_for_pipeline(location, f"version_{number}")
    write("released/one.py", GOOD.format(name="released"))
    (tmp_path / "new").symlink_to("released")
    os.replace(tmp_path / "new", tmp_path / "current")
    wait_for_pipeline(location, "released")


def test_a_circle_of_links_is_no_trap(load: Load, write: Write, tmp_path: Path) -> None:
    (tmp_path / "one.py").symlink_to("two.py")
    (tmp_path / "two.py").symlink_to("one.py")
    location = watched(load, "load_from: [python_file: one.py]")
    assert location.state is State.FAILED
    (tmp_path / "two.py").unlink()
    write("two.py", GOOD.format(name="two"))
    wait_for_pipeline(location, "two")


def test_a_folder_that_is_replaced_is_followed(load: Load, write: Write, tmp_path: Path) -> None:
    write("work/helper.py", "NAME = 1\n")
    write("work/one.py", "import helper\n" + GOOD.format(name="one"))
    location = watched(load, IN_WORK)
    os.replace(tmp_path / "work", tmp_path / "old")
    wait_until(lambda: location.snapshot.stale, what="the failed reload")
    write("work/helper.py", "NAME = 2\n")
    write("work/one.py", "import helper\n" + GOOD.format(name="replaced"))
    wait_for_pipeline(location, "replaced")
    wait_for_folders(tmp_path / "work")
    write("work/helper.py", "import os\n")
    number = generation(location)
    assert number is not None
    wait_until(lambda: (generation(location) or 0) > number, what="the reload after a save in the new folder")


def test_a_folder_that_is_replaced_at_once_is_followed(load: Load, write: Write, tmp_path: Path) -> None:
    write("work/one.py", GOOD.format(name="one"))
    location = watched(load, IN_WORK)
    for name in ("first", "second"):
        write("new/one.py", GOOD.format(name=name))
        wait_for_folders(tmp_path / "work")
        os.replace(tmp_path / "work", tmp_path / f"before_{name}")
        os.replace(tmp_path / "new", tmp_path / "work")
        wait_for_pipeline(location, name)
    wait_for_folders(tmp_path / "work")


def test_what_is_installed_is_not_watched_and_what_is_not_is(load: Load, write: Write, tmp_path: Path) -> None:
    write("work/lib/site-packages/installed.py", "")
    write("work/.git/hook.py", "")
    write("work/package/inner/deep.py", "")
    write("work/package/__init__.py", "")
    one = """
        import json, sys
        sys.path += ["lib/site-packages", ".git"]
        import hook, installed, package.inner.deep
    """
    write("work/one.py", one)
    with (tmp_path / "work" / "one.py").open("a") as file:
        file.write(GOOD.format(name="one"))
    location = watched(load, IN_WORK)
    assert location.state is State.READY
    files = {Path(one.path).relative_to(tmp_path / "work").as_posix() for one in location._life.files}
    assert files == {"one.py", "package/__init__.py", "package/inner/deep.py"}
    write("work/package/inner/deep.py", "import os\n")
    wait_for_generation(location, 2)
    work = tmp_path / "work"
    inside = [work, work / "package", work / "package" / "inner"]
    others = [work / "lib" / "site-packages", work / ".git", Path(os.__file__).parent]
    assert folders_watched([*inside, *others]) == inside


def test_an_environment_in_the_folder_of_the_code_hides_no_code(load: Load, write: Write, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "work")], check=True)
    write("work/one.py", "import helper\n" + GOOD.format(name="one"))
    write("work/helper.py", "")
    python = tmp_path / "work" / "bin" / "python"
    location = watched(load, IN_WORK.replace("work}", f"work, executable_path: {python}}}"))
    write("work/helper.py", "import os\n")
    wait_for_generation(location, 2)


def test_a_file_whose_name_is_no_text_is_no_trap(
    load: Load, write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write("one.py", GOOD.format(name="one"))
    location = watched(load, "load_from: [python_file: {relative_path: one.py, watch: '*.csv'}]")
    for number, name in enumerate((b"\xff.csv", b"\xfe.txt"), 2):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_text("1")
        write("one.py", GOOD.format(name=f"saved_{number}"))
        wait_for_pipeline(location, f"saved_{number}")
    assert caplog.records == []


@pytest.fixture
def unreadable() -> Iterator[Path]:
    """Give a folder with another one in it that this process cannot read until the test is over."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        closed = folder / "closed"
        closed.mkdir()
        closed.chmod(0o700 if os.geteuid() == 0 else 0o000)
        user = os.geteuid()
        yield folder
        os.seteuid(user)
        closed.chmod(0o700)


def test_an_unreadable_folder_costs_one_warning(unreadable: Path, nothing_left: None) -> None:
    (unreadable / "one.py").write_text(GOOD.format(name="one"))
    (unreadable / "rates.csv").write_text("1")
    file = unreadable / "workspace.yaml"
    file.write_text("load_from: [python_file: {relative_path: one.py, watch: ['**/*.csv', 'closed/*.sql']}]")
    told: list[str] = []
    with Workspace.load(file) as workspace:
        (location,) = workspace
        assert location.wait(60)
        for path in (unreadable / "one.py", unreadable / "rates.csv"):
            path.chmod(0o666)
        if os.geteuid() == 0:
            os.seteuid(65534)  # root may read everything
        workspace.watch(told.append)
        for number in (2, 3):
            (unreadable / "rates.csv").write_text(str(number))
            wait_for_generation(location, number)
        os.seteuid(os.getuid())
    assert told == [
        f"{unreadable}/closed cannot be watched: Permission denied.\nMake it readable for the user that runs Skerry."
    ]


def test_where_the_system_tells_nothing_files_are_looked_at(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(events.VARIABLE, "1")
    monkeypatch.setattr(events, "POLLING", 0.05)
    write("one.py", GOOD.format(name="one"))
    told: list[str] = []
    location = watched(load, "load_from: [python_file: {relative_path: one.py, watch: 'data/**/*.csv'}]", told)
    write("one.py", GOOD.format(name="saved"))
    wait_for_pipeline(location, "saved")
    write("data/2026/rates.csv", "1\n")
    wait_for_generation(location, 3)
    write("workspace.yaml", "load_from: []")
    wait_until(lambda: location.state is State.CLOSED, what="the end of the location")
    assert (told, folders_watched([tmp_path])) == ([], [])


LIMITED = """
import sys, threading, time
from pathlib import Path

from skerry import Workspace

folder = Path(sys.argv[1])
Path("/proc/sys/user", sys.argv[2]).write_text("0")
told = []
with Workspace.load(folder / "workspace.yaml") as workspace:
    (location,) = workspace
    assert location.wait(60)
    workspace.watch(told.append)
    for number in (2, 3):
        (folder / "one.py").write_text((folder / "one.py").read_text() + "\\n")
        deadline = time.monotonic() + 30
        while location.server.generation != number and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert location.server.generation == number
(one,) = told
print(one)
"""


@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_a_system_that_has_no_more_watches_is_told_once(write: Write, tmp_path: Path, limit: str) -> None:
    write("one.py", GOOD.format(name="one"))
    write("workspace.yaml", "load_from: [python_file: one.py]")
    # A limit of its own has only a user namespace.
    alone = ["unshare", "--user", "--map-root-user"]
    if sys.platform != "linux" or subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody make a user namespace")
    command = [*alone, sys.executable, str(write("limited.py", LIMITED)), str(tmp_path), limit]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert answer.returncode == 0, answer.stderr
    first, second = answer.stdout.splitlines()
    assert first.startswith("The system cannot tell of changes in 1 folders: ")
    assert second.startswith("Files are looked at each second in place of that.")
