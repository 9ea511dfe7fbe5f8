"""Which run launcher a run is launched with, what it is made with, and for how long it is there."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands import skerry
from support.plugins import QUEUE, install_launcher
from support.waiting import wait_until

from skerry import ErrorKind, Location, LocationError, RunStatus, State, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

TOKEN = "correct-horse-battery"

WAITS = """
    import os, sys, time
    from skerry import pipeline, solid

    @solid
    def wait(context):
        context.log.info("the token is " + os.environ.get("SEEN", "absent"))
        print("printed", os.environ.get("SEEN", "absent"), flush=True)
        while os.path.exists(os.path.join(os.path.dirname(__file__), "wait")):
            time.sleep(0.01)

    @pipeline
    def waiting():
        wait()
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in which the launcher ``queue`` is installed."""
    folder = tmp_path / "site"
    install_launcher(folder, "queue", QUEUE, "Queue")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "skerry_queue", raising=False)
    importlib.invalidate_caches()
    return folder


@pytest.fixture
def code(site: Path, write: Write) -> Path:
    return write("waits.py", WAITS)


class Told:
    """What the launcher has told in its file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def of(self, what: str) -> list[Any]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [value for kind, value in map(json.loads, lines) if kind == what]

    def names(self) -> list[str]:
        return [options["name"] for options in self.of("made")]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path / "told.jsonl")


@pytest.fixture
def workspace(load: Load, code: Path, told: Told) -> Callable[[str], Location]:
    """Load a workspace whose launcher is as given, and tells what is done with it; give its one location."""

    def loaded(launcher: str) -> Location:
        (location,) = load(file(launcher, told))
        assert location.wait(60)
        assert location.state is State.READY, location.error
        return location

    return loaded


def file(launcher: str, told: Told) -> str:
    return f"load_from: [python_file: waits.py]\nrun_launcher: {launcher.replace('RECORD', str(told.file))}\n"


Loaded = Callable[[str], Location]


def test_the_launcher_of_the_file_executes_with_its_options_and_is_made_once(workspace: Loaded, told: Told) -> None:
    location = workspace("{queue: {name: jobs, size: 3, record: RECORD}}")
    assert told.of("made") == []
    one = location.launch("waiting")
    assert (one.wait(30).status, one.run.launcher) == (RunStatus.SUCCEEDED, "queue")
    two = location.launch("waiting", launcher="queue")
    assert two.wait(30).status is RunStatus.SUCCEEDED
    assert told.of("made") == [{"name": "jobs", "size": 3, "record": str(told.file)}]
    assert [run for run, *_ in told.of("started")] == [one.id, two.id]


def test_another_one_may_be_named_for_a_run(workspace: Loaded, told: Told) -> None:
    location = workspace("{queue: {name: jobs, record: RECORD}}")
    run = location.launch("waiting", launcher="process")
    assert (run.wait(30).status, run.run.launcher) == (RunStatus.SUCCEEDED, "process")
    assert told.of("made") == []


def test_without_the_key_a_run_is_a_process_and_a_launcher_that_needs_options_is_refused(
    load: Load, code: Path
) -> None:
    (location,) = load("load_from: [python_file: waits.py]")
    run = location.launch("waiting")
    assert (run.wait(30).status, run.run.launcher) == (RunStatus.SUCCEEDED, "process")
    with pytest.raises(LocationError) as caught:
        location.launch("waiting", launcher="queue")
    assert caught.value.kind is ErrorKind.RUN_LAUNCHER_NEEDS_OPTIONS
    assert str(caught.value) == (
        "The run launcher 'queue' cannot be used without options: `queue` needs the key `name`.\n"
        "Name it in the workspace file under `run_launcher`, and write its options below."
    )


