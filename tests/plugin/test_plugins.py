"""Location types by entry points: a third party's is as good as ours, and a broken one costs only itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from support.interpreters import make_environment
from support.plugins import install_examples

from skerry import ErrorKind, State, Workspace

Write = Callable[[str, str], Path]
Load = Callable[[str], Workspace]

NOTHING_SPECIAL = """
    import threading

    from skerry.plugin import LoadTarget, LocationError, LocationType, PythonEnvironment, hookimpl

    RELEASE = threading.Event()

    class Plain(LocationType):
        key = "{key}"
        summary = "A test's"
        shorthand = "file"
        schema = {{"type": "object", "properties": {{"file": {{"type": "string"}}}}, "required": ["file"]}}

        def default_name(self, options):
            return options["file"]

        def open(self, origin, runtime):
            {open}

    @hookimpl
    def skerry_location_types():
        return [Plain()]
"""


def opens(statement: str, key: str = "plain") -> str:
    return NOTHING_SPECIAL.format(key=key, open=statement)


def load_beside_a_good_one(load: Load, key: str = "plain") -> Workspace:
    workspace = load(
        f"load_from:\n  - {key}: hello.py\n  - python_file: {{relative_path: hello.py, location_name: ok}}"
    )
    assert workspace.wait(30)
    assert workspace["ok"].state is State.READY
    return workspace


def test_a_third_partys_type_loads_with_shorthand_and_default_name(
    install: Callable[..., None], load: Load, hello: Path
) -> None:
    install(
        "plain", opens("return runtime.spawn_python(LoadTarget.file(origin.folder + '/hello.py'), PythonEnvironment())")
    )
    workspace = load_beside_a_good_one(load)
    assert workspace["hello.py"].state is State.READY
    assert workspace["hello.py"].snapshot.type == "plain"


def test_the_example_plugin_loads_a_project_with_its_own_environment(
    load: Load, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(install_examples(tmp_path)))
    (tmp_path / "forecasts").mkdir()
    hello.rename(tmp_path / "forecasts" / "repositories.py")
    python = make_environment(tmp_path / "forecasts" / ".venv", "3.12")
    (tmp_path / "empty").mkdir()
    workspace = load("load_from: [{project: forecasts}, {project: {folder: empty, location_name: no venv}}]")
    assert workspace.wait(30)
    server = workspace["forecasts"].server
    assert server is not None, workspace["forecasts"].error
    assert server.executable == str(python)
    error = workspace["no venv"].error
    assert error is not None
    assert error.kind is ErrorKind.NOT_OPENED
    assert "has no .venv" in error.message


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('broken at import')",
        "raise SystemExit('broken at import')",
        "import a_dependency_that_is_missing  # broken at import",
    ],
)
def test_a_plugin_that_fails_at_import_costs_only_its_locations(
    source: str, install: Callable[..., None], load: Load, hello: Path
) -> None:
    install("plain", source)
    workspace = load_beside_a_good_one(load)
    bad = next(location for location in workspace if location.name != "ok")
    assert bad.state is State.FAILED
    assert bad.error is not None
    assert "skerry-plain 1.5" in bad.error.message
    assert "broken at import" in bad.error.message or "a_dependency_that_is_missing" in bad.error.message


@pytest.mark.parametrize(
    "statement",
    ["raise ValueError('not today')", "raise SystemExit('not today')", "raise KeyboardInterrupt('not today')"],
)
def test_a_plugin_that_fails_to_open_is_named_with_its_frames(
    statement: str, install: Callable[..., None], load: Load, hello: Path
) -> None:
    install("plain", opens(statement))
    error = load_beside_a_good_one(load)["hello.py"].error
    assert error is not None
    assert error.kind is ErrorKind.LOCATION_TYPE_FAILED
    assert "skerry-plain 1.5" in error.message
    assert "not today" in error.message
    assert any("skerry_plain.py" in frame.file for frame in error.frames)


def test_a_plugin_that_opens_nothing_is_told_what_it_gave(
    install: Callable[..., None], load: Load, hello: Path
) -> None:
    install("plain", opens("return 'nothing'"))
    error = load_beside_a_good_one(load)["hello.py"].error
    assert error is not None
    assert error.kind is ErrorKind.LOCATION_TYPE_FAILED
    assert "open() of 'plain' gave 'nothing'" in error.message


def test_what_a_plugin_refuses_is_said_in_its_words(install: Callable[..., None], load: Load, hello: Path) -> None:
    install("plain", opens("raise LocationError(reason='the moon is full.\\nWait a day.')"))
    error = load_beside_a_good_one(load)["hello.py"].error
    assert error is not None
    assert (error.kind, error.message) == (ErrorKind.NOT_OPENED, "the moon is full.\nWait a day.")


def test_a_plugin_that_never_opens_is_given_up(install: Callable[..., None], load: Load, hello: Path) -> None:
    install("plain", opens("runtime.progress('thinking'); RELEASE.wait()"))
    workspace = load("load_from: [{plain: {file: hello.py, startup_timeout: 0.3}}]")
    assert workspace.wait(30)
    error = workspace["hello.py"].error
    assert error is not None
    assert error.kind is ErrorKind.STARTUP_TIMEOUT
    assert "(thinking)" in error.message
    sys.modules["skerry_plain"].RELEASE.set()


def test_many_plugins_that_never_open_delay_nobody_for_longer_than_their_limit(
    install: Callable[..., None], load: Load, hello: Path
) -> None:
    install("plain", opens("RELEASE.wait()"))
    hanging = "".join(f"  - plain: {{file: f{number}, startup_timeout: 0.3}}\n" for number in range(40))
    workspace = load(f"load_from:\n{hanging}  - python_file: hello.py\n")
    assert workspace.wait(60)
    assert workspace["hello.py"].state is State.READY
    sys.modules["skerry_plain"].RELEASE.set()


def test_two_distributions_that_claim_one_key_are_both_named(
    install: Callable[..., None], load: Load, hello: Path
) -> None:
    install("plain", opens("..."), "skerry-one")
    install("plain", opens("..."), "skerry-two")
    error = next(location for location in load_beside_a_good_one(load) if location.name != "ok").error
    assert error is not None
    assert "skerry-one 1.5, skerry-two 1.5" in error.message


def test_plugins_in_use_observe_their_locations(
    install: Callable[..., None], load: Load, hello: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    observing = f"""
    @hookimpl
    def skerry_location_changed(name, old, new):
        with open({str(log)!r}, "a") as file:
            file.write(f"{{name}} {{old and old.state.value}} {{new.state.value}}\\n")
    """
    opening = "return runtime.spawn_python(LoadTarget.file(origin.folder + '/hello.py'), PythonEnvironment())"
    install("plain", dedent(opens(opening)) + dedent(observing))
    load_beside_a_good_one(load).close()
    lines = log.read_text().splitlines()
    assert "hello.py LOADING READY" in lines
    assert lines[-1].endswith("CLOSED")


def test_a_hook_may_take_fewer_arguments_than_there_are(
    install: Callable[..., None], load: Load, hello: Path, tmp_path: Path
) -> None:
    observing = f"""
    @hookimpl
    def skerry_location_changed(new):
        with open({str(tmp_path / "log")!r}, "a") as file:
            file.write(new.state.value + " ")
    """
    opening = "return runtime.spawn_python(LoadTarget.file(origin.folder + '/hello.py'), PythonEnvironment())"
    install("plain", dedent(opens(opening)) + dedent(observing))
    load_beside_a_good_one(load).close()
    assert {"READY", "CLOSED"} <= set((tmp_path / "log").read_text().split())


def test_a_plugin_whose_key_nobody_uses_is_not_imported(
    install: Callable[..., None], load: Load, hello: Path, tmp_path: Path
) -> None:
    install("plain", f"open({str(tmp_path / 'imported')!r}, 'w')")
    workspace = load("load_from: [{python_file: hello.py}]")
    assert workspace.wait(30)
    assert not (tmp_path / "imported").exists()


def test_a_hook_that_is_not_decorated_is_told(install: Callable[..., None], load: Load, hello: Path) -> None:
    install("plain", opens("...").replace("@hookimpl", ""))
    bad = next(location for location in load_beside_a_good_one(load) if location.name != "ok")
    assert bad.error is not None
    assert "no function skerry_location_types of skerry_plain is decorated with @hookimpl." in bad.error.message
