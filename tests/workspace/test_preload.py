"""``preload``: imported once for all locations that ask for it, and harmless whatever it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.packages import PackageEnvironment
from support.servers import alive
from support.waiting import wait_until

from skerry import Location, State, Workspace
from skerry.code_server import preloaded_fork_server
from skerry.plugin import ServerStatus
from skerry.workspace.served import ServedLocation

Write = Callable[[str, str], Path]
Load = Callable[[str], Workspace]

#: Imports what it can of the modules that the tests install, and tells what it has, and from where.
TELLS = """
import importlib, json, os, sys
from skerry import pipeline

before = set(sys.modules)
told = {"process": os.getpid(), "parent": os.getppid(), "path": sys.path}
for name in %(names)s:
    module = importlib.import_module(name)
    told[name] = {
        "file": module.__file__,
        "there": name in before,
        "value": getattr(module, "VALUE", None),
        "process": getattr(module, "PROCESS", None),
    }
told["before"] = sorted(before)
print(json.dumps(told))

@pipeline
def works():
    pass
"""
#: Remembers in a file which process has run it.
HEAVY = """
import os
PROCESS = os.getpid()
VALUE = 1
with open(%r, "a") as file:
    print(PROCESS, file=file)
"""
#: Goes on once a file is there.
WAITS = "import os, time\nwhile not os.path.exists(%r):\n    time.sleep(0.01)\n"


class Team:
    """A workspace whose locations import packages of one environment."""

    def __init__(self, folder: Path, write: Write, load: Load, version: str = "3.11") -> None:
        self.environment = PackageEnvironment(folder / "environment", version)
        self.imports = folder / "imports"
        self._write = write
        self._load = load
        self.entries: list[dict[str, Any]] = []

    def heavy(self, name: str = "heavy", more: str = "", version: str = "1.0") -> None:
        """Install a module of which it is known in which processes it was imported."""
        self.environment.install(name, HEAVY % str(self.imports) + more, version)

    def imported_by(self) -> list[int]:
        return [int(line) for line in self.imports.read_text().split()] if self.imports.exists() else []

    def add(self, name: str, imports: tuple[str, ...], preload: tuple[str, ...] = (), **options: Any) -> None:
        self._write(f"{name}.py", TELLS % {"names": repr(imports)})
        entry = {"relative_path": f"{name}.py", "executable_path": str(self.environment.python), **options}
        self.entries.append({"python_file": {**entry, "preload": list(preload)} if preload else entry})

    def text(self) -> str:
        return json.dumps({"load_from": self.entries})

    def write(self) -> None:
        self._write("workspace.yaml", self.text())

    def load(self) -> Workspace:
        workspace = self._load(self.text())
        assert workspace.wait(60)
        assert {location.state for location in workspace} == {State.READY}, [one.error for one in workspace]
        return workspace


@pytest.fixture
def team(tmp_path: Path, write: Write, load: Load) -> Team:
    return Team(tmp_path, write, load)


def told_by(location: Location) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(location.output().splitlines()[-1])
    return told


def preloaded(location: Location) -> tuple[str, ...]:
    explanation = location.snapshot.explanation
    assert explanation is not None
    return explanation.preloaded


def warning(location: Location) -> str:
    (only,) = location.snapshot.warnings
    return only


# -- what it is for ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.8", "3.11", "3.13"])
def test_a_module_is_imported_once_for_all_that_ask_for_it(
    version: str, tmp_path: Path, write: Write, load: Load
) -> None:
    team = Team(tmp_path, write, load, version)
    team.heavy()
    for number in range(20):
        team.add(f"location_{number}", ("heavy",), ("heavy",))
    workspace = team.load()
    told = [told_by(location) for location in workspace]
    (importer,) = team.imported_by()
    assert {one["parent"] for one in told} == {importer}
    assert all(one["heavy"]["there"] for one in told)
    assert len({one["process"] for one in told}) == 20
    assert {location.snapshot.warnings for location in workspace} == {()}
    assert {preloaded(location) for location in workspace} == {("heavy",)}


def test_who_does_not_ask_is_forked_from_a_clean_process(team: Team) -> None:
    team.heavy()
    team.add("asks", ("heavy",), ("heavy",))
    team.add("does_not", ())
    team.add("imports", ("heavy",))
    asks, does_not, imports = team.load()
    assert "heavy" not in told_by(does_not)["before"]
    assert not told_by(imports)["heavy"]["there"]
    assert told_by(does_not)["parent"] == told_by(imports)["parent"] != told_by(asks)["parent"]
    clean, preloading = (set(told_by(one)["before"]) for one in (does_not, asks))
    assert preloading - clean == {"heavy", "skerry_user_code.asks"}
    assert preloaded(imports) == ()


def test_those_that_ask_for_different_modules_share_one_process_with_all_of_them(team: Team) -> None:
    for name in ("heavy", "bulky", "large"):
        team.heavy(name)
    team.add("one", ("heavy",), ("heavy",))
    team.add("two", ("bulky", "large"), ("bulky", "large"))
    one, two = team.load()
    assert len(team.imported_by()) == 3
    assert {*team.imported_by()} == {told_by(one)["parent"]} == {told_by(two)["parent"]}
    assert (preloaded(one), preloaded(two)) == (("heavy",), ("bulky", "large"))


def test_another_module_is_added_without_touching_who_is_there(team: Team) -> None:
    team.heavy("heavy")
    team.heavy("bulky")
    team.add("one", ("heavy",), ("heavy",))
    workspace = team.load()
    before = workspace["one.py"].server
    assert before is not None
    assert before.pid is not None
    old = told_by(workspace["one.py"])["parent"]
    team.add("two", ("heavy", "bulky"), ("bulky",))
    team.write()
    assert workspace.reload().added == ("two.py",)
    assert workspace["two.py"].wait(60)
    told = told_by(workspace["two.py"])
    assert (told["heavy"]["there"], told["bulky"]["there"]) == (True, True)
    assert workspace["one.py"].server == before
    assert alive(before.pid)
    assert alive(old)
    # The next life of the first one comes from the new process, and then nobody needs the old one.
    assert workspace["one.py"].reload().error is None
    assert told_by(workspace["one.py"])["parent"] == told["parent"] != old
    wait_until(lambda: not alive(old), what="the end of the fork server that nobody uses")


def test_one_name_may_stand_without_a_list(team: Team) -> None:
    team.heavy()
    team.add("one", ("heavy",), ("heavy",))
    team.entries[0]["python_file"]["preload"] = "heavy"
    (one,) = team.load()
    assert preloaded(one) == ("heavy",)
    assert one.origin is not None
    assert one.origin.options["preload"] == ["heavy"]


def test_a_submodule_and_the_standard_library_can_be_preloaded(team: Team) -> None:
    team.environment.install("toolbox/__init__", "VALUE = 1")
    team.environment.install("toolbox/saw", "VALUE = 2")
    team.add("one", ("toolbox.saw", "decimal"), ("toolbox.saw", "decimal"))
    (one,) = team.load()
    told = told_by(one)
    assert (told["toolbox.saw"]["there"], told["decimal"]["there"]) == (True, True)
    assert one.snapshot.warnings == ()


def test_what_a_module_prints_is_not_printed_again_by_every_location(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    team.heavy(more="print('once', end='')")
    team.add("one", ("heavy",), ("heavy",))
    team.add("two", ("heavy",), ("heavy",))
    assert {"once" in location.output() for location in team.load()} == {False}


def test_processes_are_no_twins(team: Team) -> None:
    """What numpy does: its generator is seeded when it is imported, and never at a fork."""
    seeded = "import os\nPROCESS = VALUE = os.getpid()\ndef seed():\n    global VALUE\n    VALUE = os.getpid()\n"
    team.environment.install("numpy/__init__", "")
    team.environment.install("numpy/random", seeded)
    team.add("one", ("numpy.random",), ("numpy.random",))
    team.add("two", ("numpy.random",), ("numpy.random",))
    for location in team.load():
        told = told_by(location)
        assert told["numpy.random"]["there"]
        assert told["numpy.random"]["value"] == told["process"]


def test_variables_of_the_entry_are_not_there_yet(team: Team) -> None:
    team.environment.install("reader", "import os\nVALUE = os.environ.get('TEAM')\n")
    team.add("one", ("reader",), ("reader",), env={"TEAM": "blue"})
    team.add("two", ("reader",), env={"TEAM": "blue"})
    one, two = team.load()
    assert (told_by(one)["reader"]["value"], told_by(two)["reader"]["value"]) == (None, "blue")


# -- modules that are not fit for it ----------------------------------------------------------------------------------

MISBEHAVING = {
    "raises": ("raise RuntimeError('no licence')", "failed with RuntimeError: no licence."),
    "leaves": ("import sys; sys.exit(4)", "failed with sys.exit(4) was called"),
    "exits": ("import os; os._exit(3)", "ended the process with exit code 3."),
    "crashes": ("import os; os.kill(os.getpid(), 11)", "ended the process by SIGSEGV."),
    "hangs": ("import time; time.sleep(3600)", "took more than 0.5 s."),
    "hogs": ("import re; re.match('(a+)+$', 'a' * 60 + 'b')", "took more than 0.5 s."),
    "threads": ("import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()",
                "starts threads"),
    "lacks": ("import surely_not_there", "failed with ModuleNotFoundError: No module named 'surely_not_there'."),
    "closes": ("import os; os.closerange(3, 256)", "ended the process with exit code"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISBEHAVING)
def test_a_module_that_misbehaves_is_left_out_with_a_warning(
    name: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preloaded_fork_server, "PRELOAD_TIMEOUT", 0.5)
    code, reason = MISBEHAVING[name]
    team.heavy()
    team.environment.install(name, code)
    team.add("both", ("heavy",), (name, "heavy"))
    team.add("sound", ("heavy",), ("heavy",))
    both, sound = team.load()
    assert warning(both).startswith(f"{name} is not preloaded: ")
    assert reason in warning(both)
    assert "`preload`" in warning(both)
    assert sound.snapshot.warnings == ()
    assert (preloaded(both), preloaded(sound)) == (("heavy",), ("heavy",))
    assert told_by(both)["parent"] == told_by(sound)["parent"]
    assert name not in told_by(sound)["before"]


def test_all_that_misbehave_at_once(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preloaded_fork_server, "PRELOAD_TIMEOUT", 0.5)
    for name, (code, _) in MISBEHAVING.items():
        team.environment.install(name, code)
    team.add("one", (), tuple(MISBEHAVING))
    (one,) = team.load()
    assert len(one.snapshot.warnings) == len(MISBEHAVING)


@pytest.mark.parametrize("name", ["surely_not_there", "toolbox.surely_not_there"])
def test_a_module_that_is_not_there(name: str, team: Team) -> None:
    team.environment.install("toolbox/__init__", "")
    team.add("one", ("toolbox",), (name,))
    (one,) = team.load()
    reason = f"not installed for {team.environment.python}" if "." not in name else f"No module named '{name}'"
    assert reason in warning(one)


def test_a_location_waits_for_others_modules_at_most_half_of_its_time(team: Team) -> None:
    team.environment.install("hangs", MISBEHAVING["hangs"][0])
    team.add("one", (), ("hangs",), startup_timeout=2)
    (one,) = team.load()
    assert "half of `startup_timeout` passed" in warning(one)


def test_start_fresh_leaves_nothing_to_preload(team: Team) -> None:
    team.heavy()
    team.add("one", ("heavy",), ("heavy",), start="fresh")
    (one,) = team.load()
    assert "`start: fresh`" in warning(one)
    told = told_by(one)
    assert (told["heavy"]["there"], team.imported_by()) == (False, [told["process"]])


# -- fresh code -------------------------------------------------------------------------------------------------------


#: What setuptools leaves for a package that a folder on ``sys.path`` cannot stand for.
FINDER = """
import importlib.util, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return importlib.util.spec_from_file_location(name, %r) if name == "ours" else None

