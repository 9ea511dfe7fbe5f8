"""Watching: what is saved is loaded again, and nothing else is."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.waiting import wait_until

from skerry import ErrorKind, Location, State, Workspace
from skerry.model import Cause
from skerry.workspace.watching import subjects, watcher

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n"
TWO = "load_from: [python_file: one.py, python_file: two.py]"
#: Imports the other modules that lie beside it.
IMPORTS = """
    load_from:
      - python_file: {relative_path: one.py, working_directory: .}
      - python_file: {relative_path: two.py, working_directory: .}
      - python_file: three.py
"""


@pytest.fixture
def watch(write: Write, load: Load) -> Callable[..., Workspace]:
    """Load a workspace and watch it; ``one.py``, ``two.py`` and ``three.py`` are good unless they are given."""

    def watch(text: str, **files: str) -> Workspace:
        for name in ("one", "two", "three"):
            write(f"{name}.py", files.pop(name, GOOD.format(name=name)))
        for name, content in files.items():
            write(f"{name}.py", content)
        workspace = load(text)
        assert workspace.wait(60)
        workspace.watch()
        return workspace

    return watch


Watch = Callable[..., Workspace]


def generation(location: Location) -> int | None:
    return location.server.generation if location.server is not None else None


def error_kind(location: Location) -> ErrorKind | None:
    return location.error.kind if location.error is not None else None


def wait_for_generation(location: Location, number: int) -> None:
    wait_until(lambda: generation(location) == number, what=f"generation {number} of {location.name}")


def pipelines(location: Location) -> list[str]:
    return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]


def wait_for_pipeline(location: Location, name: str) -> None:
    wait_until(lambda: pipelines(location) == [name], what=f"the pipeline {name}")


def assert_not_reloaded(location: Location, number: int = 1) -> None:
    """Reloads follow each other, so one that is asked for now comes after any other that has begun."""
    assert generation(location) == number
    assert location.reload().new_generation == number + 1


def test_a_save_reloads_the_locations_that_have_imported_the_file_and_no_other(watch: Watch, write: Write) -> None:
    imports = "from helper import NAME\n" + GOOD.format(name="{NAME}").replace("def {NAME}", "def job")
    one = imports + "print(NAME)\n"
    workspace = watch(IMPORTS, one=one, two=one, helper="NAME = 'before'\n")
    write("helper.py", "NAME = 'after'\n")
    for name in ("one.py", "two.py"):
        wait_for_generation(workspace[name], 2)
        assert workspace[name].output() == "after\n"
        assert workspace[name].history[-1].cause is Cause.FILES_CHANGED
        assert workspace[name].history[-1].detail == "helper.py"
    write("three.py", GOOD.format(name="marker"))
    wait_for_generation(workspace["three.py"], 2)
    for name in ("one.py", "two.py", "three.py"):
        assert_not_reloaded(workspace[name], 2)


def test_many_saves_make_one_reload(watch: Watch, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    # So long that a busy machine does not part the saves.
    monkeypatch.setattr(watcher, "QUIET", 1.0)
    monkeypatch.setattr(watcher, "LONGEST", 30.0)
    workspace = watch(TWO)
    for number in range(20):
        write("one.py", GOOD.format(name=f"save_{number}"))
        threading.Event().wait(0.01)
    wait_for_generation(workspace["one.py"], 2)
    assert pipelines(workspace["one.py"]) == ["save_19"]
    assert_not_reloaded(workspace["one.py"], 2)


def test_a_save_is_followed_though_saves_never_end(watch: Watch, write: Write, tmp_path: Path) -> None:
    workspace = watch(TWO)
    write("one.py", GOOD.format(name="saved"))
    numbers = iter(range(10_000))

    def is_followed() -> bool:
        write("two.py", GOOD.format(name=f"save_{next(numbers)}"))
        return generation(workspace["one.py"]) == 2

    wait_until(is_followed, what="the reload")
    assert pipelines(workspace["one.py"]) == ["saved"]


def test_another_time_without_another_content_reloads_nothing(watch: Watch, write: Write, tmp_path: Path) -> None:
    workspace = watch(TWO)
    os.utime(tmp_path / "one.py", (1, 1))
    (tmp_path / "one.py").chmod(0o600)
    write("two.py", GOOD.format(name="marker"))
    wait_for_generation(workspace["two.py"], 2)
    assert_not_reloaded(workspace["one.py"])


def test_a_content_that_comes_back_reloads_nothing(watch: Watch, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "QUIET", 1.0)
    monkeypatch.setattr(watcher, "LONGEST", 30.0)
    workspace = watch(TWO)
    write("one.py", "broken")
    write("one.py", GOOD.format(name="one"))
    write("two.py", GOOD.format(name="marker"))
    wait_for_generation(workspace["two.py"], 2)
    assert_not_reloaded(workspace["one.py"])


def test_an_editor_that_saves_by_renaming_is_followed(watch: Watch, write: Write, tmp_path: Path) -> None:
    workspace = watch(TWO)
    for number in (2, 3):
        os.replace(write(".one.py.swp", GOOD.format(name=f"saved_{number}")), tmp_path / "one.py")
        wait_for_generation(workspace["one.py"], number)
        assert pipelines(workspace["one.py"]) == [f"saved_{number}"]
    assert_not_reloaded(workspace["two.py"])


def test_an_editor_that_keeps_the_old_file_is_followed(watch: Watch, write: Write, tmp_path: Path) -> None:
    workspace = watch(TWO)
    for number in (2, 3):
        os.replace(tmp_path / "one.py", tmp_path / "one.py~")
        write("one.py", GOOD.format(name=f"saved_{number}"))
        wait_for_pipeline(workspace["one.py"], f"saved_{number}")


def test_a_file_that_is_deleted_and_comes_back_is_followed(watch: Watch, write: Write, tmp_path: Path) -> None:
    location = watch(TWO)["one.py"]
    (tmp_path / "one.py").unlink()
    wait_until(lambda: location.snapshot.stale, what="the failed reload")
    assert error_kind(location) is ErrorKind.FILE_NOT_FOUND
    write("one.py", GOOD.format(name="one"))
    wait_for_generation(location, 2)
    assert (location.snapshot.stale, location.error) == (False, None)


@pytest.mark.parametrize("broken", ["def broken(:\n", "1 / 0\n", "import no_such_module\n", "import sys; sys.exit()"])
def test_a_reload_that_fails_goes_on_watching(watch: Watch, write: Write, broken: str) -> None:
    location = watch(TWO)["one.py"]
    for number in (2, 3):
        write("one.py", broken)
        wait_until(lambda: location.snapshot.stale, what="the failed reload")
        write("one.py", GOOD.format(name=f"mended_{number}"))
        wait_for_generation(location, number)
        assert (location.snapshot.stale, pipelines(location)) == (False, [f"mended_{number}"])


def test_what_failed_goes_back_to_what_it_was(watch: Watch, write: Write) -> None:
    location = watch(TWO)["one.py"]
    write("one.py", "1 / 0")
    wait_until(lambda: location.snapshot.stale, what="the failed reload")
    write("one.py", GOOD.format(name="one"))
    wait_for_generation(location, 2)
    assert (location.snapshot.stale, location.error) == (False, None)


def test_code_that_has_never_been_loaded_is_mended_by_a_save(watch: Watch, write: Write) -> None:
    workspace = watch(TWO, one="1 / 0", two="import os; os._exit(3)")
    assert [location.state for location in workspace] == [State.FAILED, State.FAILED]
    write("one.py", GOOD.format(name="mended"))
    write("two.py", GOOD.format(name="mended"))
    for location in workspace:
        wait_for_generation(location, 1)


def test_code_that_ends_its_process_in_another_module_is_mended_there(watch: Watch, write: Write) -> None:
    good = "import helper\n" + GOOD.format(name="one")
    location = watch(IMPORTS, one=good, two=good, helper="")["one.py"]
    write("helper.py", "import os\nos._exit(3)\n")
    wait_until(lambda: location.snapshot.stale, what="the failed reload")
    assert location.error is not None
    assert location.error.kind is ErrorKind.PROCESS_EXITED
    write("helper.py", "HELPS = True\n")
    wait_for_generation(location, 2)
    assert not location.snapshot.stale


@pytest.mark.parametrize(
    ("one", "file", "content"),
    [
        ("import helper", "helper.py", ""),
        ("import helper", "helper/__init__.py", ""),
        ("import helper.inner", "helper/inner.py", ""),
        ("import package.inner", "package/inner.py", ""),
        ("from package import inner", "package/inner.py", ""),
        ("try:\n    import helper\nexcept ImportError as error:\n    raise ValueError() from error", "helper.py", ""),
        ("open('rates.csv').read()", "rates.csv", "1,2\n"),
        ("open('data/2026/rates.csv').read()", "data/2026/rates.csv", "1,2\n"),
    ],
)
def test_a_file_that_appears_where_a_load_missed_it_mends_it(
    watch: Watch, write: Write, one: str, file: str, content: str
) -> None:
    write("package/__init__.py", "")
    location = watch(IMPORTS, one=f"{one}\n{GOOD.format(name='one')}")["one.py"]
    assert location.state is State.FAILED
    write(file, content)
    wait_until(lambda: location.state is State.READY, what="the mended location")


@pytest.mark.parametrize("path", ["late.py", "not/there/late.py"])
def test_the_target_itself_may_appear_later(watch: Watch, write: Write, path: str) -> None:
    (location,) = watch(f"load_from: [python_file: {path}]")
    assert location.state is State.FAILED
    write(path, GOOD.format(name="late"))
    wait_until(lambda: location.state is State.READY, what="the location")


def test_a_working_directory_may_appear_later(watch: Watch, write: Write, tmp_path: Path) -> None:
    (location,) = watch("load_from: [python_file: {relative_path: one.py, working_directory: work}]")
    assert location.error is not None
    assert location.error.kind is ErrorKind.WORKING_DIRECTORY_NOT_FOUND
    (tmp_path / "work").mkdir()
    wait_until(lambda: location.state is State.READY, what="the location")


def test_a_module_may_appear_later(watch: Watch, write: Write) -> None:
    (location,) = watch("load_from: [python_module: {module_name: late, working_directory: .}]")
    assert location.error is not None
    assert location.error.kind is ErrorKind.MODULE_NOT_FOUND
    write("late.py", GOOD.format(name="late"))
    wait_until(lambda: location.state is State.READY, what="the location")


def test_a_definition_that_lacks_a_module_is_mended_by_it(watch: Watch, write: Write) -> None:
    one = GOOD.format(name="one").replace("pass", "import helper") + GOOD.format(name="other")
    one += "\nfrom skerry import repository\n\n@repository\ndef all_of_it():\n    return [one, other]\n"
    location = watch(IMPORTS, one=one)["one.py"]
    assert [failure.name for failure in location.repositories[0].errors] == ["one"]
    write("helper.py", "")
    wait_for_generation(location, 2)
    assert location.repositories[0].errors == ()


def waits_for(path: Path) -> str:
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\n"


def test_a_save_during_a_reload_is_not_lost(watch: Watch, write: Write, tmp_path: Path) -> None:
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    gate.touch()
    one = f"import helper\nopen({str(begun)!r}, 'w')\n{waits_for(gate)}print(helper.NAME)\n{GOOD.format(name='one')}"
    location = watch(IMPORTS, one=one, helper="NAME = 'first'\n")["one.py"]
    gate.unlink()
    begun.unlink()
    write("helper.py", "NAME = 'second'\n")
    wait_until(begun.exists, what="the reload")
    write("helper.py", "NAME = 'third'\n")
    gate.touch()
    wait_for_generation(location, 3)
    assert location.output() == "third\n"
    assert_not_reloaded(location, 3)


def test_a_save_during_the_first_load_is_not_lost(write: Write, load: Load, tmp_path: Path) -> None:
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    write("helper.py", "NAME = 'first'\n")
    good = GOOD.format(name="one")
    write("one.py", f"import helper\nopen({str(begun)!r}, 'w')\n{waits_for(gate)}print(helper.NAME)\n{good}")
    workspace = load("load_from: [python_file: {relative_path: one.py, working_directory: .}]")
    workspace.watch()
    wait_until(begun.exists, what="the import")
    write("helper.py", "NAME = 'second'\n")
    gate.touch()
    (location,) = workspace
    wait_for_generation(location, 2)
    assert location.output() == "second\n"
    assert_not_reloaded(location, 2)


def test_a_save_just_before_a_load_leaves_no_doubt_of_what_was_loaded(write: Write, load: Load) -> None:
    write("one.py", GOOD.format(name="one"))
    (location,) = load("load_from: [python_file: one.py]")
    assert location.wait(60)
    for number in range(20):
        write("one.py", GOOD.format(name=f"save_{number}"))
        assert location.reload().error is None
        assert None not in [file.digest for file in location._life.files]


def test_a_reload_that_hangs_keeps_no_other_waiting(watch: Watch, write: Write, tmp_path: Path) -> None:
    workspace = watch(TWO)
    write("one.py", "import time\ntime.sleep(1000)\n")
    wait_until(lambda: workspace["one.py"]._life.is_loading(), what="the reload that hangs")
    write("two.py", GOOD.format(name="saved"))
    wait_for_generation(workspace["two.py"], 2)
    assert workspace["one.py"]._life.is_loading()


def test_saves_that_have_the_same_time_and_size_are_told_apart(
    write: Write, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The interpreter would take the bytecode of the first for that of the second.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    def save(name: str) -> None:
        for file in ("one.py", "helper.py"):
            write(file, f"import helper\nNAME = {name!r}\nprint(NAME, helper.NAME)\n{GOOD.format(name=name)}")
            os.utime(tmp_path / file, (2_000_000_000, 2_000_000_000))

    save("a")
    workspace = load("load_from: [python_file: {relative_path: one.py, working_directory: .}]")
    (location,) = workspace
    assert location.wait(60)
    save("b")
    assert location.reload().new_generation == 2
    assert location.output().splitlines()[-1] == "b b"


def test_code_that_writes_what_it_is_loaded_from_is_not_reloaded_without_end(
    watch: Watch, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(subjects, "LAST_PAUSE", 1000.0)
    one = f"import time\nopen('made.py', 'w').write(str(time.time()))\nimport made\n{GOOD.format(name='one')}"
    told: list[str] = []
    for name in ("one", "two", "three"):
        write(f"{name}.py", GOOD.format(name=name))
    workspace = watch(IMPORTS)
    location = workspace["one.py"]
    monkeypatch.setattr(workspace._watcher, "_tell", told.append)
    write("one.py", one)
    wait_until(lambda: bool(told), what="the warning")
    number = generation(location)
    assert number == subjects.PATIENCE + 2
    assert told == [
        "one.py: made.py changed again and again while it was loaded; reloads wait now.\n"
        "Do not let code write what it is loaded from."
    ]
    write("two.py", GOOD.format(name="marker"))
    wait_for_generation(workspace["two.py"], 2)
    assert_not_reloaded(location, number)


def test_an_idle_location_is_not_loaded_by_a_save(watch: Watch, write: Write) -> None:
    workspace = watch("load_from: [python_file: {relative_path: one.py, lazy: true}, python_file: two.py]")
    write("one.py", GOOD.format(name="saved"))
    write("two.py", GOOD.format(name="marker"))
    wait_for_generation(workspace["two.py"], 2)
    location = workspace["one.py"]
    assert location.state is State.IDLE
    location.load()
    assert location.wait(60)
    assert (generation(location), pipelines(location)) == (1, ["saved"])
    write("one.py", GOOD.format(name="again"))
    wait_for_generation(location, 2)


def test_a_reload_that_is_asked_for_makes_a_generation_of_the_same_content(watch: Watch) -> None:
    location = watch(TWO)["one.py"]
    assert [location.reload().new_generation for _ in range(3)] == [2, 3, 4]


def test_watching_begins_once(watch: Watch, write: Write) -> None:
    workspace = watch(TWO)
    for _ in range(3):
        workspace.watch()
    assert [thread.name for thread in threading.enumerate()].count("skerry-watch") == 1
    write("one.py", GOOD.format(name="saved"))
    wait_for_generation(workspace["one.py"], 2)
    assert_not_reloaded(workspace["one.py"], 2)


def test_watching_ends_with_the_workspace_also_in_the_middle_of_a_reload(watch: Watch, write: Write) -> None:
    workspace = watch(TWO)
    write("one.py", "import time\ntime.sleep(1000)\n")
    wait_until(lambda: workspace["one.py"]._life.is_loading(), what="the reload that hangs")
    workspace.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name in ("skerry-watch", "skerry-reload")]
    workspace.watch()
    assert not [thread.name for thread in threading.enumerate() if thread.name == "skerry-watch"]


# -- the workspace file ------------------------------------------------------------------------------------------------


def test_an_edited_workspace_file_touches_what_has_changed(watch: Watch, write: Write) -> None:
    workspace = watch("load_from: [python_file: one.py, python_file: two.py]")
    one, two = workspace
    write("workspace.yaml", "# edited\nload_from: [python_file: one.py, python_file: three.py]")
    wait_until(lambda: "three.py" in workspace and workspace["three.py"].state is State.READY, what="the new one")
    wait_until(lambda: two.state is State.CLOSED, what="the end of the old one")
    write("three.py", GOOD.format(name="watched"))
    wait_for_generation(workspace["three.py"], 2)
    assert_not_reloaded(one)


def test_a_broken_workspace_file_is_told_and_loses_nothing(load: Load, write: Write) -> None:
    told: list[str] = []
    write("one.py", GOOD.format(name="one"))
    write("two.py", GOOD.format(name="two"))
    workspace = load("load_from: [python_file: one.py]")
    assert workspace.wait(60)
    workspace.watch(told.append)

    def more_than(count: int) -> bool:
        return len(told) > count

    for _ in range(2):
        count = len(told)
        path = write("workspace.yaml", "load_from: [")
        wait_until(partial(more_than, count), what="the message")
        assert told[-1].startswith("The workspace: workspace.yaml changed, and it cannot be loaded again: ")
        assert f"{path}:1:12" in told[-1]
        assert [location.state for location in workspace] == [State.READY]
        write("one.py", GOOD.format(name=f"saved_{count}"))
        wait_for_pipeline(workspace["one.py"], f"saved_{count}")
        write("workspace.yaml", "load_from: [python_file: one.py, python_file: two.py]")
        wait_until(lambda: len(workspace) == 2, what="the mended file")
        write("workspace.yaml", "load_from: [python_file: one.py]")
        wait_until(lambda: len(workspace) == 1, what="the file as it was")


def test_an_environment_file_reloads_the_locations_that_name_it(watch: Watch, write: Write) -> None:
    write("rates.env", "RATE=1\n")
    one = "import os\nprint(os.environ['RATE'])\n" + GOOD.format(name="one")
    workspace = watch(
        "load_from: [python_file: {relative_path: one.py, env_file: rates.env}, python_file: two.py]", one=one
    )
    write("rates.env", "RATE=2\n")
    wait_for_generation(workspace["one.py"], 2)
    assert workspace["one.py"].output() == "2\n"
    assert_not_reloaded(workspace["two.py"])


def test_an_environment_file_may_appear_later(watch: Watch, write: Write) -> None:
    (location,) = watch("load_from: [python_file: {relative_path: one.py, env_file: rates.env}]")
    assert location.state is State.FAILED
    write("rates.env", "RATE=2\n")
    wait_until(lambda: location.state is State.READY, what="the location")
