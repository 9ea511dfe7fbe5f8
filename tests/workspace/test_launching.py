"""Runs: launched in a process forked from loaded code, and told by their journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.runs import RUNS, config, failures, only, told, types

from skerry import ErrorKind, Location, RunError, RunStatus, State, Workspace
from skerry.execution import EventType

Load = Callable[[str], Workspace]

Write = Callable[[str, str], Path]


@pytest.fixture
def location(load: Load) -> Location:
    return only(load(f"load_from: [python_file: {RUNS}]"))


def test_a_run_is_told_event_by_event_and_kept(location: Location, tmp_path: Path) -> None:
    run = location.launch("daily", repository="runs", run_id="mine", tags={"by": "me"})
    ended = run.wait(30)
    assert (ended.id, ended.status, ended.location, ended.generation) == ("mine", RunStatus.SUCCEEDED, "runs.py", 1)
    assert ended.origin == location.origin
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert ended.created_at <= ended.started_at <= ended.ended_at
    events = list(run.events())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [(event.type.value, event.solid, dict(event.data)) for event in events] == [
        ("RUN_STARTED", None, {"solids": ["one", "add"]}),
        ("SOLID_STARTED", "one", {}),
        ("LOG", "one", {"level": "INFO", "message": "one of blue"}),
        ("PROGRESS", "one", {"fraction": 0.5, "text": "half"}),
        ("OUTPUT", "one", {"output": "result", "size": 5}),
        ("SOLID_SUCCEEDED", "one", {}),
        ("SOLID_STARTED", "add", {}),
        ("OUTPUT", "add", {"output": "result", "size": 5}),
        ("SOLID_SUCCEEDED", "add", {}),
        ("RUN_SUCCEEDED", None, {}),
    ]
    assert run.output() == "printed\n"
    journal = tmp_path / ".skerry" / "runs" / "mine" / "events.jsonl"
    assert [json.loads(line)["sequence"] for line in journal.read_text().splitlines()] == list(range(1, 11))
    assert list(run.events(after=8)) == events[8:]
    # What is not the run's stays where it was: its output is not that of the location.
    assert "printed" not in location.output()


def test_it_runs_what_was_asked_for(location: Location) -> None:
    run = location.launch("daily", repository="others", tags={"team": "red"}, solids=["one"])
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert told(run, "one") == "one of red"
    assert ("SOLID_STARTED", "add") not in types(run)


def test_a_run_is_started_once_for_each_id(location: Location, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        launched = list(pool.map(lambda _: location.launch("daily", repository="runs", run_id="same"), range(4)))
    assert {run.wait(30).status for run in launched} == {RunStatus.SUCCEEDED}
    assert [len(list(run.events())) for run in launched] == [10] * 4
    assert [path.name for path in (tmp_path / ".skerry" / "runs").iterdir()] == ["same"]


@pytest.mark.parametrize(
    "other", [{"pipeline": "awkward", "repository": None}, {"repository": "others"}, {"tags": {"by": "me"}}]
)
def test_an_id_is_that_of_one_run(other: dict[str, Any], location: Location) -> None:
    same: dict[str, Any] = {"pipeline": "daily", "repository": "runs", "run_id": "mine"}
    assert location.launch(**same).wait(30).status is RunStatus.SUCCEEDED
    with pytest.raises(RunError) as caught:
        location.launch(**{**same, **other})
    assert caught.value.kind is ErrorKind.RUN_ID_TAKEN
    assert "it is another one: of runs.py/runs/daily" in str(caught.value)
    assert location.launch(**same).run.status is RunStatus.SUCCEEDED


def test_what_several_processes_print_together_is_whole_lines_in_every_setting_of_python(
    load: Load, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    write(
        "talks.py",
        """
        from skerry import pipeline, solid

        @solid
        def talk():
            for number in range(1000):
                print("a line", number)

        @pipeline
        def talks():
            for number in range(3):
                talk.alias(f"talk_{number}")()
        """,
    )
    run = only(load("load_from: [python_file: talks.py]")).launch("talks", max_concurrency=3)
    assert run.wait(60).status is RunStatus.SUCCEEDED
    assert sorted(run.output().splitlines()) == sorted(3 * [f"a line {number}" for number in range(1000)])


def test_a_value_that_cannot_be_kept_passes_in_one_process_with_a_warning(location: Location) -> None:
    run = location.launch("awkward")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    (warning,) = [event for event in run.events() if event.type is EventType.LOG]
    assert warning.data["level"] == "WARNING"
    assert "The output 'result' of 'unpicklable' cannot be kept" in str(warning.data["message"])
    apart = location.launch("awkward", max_concurrency=2)
    assert apart.wait(30).status is RunStatus.FAILED
    assert failures(apart)[0].error.kind is ErrorKind.OUTPUT_NOT_KEPT  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"pipeline": "waitin"}, ErrorKind.PIPELINE_NOT_FOUND, "no pipeline 'waitin'.\nDid you mean waiting?"),
        ({"pipeline": "x"}, ErrorKind.PIPELINE_NOT_FOUND, "Its pipelines are: awkward, daily, leaving, parent,"),
        (
            {"pipeline": "waiting", "repository": "others"},
            ErrorKind.PIPELINE_NOT_FOUND,
            "It is in the repository runs, not in others.",
        ),
        (
            {"pipeline": "daily"},
            ErrorKind.PIPELINE_AMBIGUOUS,
            "several pipelines 'daily': in the repositories others, runs.\nSay in which: runs.py/others/daily.",
        ),
        (
            {"pipeline": "leaving", "run_config": config("leave", exit=3)},
            ErrorKind.RUN_CONFIG_INVALID,
            "- solids.leave.config.exit: 3 is not of type 'string'",
        ),
        ({"pipeline": "waiting", "solids": ["wiat"]}, ErrorKind.SOLID_NOT_FOUND, "no solid 'wiat'.\nIts solids are: w"),
        ({"pipeline": "waiting", "run_id": "../x"}, ErrorKind.RUN_ID_INVALID, "'../x' cannot be the id of a run."),
    ],
)
def test_what_cannot_be_run_is_refused_and_leaves_nothing(
    arguments: dict[str, Any], kind: ErrorKind, words: str, location: Location, tmp_path: Path
) -> None:
    with pytest.raises(RunError) as caught:
        location.launch(**arguments)
    assert caught.value.kind is kind
    assert words in str(caught.value)
    runs = tmp_path / ".skerry" / "runs"
    assert not runs.exists() or list(runs.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tags": {"week": 48}}, "tags['week'] = 48.\nGive text for text."),
        ({"tags": ["week"]}, "tags = ['week'].\nGive a mapping of text to text."),
        ({"run_config": "solids"}, "run_config = 'solids'.\nGive a mapping."),
        ({"solids": "wait"}, "solids = 'wait'.\nGive a list of names."),
        ({"solids": [1]}, "solids = [1].\nGive a list of names."),
        ({"max_concurrency": 0}, "max_concurrency = 0.\nGive a number from 1 on."),
        ({"max_concurrency": "2"}, "max_concurrency = '2'.\nGive a number from 1 on."),
        ({"pipeline": None}, "pipeline = None.\nGive its name."),
        ({"repository": 1}, "repository = 1.\nGive its name."),
        ({"after": 1}, "after = 1.\nGive the id of a run."),
    ],
)
def test_values_that_mean_nothing_are_refused_and_leave_nothing(
    arguments: dict[str, Any], words: str, location: Location, tmp_path: Path
) -> None:
    with pytest.raises(RunError) as caught:
        location.launch(**{"pipeline": "daily", "repository": "runs", **arguments})
    assert str(caught.value) == f"A run cannot be launched with {words}"
    with pytest.raises(RunError):
        location.launch("daily", repository="runs", run_id="")
    runs = tmp_path / ".skerry" / "runs"
    assert not runs.exists() or list(runs.iterdir()) == []


def test_an_input_from_a_solid_that_is_not_to_run_is_refused_and_leaves_nothing(
    location: Location, tmp_path: Path
) -> None:
    with pytest.raises(RunError) as caught:
        location.launch("daily", repository="runs", solids=["add"])
    assert caught.value.kind is ErrorKind.INPUT_NOT_AVAILABLE
    assert str(caught.value).endswith("Select 'one', too, or leave 'add' out.")
    runs = tmp_path / ".skerry" / "runs"
    assert not runs.exists() or list(runs.iterdir()) == []


def test_a_location_that_is_not_ready_runs_nothing(load: Load, write: Write) -> None:
    write("broken.py", "1 / 0\n")
    workspace = load("load_from: [python_file: broken.py]")
    assert workspace.wait(60)
    with pytest.raises(RunError, match=r"'broken.py' is FAILED, and nothing.*\nMend this first: ZeroDivisionError"):
        workspace["broken.py"].launch("daily")


def test_a_lazy_location_is_loaded_for_a_run(load: Load) -> None:
    (location,) = load(f"load_from: [python_file: {{relative_path: {RUNS}, lazy: true}}]")
    assert location.state is State.IDLE
    assert location.launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED


def test_secrets_stand_nowhere_in_what_is_kept_of_a_run(
    load: Load, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_TOKEN", "opensesame")
    write(
        "secret.py",
        """
        import os, sys
        from skerry import SolidExecutionContext, pipeline, solid

        @solid
        def tell(context: SolidExecutionContext):
            token = os.environ["TOKEN"]
            context.log.info("with %s", token)
            context.progress(0.5, token)
            for part in ("open", "sesame\\n"):
                sys.stdout.write(part)
                sys.stdout.flush()
            raise ValueError(f"{token} was refused")

        @pipeline
        def daily():
            tell()
        """,
    )
    (location,) = load("load_from: [python_file: {relative_path: secret.py, env: {TOKEN: '${TEAM_TOKEN}'}}]")
    for together in (1, 2):
        run = location.launch("daily", max_concurrency=together)
        assert run.wait(30).status is RunStatus.FAILED
        assert run.output() == "***\n"
        assert failures(run)[0].error.message == "ValueError: *** was refused"  # type: ignore[union-attr]
        assert told(run, "tell") == "with ***"
    kept = [path for path in (tmp_path / ".skerry" / "runs").rglob("*") if path.is_file()]
    assert len(kept) >= 8
    assert not any(b"opensesame" in path.read_bytes() for path in kept)
