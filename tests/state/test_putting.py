"""What is stored of a run: all of it, and never something older than before."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, example, given, settings
from support.indexes import Place
from support.records import records
from support.runs import a_run

from skerry.errors import ErrorKind, StateError, UnknownRunError
from skerry.model import ErrorInfo, Origin, Run, RunOptions, RunStatus
from skerry.state import RunIndex

#: What databases refuse, lose or cut: NUL, bytes of names that are not UTF-8, numbers without bounds, long text.
AWKWARD = Run(
    id="run\0\\x00\udcff",
    location="caf\udce9\\" + "long" * 1000,
    options=RunOptions(
        repository="\U0001f3dd\u202e",
        pipeline="",
        run_config={"\0": [2**64, -(10**400), 1e300, -0.0, 3, 3.0, True, None, "\udcff\ud83d"]},
        tags={"": "", "\0": "\udcff", "long" * 5000: "long" * 5000},
        solids=("a", "b"),
    ),
    created_at=1764061383.123456,
    origin=Origin("team", "python_file", {"relative_path": "a.py"}, "/srv"),
    generation=2**63,
    image="acme:1",
    status=RunStatus.FAILED,
    started_at=1764061384.0,
    ended_at=float("inf"),
    error=ErrorInfo(ErrorKind.EXCEPTION, "ValueError: \0", cause=ErrorInfo(ErrorKind("NEWER"), "")),
    sequence=2**70,
)


@given(records(Run))
@example(AWKWARD)
# The index is one for all examples: with it they meet each other as well.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_run_comes_back_as_it_was_put(index: RunIndex, run: Run) -> None:
    index.delete(run.id)
    assert index.put(run)
    stored = index.get(run.id)
    assert stored == run
    assert repr(stored) == repr(run)
    found = index.find(
        location=run.location,
        repository=run.options.repository,
        pipeline=run.options.pipeline,
        status=run.status,
        tags=run.options.tags,
        limit=1000,
    )
    assert run in found


def test_it_is_still_there_when_the_index_is_opened_again(place: Place) -> None:
    index = place.open()
    index.put(AWKWARD)
    index.close()
    assert place.open().get(AWKWARD.id) == AWKWARD


def test_the_same_again_changes_nothing(index: RunIndex) -> None:
    run = a_run(tags={"team": "north"})
    assert index.put(run)
    assert not index.put(run)
    assert index.find() == [run]


def test_more_events_replace_fewer_whatever_the_status(index: RunIndex) -> None:
    index.put(a_run(status=RunStatus.RUNNING, sequence=3, tags={"team": "north"}))
    newer = a_run(status=RunStatus.SUCCEEDED, sequence=4, ended_at=9.0, tags={"team": "south"})
    assert index.put(newer)
    assert index.find() == [newer]
    assert index.find(tags={"team": "north"}) == []
    assert not index.put(a_run(status=RunStatus.FAILED, sequence=3))
    assert index.find(tags={"team": "south"}) == [newer]


#: With as many events: from which status to which it is taken for news.
FORWARD = {
    (RunStatus.QUEUED, RunStatus.STARTING),
    (RunStatus.QUEUED, RunStatus.RUNNING),
    (RunStatus.QUEUED, RunStatus.SUCCEEDED),
    (RunStatus.QUEUED, RunStatus.FAILED),
    (RunStatus.QUEUED, RunStatus.CANCELED),
    (RunStatus.STARTING, RunStatus.RUNNING),
    (RunStatus.STARTING, RunStatus.SUCCEEDED),
    (RunStatus.STARTING, RunStatus.FAILED),
    (RunStatus.STARTING, RunStatus.CANCELED),
}


def test_with_as_many_events_a_run_that_has_not_begun_moves_forward_and_no_other(in_sqlite: Place) -> None:
    index = in_sqlite.open()
    for old, new in itertools.product(RunStatus, repeat=2):
        index.rebuild([a_run(status=old, sequence=2)])
        changed = index.put(a_run(status=new, sequence=2))
        assert changed is ((old, new) in FORWARD), (old, new)
        assert index.get("run").status is (new if changed else old)


@pytest.mark.parametrize("last", range(5))
def test_whatever_comes_last_the_newest_stays(in_sqlite: Place, last: int) -> None:
    steps = [
        a_run(status=RunStatus.QUEUED),
        a_run(status=RunStatus.STARTING),
        a_run(status=RunStatus.RUNNING, sequence=1),
        a_run(status=RunStatus.RUNNING, sequence=2),
        a_run(status=RunStatus.SUCCEEDED, sequence=3),
    ]
    index = in_sqlite.open()
    for order in itertools.permutations(steps):
        if order[-1] is steps[last]:
            index.rebuild([])
            for step in order:
                index.put(step)
            assert index.get("run") == steps[-1]


# -- what is not there, and what cannot be read -----------------------------------------------------------------------


def test_an_unknown_run_is_named_with_those_that_may_be_meant(index: RunIndex) -> None:
    index.rebuild(a_run(run_id) for run_id in ("20260504-4f2a", "20260504-77aa", "20260612-0001", "other"))
    with pytest.raises(UnknownRunError) as caught:
        index.get("20260504")
    assert sorted(caught.value.nearest) == ["20260504-4f2a", "20260504-77aa"]
    with pytest.raises(KeyError) as wrong:
        index.get("20260612-0010")
    assert isinstance(wrong.value, UnknownRunError)
    assert wrong.value.nearest[0] == "20260612-0001"
    assert str(wrong.value).startswith(
        "No run of this workspace has the id '20260612-0010'.\nThere are 4 runs. Nearest: 2"
    )
    with pytest.raises(UnknownRunError) as alone:
        index.get("\udcff%_\\")
    assert alone.value.nearest == ()
    assert str(alone.value).endswith("There are 4 runs.")


def rewrite(place: Place, old: str, new: str) -> None:
    """Write something else into every record, as a newer Skerry or a person would."""
    from sqlalchemy import text

    from skerry.state.opening import open_database

    database = open_database(place.folder, place.url)
    replaced = text("UPDATE skerry_runs SET status = replace(status, :old, :new), record = replace(record, :old, :new)")
    database.write(lambda connection: connection.execute(replaced, {"old": old, "new": new}))
    database.close()


def test_a_status_of_a_newer_skerry_is_given_as_it_is(place: Place) -> None:
    index = place.open()
    run = a_run(status=RunStatus.RUNNING, sequence=3)
    index.put(run)
    rewrite(place, "RUNNING", "PAUSED")
    for paused in (index.get("run"), *index.find()):
        assert paused == dataclasses.replace(run, status=RunStatus("PAUSED"))
        assert paused.status.value == "PAUSED"
        assert not paused.status.is_over
        assert paused.to_json()["status"] == "PAUSED"
    assert index.find(status=RunStatus("PAUSED")) == [paused]
    assert index.prune(before=99.0, keep=0) == []
    assert not index.put(run)
    assert index.put(dataclasses.replace(run, sequence=4))
    assert index.find(status=RunStatus.RUNNING) == [dataclasses.replace(run, sequence=4)]


@pytest.mark.parametrize("record", ["", "{", "[]", "7", '{"id": "bad"}', '{"id": "bad", "options": 7}'])
def test_a_record_that_cannot_be_read_costs_only_itself(
    in_sqlite: Place, record: str, caplog: pytest.LogCaptureFixture
) -> None:
    index = in_sqlite.open()
    good, bad = a_run("good"), a_run("bad", pipeline="bad", status=RunStatus.FAILED)
    index.put(good)
    index.put(bad)
    rewrite(in_sqlite, json.dumps(bad.to_json()), record)
    with caplog.at_level(logging.WARNING, "skerry"):
        assert index.find() == [good]
    assert "cannot be read" in caplog.text
    assert str(in_sqlite.folder / "runs.sqlite") in caplog.text
    with pytest.raises(StateError) as caught:
        index.get("bad")
    assert caught.value.kind is ErrorKind.DATABASE_DAMAGED
    assert "'bad'" in str(caught.value)
    assert index.put(bad)  # whatever its status: what can be read is better
    assert index.get("bad") == bad
    rewrite(in_sqlite, json.dumps(bad.to_json()), record)
    assert index.prune(99.0, 0) == ["bad"]


# -- all at once ------------------------------------------------------------------------------------------------------


def test_everything_is_replaced(index: RunIndex) -> None:
    index.put(a_run("old", tags={"team": "north"}))
    runs = [a_run(f"run{number:04}", created_at=float(number), tags={"team": "south"}) for number in range(1200)]
    index.rebuild(runs)
    assert index.find(limit=5000) == runs[::-1]
    assert index.find(tags={"team": "north"}) == []
    index.rebuild([])
    assert index.find() == []


def test_of_a_run_that_is_there_twice_the_newer_record_is_taken(index: RunIndex) -> None:
    newer = a_run(status=RunStatus.RUNNING, sequence=2)
    index.rebuild([a_run(), newer, a_run(status=RunStatus.RUNNING, sequence=1)])
    assert index.find() == [newer]


def test_a_source_that_fails_changes_nothing(index: RunIndex) -> None:
    index.put(a_run("old"))

    def source() -> Iterable[Run]:
        yield a_run("new")
        raise OSError("no such journal")

    with pytest.raises(OSError, match="no such journal"):
        index.rebuild(source())
    assert [run.id for run in index.find()] == ["old"]
    assert index.put(a_run("next"))  # nothing is locked any more