def install():
    sys.meta_path.append(Finder)
"""


@pytest.mark.parametrize("way", ["folder", "finder"])
def test_an_editable_package_is_left_out_so_that_a_reload_sees_its_changes(
    way: str, team: Team, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "ours.py").write_text("VALUE = 1\n")
    team.environment.install("__editable___ours_finder", FINDER % str(source / "ours.py"))
    line = str(source) if way == "folder" else "import __editable___ours_finder as found; found.install()"
    (team.environment.site_packages / "__editable__.ours.pth").write_text(f"{line}\n")
    team.environment.install("uses", "import ours\nVALUE = ours.VALUE\n")
    team.add("one", ("ours", "uses"), ("ours", "uses"))
    (one,) = team.load()
    itself, by_the_other = one.snapshot.warnings
    assert f"ours is not preloaded: it lies in {source}" in itself
    assert f"uses is not preloaded: it imports ours from {source / 'ours.py'}" in by_the_other
    assert told_by(one)["uses"]["value"] == 1
    (source / "ours.py").write_text("VALUE = 2  # another size\n")
    assert one.reload().error is None
    assert told_by(one)["uses"]["value"] == 2


def test_a_module_on_pythonpath_is_left_out(team: Team, tmp_path: Path) -> None:
    team.heavy()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "heavy.py").write_text("VALUE = 'mine'\n")
    team.add("mine", ("heavy",), ("heavy",), env={"PYTHONPATH": str(tmp_path / "mine")})
    team.add("theirs", ("heavy",), ("heavy",))
    mine, theirs = team.load()
    assert f"it lies in {tmp_path / 'mine'}" in warning(mine)
    assert (told_by(mine)["heavy"]["value"], told_by(theirs)["heavy"]["value"]) == ("mine", 1)
    assert theirs.snapshot.warnings == ()


@pytest.mark.parametrize("shape", ["heavy.py", "heavy/__init__.py"])
def test_a_module_in_the_working_directory_is_the_locations_own(shape: str, team: Team, write: Write) -> None:
    team.heavy()
    team.environment.install("uses", "import heavy\nVALUE = heavy.VALUE\n")
    folder = write(f"mine/{shape}", "VALUE = 'mine'\n").parents[shape.count("/")]
    team.add("asked", ("heavy",), ("heavy",), working_directory="mine")
    team.add("along", ("uses",), ("uses",), working_directory="mine")
    team.add("theirs", ("uses",), ("uses",), working_directory=".")
    asked, along, theirs = team.load()
    assert told_by(asked)["heavy"]["value"] == told_by(along)["uses"]["value"] == "mine"
    assert f"with it comes heavy, and {folder} has another one" in warning(asked)
    assert f"uses is not preloaded: with it comes heavy, and {folder} has another one" in warning(along)
    assert (told_by(theirs)["uses"]["value"], theirs.snapshot.warnings) == (1, ())


def test_a_folder_of_data_in_the_working_directory_hides_nothing(team: Team, write: Write) -> None:
    team.heavy()
    write("mine/heavy/data.csv", "1,2\n")
    team.add("one", ("heavy",), ("heavy",), working_directory="mine")
    (one,) = team.load()
    assert (one.snapshot.warnings, told_by(one)["heavy"]["there"]) == ((), True)


def test_the_code_that_a_location_loads_is_never_preloaded_for_it(team: Team) -> None:
    team.heavy("project/helper")
    team.environment.install("project/__init__", "")
    team.environment.install("project/repository", "from skerry import pipeline\n@pipeline\ndef works(): pass\n")
    team.environment.install("uses", "import project.helper\n")
    python = str(team.environment.python)
    for preload in ("project.helper", "uses"):
        options = {"package_name": "project.repository", "executable_path": python, "location_name": preload}
        team.entries.append({"python_package": {**options, "preload": preload}})
    team.add("other", ("project.helper",), ("uses",))
    itself, along, other = team.load()
    assert "project.helper is not preloaded: with it comes project, which the location loads itself" in warning(itself)
    assert "uses is not preloaded: with it comes project, which the location loads itself" in warning(along)
    assert preloaded(other) == ("uses",)


def test_a_package_that_is_upgraded_is_preloaded_anew(team: Team) -> None:
    team.environment.install("library", "VALUE = 'old'\n")
    team.environment.install("uses/__init__", "import library\nVALUE = library.VALUE\n")
    team.add("one", ("uses",), ("uses",))
    team.add("two", ("uses",), ("uses",))
    one, two = team.load()
    old, before = told_by(two), two.server
    team.environment.install("library", "VALUE = 'new'\n", version="2.0")
    assert one.reload().error is None
    told = told_by(one)
    assert (told["uses"]["value"], told["uses"]["there"], preloaded(one)) == ("new", True, ("uses",))
    assert two.server == before
    assert told["parent"] != old["parent"]
    assert two.reload().error is None
    assert (told_by(two)["uses"]["value"], told_by(two)["parent"]) == ("new", told["parent"])
    wait_until(lambda: not alive(old["parent"]), what="the end of the fork server with the old version")


def test_a_file_that_is_changed_in_place_is_seen(team: Team) -> None:
    file = team.environment.install("library", "VALUE = 'old'\n")
    team.add("one", ("library",), ("library",))
    (one,) = team.load()
    parent = told_by(one)["parent"]
    assert one.reload().error is None
    assert told_by(one)["parent"] == parent
    file.write_text("VALUE = 'patched'\n")
    assert one.reload().error is None
    assert (told_by(one)["library"]["value"], told_by(one)["library"]["there"]) == ("patched", True)


def test_a_package_that_is_upgraded_during_the_import_is_imported_again(team: Team, load: Load, tmp_path: Path) -> None:
    goes_on = tmp_path / "goes_on"
    team.heavy("first", "VALUE = 'old'\n")
    team.environment.install("second", WAITS % str(goes_on))
    team.add("one", ("first",), ("first", "second"))
    workspace = load(team.text())
    wait_until(lambda: bool(team.imported_by()), what="the import of the first module")
    team.heavy("first", "VALUE = 'new'\n", version="2.0")
    goes_on.touch()
    assert workspace.wait(60)
    (one,) = workspace
    assert (told_by(one)["first"]["value"], preloaded(one)) == ("new", ("first", "second"))


@pytest.mark.parametrize("first", [None, "raise RuntimeError('broken')"])
def test_what_is_installed_or_mended_later_is_preloaded_from_then_on(first: str | None, team: Team) -> None:
    if first is not None:
        team.environment.install("library", first)
    team.add("one", (), ("library",))
    (one,) = team.load()
    assert "library is not preloaded" in warning(one)
    team.environment.install("library", "VALUE = 'mended'\n", version="2.0")
    assert one.reload().error is None
    assert (one.snapshot.warnings, preloaded(one)) == ((), ("library",))


def test_warnings_go_with_the_location_when_it_is_served(team: Team) -> None:
    team.add("one", (), ("surely_not_there",))
    workspace = team.load()
    (one,) = workspace
    told: list[ServerStatus] = []
    ServedLocation(workspace, one).watch(told.append)
    assert [status.warnings for status in told] == [(warning(one),)]


# -- endings ----------------------------------------------------------------------------------------------------------


def test_a_fork_server_that_is_killed_is_made_again_with_what_was_preloaded(team: Team) -> None:
    team.heavy()
    team.add("one", ("heavy",), ("heavy",))
    team.add("other", ())
    one, other = team.load()
    server, others = one.server, other.server
    os.kill(told_by(one)["parent"], signal.SIGKILL)
    wait_until(lambda: one.state is State.READY and one.server != server, what="READY again")
    assert told_by(one)["heavy"]["there"]
    assert len(team.imported_by()) == 2
    assert other.server == others


def test_fork_servers_that_are_killed_during_the_import_cost_a_second_import(
    team: Team, load: Load, tmp_path: Path
) -> None:
    """The clean one is killed, and with it the other: that is not the module's fault."""
    goes_on = tmp_path / "goes_on"
    team.heavy(more=WAITS % str(goes_on))
    team.add("one", ("heavy",), ("heavy",))
    workspace = load(team.text())
    wait_until(lambda: len(team.imported_by()) == 1, what="the import")
    importer = psutil.Process(team.imported_by()[0])
    parent = importer.parent()
    assert parent is not None
    parent.kill()
    wait_until(lambda: len(team.imported_by()) == 2, what="the second import")
    goes_on.touch()
    assert workspace.wait(60)
    (one,) = workspace
    assert (one.state, preloaded(one), one.snapshot.warnings) == (State.READY, ("heavy",), ())


def test_a_workspace_can_be_closed_while_a_module_hangs(team: Team, load: Load) -> None:
    team.environment.install("hangs", f"open({str(team.imports)!r}, 'w').close()\nimport signal\nsignal.pause()\n")
    team.add("one", (), ("hangs",))
    workspace = load(team.text())
    wait_until(team.imports.exists, what="the import")
    workspace.close()
    assert workspace["one.py"].state is State.CLOSED


HOST = """
import sys
from skerry import Workspace
with Workspace.load(sys.argv[1]) as workspace:
    workspace.wait()
"""


def test_nothing_outlives_a_host_that_is_killed_while_a_module_hangs(team: Team, tmp_path: Path) -> None:
    team.heavy("hangs", MISBEHAVING["hogs"][0])
    team.add("one", (), ("hangs",))
    team.write()
    process = subprocess.Popen([sys.executable, "-c", HOST, str(tmp_path / "workspace.yaml")])
    try:
        wait_until(lambda: bool(team.imported_by()), what="the import")
        pids = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        assert team.imported_by()[0] in pids
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not any(map(alive, pids)), 5, "the end of all that the host started")
