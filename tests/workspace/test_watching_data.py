"""Data files that an entry, or a location type, has watched."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support import plugins
from support.location_types import location_type
from support.notifying import folders_watched
from support.waiting import wait_until

from skerry import Location, Workspace
from skerry.workspace.watching import patterns

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n"


def watched(load: Load, write: Write, watch: str, told: list[str] | None = None) -> tuple[Location, Location]:
    """Give a location with data files, and another one."""
    for name in ("one", "other"):
        write(f"{name}.py", GOOD.format(name=name))
    workspace = load(f"load_from: [python_file: {{relative_path: one.py, watch: {watch}}}, python_file: other.py]")
    assert workspace.problems == ()
    assert workspace.wait(60)
    if told is None:
        workspace.watch()
    else:
        workspace.watch(told.append)
    return workspace["one.py"], workspace["other.py"]


def generation(location: Location) -> int | None:
    return location.server.generation if location.server is not None else None


def wait_for_generation(location: Location, number: int) -> None:
    wait_until(lambda: generation(location) == number, what=f"generation {number} of {location.name}")


def assert_not_reloaded(location: Location, marker: Location, write: Write, number: int = 1) -> None:
    """Another location is saved and reloaded: what came before would have been seen by then."""
    before = generation(marker) or 0
    write("other.py", GOOD.format(name=f"marker_{before}"))
    wait_for_generation(marker, before + 1)
    assert generation(location) == number
    assert location.reload().new_generation == number + 1


def test_a_match_that_changes_appears_or_goes_away_reloads_its_location(
    load: Load, write: Write, tmp_path: Path
) -> None:
    write("data/rates.csv", "1\n")
    one, other = watched(load, write, "data/*.csv")
    write("data/rates.csv", "2\n")
    wait_for_generation(one, 2)
    assert one.history[-1].detail == "rates.csv"
    write("data/more.csv", "3\n")
    wait_for_generation(one, 3)
    assert one.history[-1].detail == "more.csv"
    (tmp_path / "data" / "rates.csv").unlink()
    wait_for_generation(one, 4)
    assert one.history[-1].detail == "rates.csv"
    assert generation(other) == 1


def test_what_does_not_match_reloads_nothing(load: Load, write: Write, tmp_path: Path) -> None:
    write("data/rates.csv", "1\n")
    one, other = watched(load, write, "data/*.csv")
    write("data/rates.txt", "1\n")
    write("data/.hidden.csv", "1\n")
    write("data/deeper/rates.csv", "1\n")
    os.utime(tmp_path / "data" / "rates.csv", (1, 1))
    assert_not_reloaded(one, other, write)


def test_several_globs_lead_into_all_folders(load: Load, write: Write, tmp_path: Path) -> None:
    write("rates.json", "1\n")
    one, _ = watched(load, write, "['queries/**/*.sql', rates.json]")
    for number, (name, text) in enumerate(
        [
            ("rates.json", "2\n"),
            ("queries/top.sql", "select 1"),
            ("queries/a/b/deep.sql", "select 1"),
            ("queries/a/b/deep.sql", "select 2"),
            ("queries/a/c/other.sql", "select 1"),
        ],
        2,
    ):
        write(name, text)
        wait_for_generation(one, number)
        assert one.history[-1].detail == Path(name).name


def test_a_folder_that_goes_away_takes_its_matches_along(load: Load, write: Write, tmp_path: Path) -> None:
    write("data/a/rates.csv", "1\n")
    one, _ = watched(load, write, "data/**")
    os.replace(tmp_path / "data", tmp_path / "old")
    wait_for_generation(one, 2)
    os.replace(tmp_path / "old", tmp_path / "data")
    wait_for_generation(one, 3)
    write("data/a/rates.csv", "2\n")
    wait_for_generation(one, 4)


def test_what_changes_while_a_location_is_idle_does_not_reload_it_once_it_is_loaded(load: Load, write: Write) -> None:
    write("rates.csv", "1\n")
    one, other = watched(load, write, "rates.csv, lazy: true")
    write("rates.csv", "2\n")
    write("other.py", GOOD.format(name="marker"))
    wait_for_generation(other, 2)
    one.load()
    assert one.wait(60)
    assert_not_reloaded(one, other, write)
    write("rates.csv", "3\n")
    wait_for_generation(one, 3)


@pytest.mark.parametrize("folder", [".git", "venv", "lib/site-packages", "__pycache__", ".hidden"])
def test_nobody_looks_into_environments_and_the_like(load: Load, write: Write, folder: str, tmp_path: Path) -> None:
    write("venv/pyvenv.cfg", "")
    write(f"{folder}/inner/rates.csv", "1\n")
    write("rates.csv", "1\n")
    one, other = watched(load, write, "'**/*.csv'")
    write(f"{folder}/inner/rates.csv", "2\n")
    assert_not_reloaded(one, other, write)
    write("rates.csv", "2\n")
    wait_for_generation(one, 3)
    assert folders_watched([tmp_path, tmp_path / folder, tmp_path / folder / "inner"]) == [tmp_path]


def test_the_folder_of_the_workspace_file_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "[a]*?"
    folder.mkdir()
    (folder / "one.py").write_text(GOOD.format(name="one"))
    (folder / "rates.csv").write_text("1")
    (folder / "workspace.yaml").write_text("load_from: [python_file: {relative_path: one.py, watch: 'rates.[c]sv'}]")
    with Workspace.load(folder / "workspace.yaml") as workspace:
        (location,) = workspace
        assert location.wait(60)
        workspace.watch()
        (folder / "rates.csv").write_text("2")
        wait_for_generation(location, 2)


def test_a_glob_that_leads_into_too_many_folders_is_told_once(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "MOST_FOLDERS", 5)
    for number in range(6):
        write(f"data/{number}/rates.csv", "1\n")
    told: list[str] = []
    one, _ = watched(load, write, "'data/**/*.csv'", told)
    for number in range(2, 4):
        write("one.py", GOOD.format(name=f"saved_{number}"))
        wait_for_generation(one, number)
    assert told == [
        f"one.py: {tmp_path}/data/**/*.csv leads into too many folders, and is not watched.\n"
        "Begin the glob in a folder that holds less."
    ]


Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a plugin into this process: key, source."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(key: str, source: str) -> None:
        plugins.install(site, key, source)
        importlib.invalidate_caches()

    return install


def watching_type(key: str, body: str) -> str:
    return location_type(key=key).replace(
        "    def open(self", f"    def watch_paths(self, origin):\n        {body}\n\n    def open(self"
    )


def test_what_a_location_type_names_is_watched_too(
    load: Load, write: Write, hello: Path, install: Install, tmp_path: Path
) -> None:
    install("named", watching_type("named", "return [Path(origin.folder, 'settings.ini'), Path(origin.folder, 'sql')]"))
    write("sql/a.sql", "select 1")
    workspace = load("load_from: [named: x]")
    (location,) = workspace
    assert location.wait(60)
    workspace.watch()
    for number, name in enumerate(["settings.ini", "sql/a.sql", "sql/b/c.sql"], 2):
        write(name, "other")
        wait_for_generation(location, number)
        assert location.history[-1].detail == Path(name).name


@pytest.mark.parametrize(
    ("body", "words"), [("1 / 0", "ZeroDivisionError: division by zero"), ("return ['x']", "it gave 'x', which is no")]
)
def test_a_location_type_that_fails_there_costs_one_warning(
    load: Load, write: Write, hello: Path, install: Install, body: str, words: str
) -> None:
    key = f"failing{len(body)}"
    install(key, watching_type(key, body))
    workspace = load(f"load_from: [{key}: x]")
    (location,) = workspace
    assert location.wait(60)
    told: list[str] = []
    workspace.watch(told.append)
    hello.write_text(GOOD.format(name="saved"))
    wait_for_generation(location, 2)
    hello.write_text(GOOD.format(name="again"))
    wait_for_generation(location, 3)
    (one,) = told
    assert words in one
    assert f"watch_paths() of the location type {key!r}" in one