@pytest.mark.parametrize(
    ("launcher", "words"),
    [
        ("{queue: {name: jobs, sise: 3}}", "2:36: error: Unknown key `sise` under `queue`.\n  Did you mean `size`?"),
        ("quue", "2:15: error: Unknown run launcher `quue`.\n  Did you mean `queue`?"),
        ("[]", "2:15: error: `run_launcher` must be a string or a mapping, and is a list."),
    ],
)
def test_a_wrong_one_refuses_runs_in_the_words_of_the_problem(workspace: Loaded, launcher: str, words: str) -> None:
    location = workspace(launcher)
    with pytest.raises(LocationError) as caught:
        location.launch("waiting")
    assert caught.value.kind is ErrorKind.RUN_LAUNCHER_INVALID
    assert f"workspace.yaml:{words}" in str(caught.value)
    assert location.launch("waiting", launcher="process").wait(30).status is RunStatus.SUCCEEDED


def test_a_broken_plugin_refuses_runs_and_costs_no_location(workspace: Loaded, site: Path) -> None:
    install_launcher(site, "wreck", "raise RuntimeError('no cluster')", "Wreck")
    location = workspace("wreck")
    with pytest.raises(LocationError, match=r"The run launcher 'wreck' .* cannot be used: RuntimeError: no cluster"):
        location.launch("waiting")


def test_references_are_resolved_when_the_first_run_is_launched(
    workspace: Loaded, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "of-then")
    monkeypatch.setenv("SIZE", "1")
    location = workspace(
        "{queue: {name: jobs, size: '${SIZE}', password: hunter2, env: {TOKEN: {env: TOKEN}}, record: RECORD}}"
    )
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("SIZE", "2")
    assert location.launch("waiting").wait(30).status is RunStatus.SUCCEEDED
    (options,) = told.of("made")
    assert (options["size"], options["password"], options["env"]) == (2, "hunter2", {"TOKEN": TOKEN})
    ((_, _, secrets),) = told.of("started")
    assert secrets == sorted(["2", "hunter2", TOKEN])


