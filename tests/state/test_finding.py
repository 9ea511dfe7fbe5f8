"""Runs are found by what is known of them, newest first; and are forgotten when they are old."""

from __future__ import annotations

from typing import Any

import pytest
from support.runs import a_run

from skerry.model import RunStatus
from skerry.state import RunIndex

RUNS = (
    a_run("a", RunStatus.SUCCEEDED, created_at=1.0, tags={"team": "north", "day": "monday"}),
    a_run("b", RunStatus.FAILED, created_at=2.0, location="other", tags={"team": "north"}),
    a_run("c", RunStatus.RUNNING, created_at=3.0, pipeline="weekly", tags={"team": "south", "day": "monday"}),
    a_run("d", RunStatus.QUEUED, created_at=3.0, repository="stock"),
)


@pytest.fixture
def filled(index: RunIndex) -> RunIndex:
    """Give an index with ``RUNS``, stored in another order."""
    for number in (2, 0, 3, 1):
        index.put(RUNS[number])
    return index


#: What is asked for, and the ids of what is found.
ASKED: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "dcba"),
    ({"location": "team"}, "dca"),
    ({"pipeline": "weekly"}, "c"),
    ({"repository": "stock"}, "d"),
    ({"location": "team", "pipeline": "daily", "repository": "sales"}, "a"),
    ({"status": RunStatus.FAILED}, "b"),
    ({"status": [RunStatus.FAILED, RunStatus.QUEUED]}, "db"),
    ({"status": (RunStatus.RUNNING,)}, "c"),
    ({"status": []}, ""),
    ({"tags": {"team": "north"}}, "ba"),
    ({"tags": {"team": "north", "day": "monday"}}, "a"),
    ({"tags": {"team": "monday"}}, ""),
    ({"tags": {}}, "dcba"),
    ({"before": 3.0}, "ba"),
    ({"before": 3.0, "limit": 1}, "b"),
    ({"limit": 2}, "dc"),
    ({"limit": 0}, ""),
    ({"location": "TEAM"}, ""),
    ({"location": "te%"}, ""),
    ({"location": "'; DROP TABLE skerry_runs; --"}, ""),
)


def test_what_is_found_is_what_is_asked_for_newest_first(filled: RunIndex) -> None:
    for wanted, expected in ASKED:
        assert "".join(run.id for run in filled.find(**wanted)) == expected, wanted


def test_without_a_limit_a_hundred_are_given(index: RunIndex) -> None:
    index.rebuild(a_run(f"{number:03}", created_at=float(number)) for number in range(150))
    assert [run.id for run in index.find()] == [f"{number:03}" for number in range(149, 49, -1)]


def test_runs_of_the_same_moment_are_in_the_order_of_their_ids_in_every_database(index: RunIndex) -> None:
    ids = ["A", "B", "Z", "a", "b", "z", "-", "é", "😀", "10", "9"]
    index.rebuild(map(a_run, ids))
    assert [run.id for run in index.find()] == sorted(ids, reverse=True)


def test_a_run_is_forgotten_and_then_it_is_no_error(filled: RunIndex) -> None:
    filled.delete("b")
    filled.delete("b")
    filled.delete("never was")
    assert [run.id for run in filled.find()] == ["d", "c", "a"]
    assert [run.id for run in filled.find(tags={"team": "north"})] == ["a"]
    assert filled.put(RUNS[1])  # and can come again


def ended(run_id: str, created_at: float, ended_at: float | None, status: RunStatus = RunStatus.SUCCEEDED) -> Any:
    return a_run(run_id, status, created_at=created_at, ended_at=ended_at)


def test_what_ended_before_is_forgotten(index: RunIndex) -> None:
    index.rebuild(
        [
            ended("long ago", 1.0, 2.0),
            ended("failed", 1.5, 2.5, RunStatus.FAILED),
            ended("canceled", 1.6, 2.6, RunStatus.CANCELED),
            ended("never began", 1.7, None, RunStatus.FAILED),
            ended("slow", 1.0, 60.0),
            ended("just then", 40.0, 50.0),
            a_run("runs", RunStatus.RUNNING, created_at=1.0),
            a_run("queued", created_at=1.0),
        ]
    )
    assert sorted(index.prune(before=50.0, keep=0)) == ["canceled", "failed", "long ago", "never began"]
    assert {run.id for run in index.find()} == {"slow", "just then", "runs", "queued"}
    assert index.prune(before=50.0, keep=0) == []


def test_the_newest_stay_however_old_they_are(index: RunIndex) -> None:
    index.rebuild([*(ended(f"{number}", float(number), 10.0 + number) for number in range(9)), a_run("new")])
    assert index.prune(before=99.0, keep=3) == ["5", "4", "3", "2", "1", "0"]
    assert index.prune(before=99.0, keep=3) == []
    assert len(index.find()) == 4


def test_many_are_forgotten_at_once_under_their_true_ids(index: RunIndex) -> None:
    ids = {*(f"run{number:04}" for number in range(1200)), "\0", "\udcff", "long" * 1000}
    index.rebuild(ended(run_id, 1.0, 2.0) for run_id in ids)
    assert set(index.prune(before=9.0, keep=0)) == ids
    assert index.find() == []
