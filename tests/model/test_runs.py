"""What is known of a run follows from its events."""

from __future__ import annotations

import pytest

from skerry.errors import ErrorKind
from skerry.execution import EventType
from skerry.model import ErrorInfo, Run, RunEvent, RunOptions, RunStatus

QUEUED = Run("id", "team", RunOptions("sales", "daily"), created_at=1.0)
WRONG = ErrorInfo(ErrorKind.EXCEPTION, "ValueError: no")


def after(*types: EventType) -> Run:
    run = QUEUED
    for number, each in enumerate(types, 1):
        run = run.after(RunEvent(number, 10.0 * number, each))
    return run


def test_at_first_it_is_queued() -> None:
    assert (QUEUED.status, QUEUED.started_at, QUEUED.ended_at, QUEUED.sequence) == (RunStatus.QUEUED, None, None, 0)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (EventType.RUN_SUCCEEDED, RunStatus.SUCCEEDED),
        (EventType.RUN_FAILED, RunStatus.FAILED),
        (EventType.RUN_CANCELED, RunStatus.CANCELED),
    ],
)
def test_it_starts_and_ends_when_its_events_say_so(ending: EventType, status: RunStatus) -> None:
    running = after(EventType.RUN_STARTED, EventType.SOLID_STARTED)
    assert (running.status, running.started_at, running.ended_at) == (RunStatus.RUNNING, 10.0, None)
    assert not running.status.is_over
    ended = after(EventType.RUN_STARTED, EventType.SOLID_FAILED, ending)
    assert (ended.status, ended.started_at, ended.ended_at, ended.sequence) == (status, 10.0, 30.0, 3)
    assert ended.status.is_over


def test_the_error_of_the_run_is_kept_and_that_of_a_solid_is_not() -> None:
    running = after(EventType.RUN_STARTED).after(RunEvent(2, 20.0, EventType.SOLID_FAILED, "load", error=WRONG))
    assert running.error is None
    assert running.after(RunEvent(3, 30.0, EventType.RUN_FAILED, error=WRONG)).error == WRONG


def test_an_event_counts_once() -> None:
    ended = after(EventType.RUN_STARTED, EventType.RUN_SUCCEEDED)
    assert ended.after(RunEvent(1, 99.0, EventType.RUN_STARTED)) is ended
    assert ended.after(RunEvent(2, 99.0, EventType.RUN_FAILED)) is ended


def test_a_status_of_a_newer_version_is_kept_and_is_no_end() -> None:
    paused = Run.from_json({**QUEUED.to_json(), "status": "PAUSED"})
    assert paused.status.value == "PAUSED"
    assert not paused.status.is_over
    assert paused.to_json()["status"] == "PAUSED"
    with pytest.raises(ValueError, match="7 is not a valid RunStatus"):
        Run.from_json({**QUEUED.to_json(), "status": 7})