def test_a_variable_that_went_away_refuses_the_run(workspace: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    location = workspace("{queue: {name: jobs, env: {TOKEN: '${TOKEN}'}}}")
    monkeypatch.delenv("TOKEN")
    with pytest.raises(LocationError, match="`TOKEN` is not set any more"):
        location.launch("waiting")


def test_the_secrets_of_the_launcher_are_hidden_in_its_runs(
    workspace: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("SEEN", TOKEN)  # as if the launcher had given it to the run
    location = workspace("{queue: {name: jobs, env: {TOKEN: '${TOKEN}'}}}")
    run = location.launch("waiting", run_id="mine")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert [event.data["message"] for event in run.events() if event.type.value == "LOG"] == ["the token is ***"]
    assert run.output() == "printed ***\n"
    kept = [path.read_bytes() for path in (tmp_path / ".skerry" / "runs" / "mine").iterdir() if path.is_file()]
    assert kept
    assert not [one for one in kept if TOKEN.encode() in one]


def test_what_a_launcher_says_of_the_end_of_a_run_shows_no_secret(
    workspace: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    location = workspace("{queue: {name: jobs, fail: 'no room with ${TOKEN}'}}")
    run = location.launch("waiting", run_id="mine")
    assert run.wait(30).status is RunStatus.FAILED
    (error,) = [event.error for event in run.events() if event.error is not None]
    assert error.message == "no room with ***"
    assert TOKEN not in (tmp_path / ".skerry" / "runs" / "mine" / "events.jsonl").read_text()


@pytest.mark.parametrize(
    "launcher",
    [
        "{queue: {name: jobs, refuse: 'not with ${TOKEN}'}}",
        "{queue: {name: none, password: '${TOKEN}'}}",
        "{queue: {name: jobs, password: '${TOKEN}', record: '/nowhere/${TOKEN}'}}",
    ],
)
def test_what_a_launcher_raises_shows_no_secret(
    workspace: Loaded, launcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    location = workspace(launcher)
    with pytest.raises(LocationError) as caught:
        location.launch("waiting", run_id="mine")
    assert "***" in str(caught.value)
    journals = [path.read_text() for path in tmp_path.glob(".skerry/runs/mine/events.jsonl")]
    assert TOKEN not in str(caught.value) + repr(caught.value) + "".join(journals)


def test_another_launcher_is_for_later_runs_and_leaves_those_under_way_alone(
    load: Load, code: Path, write: Write, told: Told, tmp_path: Path
) -> None:
    (tmp_path / "wait").touch()
    with_queue = "{queue: {name: NAME, record: RECORD}}"
    opened = load(file(with_queue.replace("NAME", "first"), told))
    (location,) = opened
    first = location.launch("waiting")
    write("workspace.yaml", file(with_queue.replace("NAME", "second"), told))
    opened.reload()
    assert told.names() == ["first"]
    second = location.launch("waiting")
    assert told.names() == ["first", "second"]
    write("workspace.yaml", "load_from: [python_file: waits.py]")
    opened.reload()
    third = location.launch("waiting")
    assert third.run.launcher == "process"
    assert told.of("closed") == []
    assert not first.run.status.is_over
    assert not second.run.status.is_over
    first.cancel()
    assert first.wait(30).status is RunStatus.CANCELED
    assert told.of("cancel") == [[first.id, "first"]]
    (tmp_path / "wait").unlink()
    assert [run.wait(30).status for run in (second, third)] == [RunStatus.SUCCEEDED] * 2
    opened.close()
    assert sorted(told.of("closed")) == ["first", "second"]


def test_a_file_that_says_the_same_keeps_the_launcher_and_a_wrong_one_is_mended(
    load: Load, code: Path, write: Write, told: Told
) -> None:
    good = file("{queue: {name: jobs, record: RECORD}}", told)
    opened = load(good)
    (location,) = opened
    assert location.launch("waiting").wait(30).status is RunStatus.SUCCEEDED
    write("workspace.yaml", f"# moved\n\n{good}")
    opened.reload()
    assert location.launch("waiting").wait(30).status is RunStatus.SUCCEEDED
    write("workspace.yaml", good.replace("name:", "nam:"))
    opened.reload()
    assert [problem.code for problem in opened.problems] == ["UNKNOWN_KEY"]
    with pytest.raises(LocationError, match="Unknown key `nam`"):
        location.launch("waiting")
    write("workspace.yaml", good)
    opened.reload()
    assert opened.problems == ()
    assert location.launch("waiting").wait(30).status is RunStatus.SUCCEEDED
    assert told.names() == ["jobs"]


def test_a_watched_file_gives_later_runs_another_launcher(load: Load, code: Path, write: Write, told: Told) -> None:
    opened = load("load_from: [python_file: waits.py]")
    (location,) = opened
    assert location.wait(60)
    opened.watch()
    write("workspace.yaml", file("{queue: {nam: jobs}}", told))
    wait_until(lambda: bool(opened.problems), what="the new file")
    with pytest.raises(LocationError, match="Unknown key `nam`"):
        location.launch("waiting")


def test_the_command_line_uses_it_checks_it_and_overrides_it(code: Path, site: Path, write: Write, told: Told) -> None:
    folder, variables = code.parent, {"PYTHONPATH": os.fspath(site)}
    write("workspace.yaml", file("{queue: {name: jobs, record: RECORD}}", told))
    assert skerry(folder, "run", "waiting", **variables).returncode == 0
    assert told.names() == ["jobs"]
    assert skerry(folder, "check", "--schema-only", **variables).returncode == 0
    write("workspace.yaml", file("{queue: {nam: jobs}}", told))
    refused = skerry(folder, "run", "waiting", **variables)
    assert refused.returncode == 2
    assert "workspace.yaml:2:24: error: Unknown key `nam` under `queue`." in refused.stderr
    assert "Traceback" not in refused.stderr
    assert skerry(folder, "run", "waiting", "--launcher", "process", **variables).returncode == 0
    checked = skerry(folder, "check", "--schema-only", **variables)
    assert checked.returncode == 1
    assert checked.stdout.startswith("workspace.yaml:2:24: error: Unknown key `nam` under `queue`.")
    assert skerry(folder, "check", **variables).returncode == 1
