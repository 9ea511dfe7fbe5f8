"""Solids that run at the same time, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.waiting import wait_until

from skerry import (
    PipelineDefinition,
    RetryPolicy,
    SolidExecutionContext,
    pipeline,
    resource,
    solid,
    success_hook,
)
from skerry.errors import RunError
from skerry.execution import Event, EventType, FolderValues, Outcome, Plan, Settings, run

TOGETHER = 3


@pytest.fixture
def execute(tmp_path: Path) -> Callable[[PipelineDefinition], tuple[Outcome, list[Event]]]:
    def execute(made: PipelineDefinition) -> tuple[Outcome, list[Event]]:
        events: list[Event] = []
        before = psutil.Process().children()
        settings = Settings("id", max_concurrency=TOGETHER, describe=lambda error: f"{type(error).__name__}: {error}")
        outcome = run(Plan.of(made), settings, FolderValues(str(tmp_path / "values")), events.append)
        assert psutil.Process().children() == before
        return outcome, events

    return execute


def meeting(folder: Path, count: int) -> Callable[[SolidExecutionContext], int]:
    """Make a solid that ends only when so many of its kind are there."""

    def meet(context: SolidExecutionContext) -> int:
        (folder / context.solid_name).touch()
        wait_until(lambda: len(list(folder.iterdir())) >= count, 30, "the others")
        return os.getpid()

    return meet


def test_independent_solids_run_at_once_and_no_more_than_may(execute: Any, tmp_path: Path) -> None:
    folder = tmp_path / "meeting"
    folder.mkdir()
    meet = solid(meeting(folder, TOGETHER))
    most = tmp_path / "most"
    most.write_text("0")

    @solid
    def count(pids: list[int]) -> int:
        return len({*pids, os.getpid()})

    @pipeline
    def daily() -> None:
        count([meet.alias(f"meet{number}")() for number in range(TOGETHER * 2)])

    outcome, events = execute(daily)
    assert outcome == Outcome(EventType.RUN_SUCCEEDED)
    running = largest = 0
    for event in events:
        running += {EventType.SOLID_STARTED: 1, EventType.SOLID_SUCCEEDED: -1}.get(event.type, 0)
        largest = max(largest, running)
    assert largest == TOGETHER
    (size,) = [event.data["size"] for event in events if event.type is EventType.OUTPUT and event.solid == "count"]
    assert (tmp_path / "values" / "count" / "result.pickle").stat().st_size == size
    assert FolderValues(str(tmp_path / "values")).get("count", "result") == TOGETHER * 2 + 1


def test_resources_are_set_up_where_they_are_used_and_hooks_called_there(execute: Any, tmp_path: Path) -> None:
    @resource
    def pid() -> Iterator[int]:
        yield os.getpid()
        (tmp_path / f"down-{os.getpid()}").touch()

    @success_hook
    def note(context: Any) -> None:
        (tmp_path / f"hook-{os.getpid()}").touch()

    @solid(required_resource_keys={"pid"})
    def use(context: SolidExecutionContext) -> bool:
        context.log.info("here")
        assert context.resources.pid == os.getpid()
        return True

    @pipeline(resource_defs={"pid": pid}, hooks={note})
    def daily() -> None:
        use()
        use()

    outcome, events = execute(daily)
    assert outcome.type is EventType.RUN_SUCCEEDED
    assert len(list(tmp_path.glob("down-*"))) == 2
    assert {path.name[5:] for path in tmp_path.glob("hook-*")} == {path.name[5:] for path in tmp_path.glob("down-*")}
    assert [event.data["message"] for event in events if event.type is EventType.LOG] == ["here", "here"]


def test_retries_and_skips_are_as_in_one_process(execute: Any) -> None:
    @solid(retry_policy=RetryPolicy(2, delay=0.01))
    def unsteady(context: SolidExecutionContext) -> int:
        if context.retry_number < 2:
            raise OSError("away")
        return 1

    @solid
    def fail() -> None:
        raise ValueError("no")

    @solid
    def after(x: Any) -> Any:
        return x

    @pipeline
    def daily() -> None:
        after(unsteady())
        after.alias("never")(fail())

    outcome, events = execute(daily)
    assert (outcome.type, outcome.failed) == (EventType.RUN_FAILED, ("fail",))
    errors = sorted(str(event.error) for event in events if event.error)
    assert errors == ["OSError: away", "OSError: away", "ValueError: no"]
    assert {event.solid for event in events if event.type is EventType.SOLID_SKIPPED} == {"never"}


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os._exit(7)", "The process of 'die' ended with exit code 7."),
        ("os.kill(os.getpid(), signal.SIGKILL)", "The process of 'die' ended by SIGKILL."),
        ("os.closerange(3, 256) or time.sleep(3600)", "The process of 'die' ended by SIGKILL."),
    ],
)
def test_a_process_that_ends_without_a_word_costs_its_solid(end: str, words: str, execute: Any) -> None:
    import time

    @solid
    def die() -> None:
        eval(end, {"os": os, "signal": signal, "time": time})

    @solid
    def live() -> int:
        return 1

    @pipeline
    def daily() -> None:
        die()
        live()

    outcome, events = execute(daily)
    assert outcome.failed == ("die",)
    assert isinstance(outcome.error, RunError)
    (failed,) = [event for event in events if event.type is EventType.SOLID_FAILED]
    assert words in failed.error
    assert any(event.type is EventType.SOLID_SUCCEEDED and event.solid == "live" for event in events)


def test_a_value_that_does_not_pickle_is_told_with_what_to_do(execute: Any) -> None:
    @solid
    def make() -> Any:
        return lambda: 3

    @pipeline
    def daily() -> None:
        make()

    _, events = execute(daily)
    (failed,) = [event for event in events if event.type is EventType.SOLID_FAILED]
    assert "The output 'result' of 'make' cannot be kept: its function does not pickle (" in failed.error
    assert "let a resource make what cannot be pickled" in failed.error


def test_a_value_that_is_too_large_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    values = FolderValues(str(tmp_path), largest=1000)
    assert values.put("make", "small", b"x" * 900) is not None
    with pytest.raises(RunError, match=r"it is larger than 1000 bytes\.\nWrite it to a file"):
        values.put("make", "large", b"x" * 1001)
    assert [path.name for path in (tmp_path / "make").iterdir()] == ["small.pickle"]


CANCELLED = """
    import json, os, sys, time
    from skerry import pipeline, resource, solid
    from skerry.execution import EventType, FolderValues, Plan, Settings, run

    @resource
    def warehouse():
        yield 1
        os.write(1, b'"down"\\n')

    @solid(required_resource_keys={"warehouse"})
    def obey(context):
        os.write(1, b'"ready"\\n')
        time.sleep(3600)

    @solid
    def refuse():
        os.write(1, b'"ready"\\n')
        while True:
            try:
                time.sleep(3600)
            except KeyboardInterrupt:
                pass

    @pipeline(resource_defs={"warehouse": warehouse})
    def daily():
        obey()
        if sys.argv[2] == "refuse":
            refuse()

    from skerry.execution import parallel
    parallel.CANCEL_GRACE = 3
    settings = Settings("id", max_concurrency=int(sys.argv[3]), describe=str)
    outcome = run(Plan.of(daily), settings, FolderValues(sys.argv[1]), lambda event: None)
    print(json.dumps(outcome.type.value), flush=True)
"""


@pytest.mark.parametrize(("who", "together"), [("obey", 1), ("obey", 2), ("refuse", 2)])
def test_an_interrupt_cancels_the_run_tears_down_and_leaves_nothing(who: str, together: int, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(CANCELLED))
    line = [sys.executable, str(script), str(tmp_path / "values"), who, str(together)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for _ in range(2 if who == "refuse" else 1):
                assert json.loads(process.stdout.readline()) == "ready"
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                for left in psutil.Process(process.pid).children(recursive=True):
                    left.kill()
                process.kill()
    assert [json.loads(line) for line in said.splitlines()] == ["down", "RUN_CANCELED"]
    assert process.returncode == 0
    assert len(children) == (0 if together == 1 else 2 if who == "refuse" else 1)
    assert not any(child.is_running() for child in children)
