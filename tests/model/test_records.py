"""Records and their JSON: what goes out comes back, and what a newer peer adds does no harm."""

from __future__ import annotations

import json

import pytest

from skerry import ErrorKind, State
from skerry.model import (
    Cause,
    DefinitionFailure,
    ErrorInfo,
    Explanation,
    Frame,
    InputSnapshot,
    LocationState,
    Move,
    Origin,
    PathEntry,
    PipelineSnapshot,
    Problem,
    Record,
    RepositorySnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    ServerInfo,
    Severity,
    SolidSnapshot,
    WorkspaceState,
)

ERROR = ErrorInfo(
    ErrorKind.EXCEPTION,
    "ValueError: x",
    (Frame("/a.py", 3, "f", "f()", True), Frame("/b.py", None, "g", user=False)),
    ErrorInfo(ErrorKind.MISSING_IMPORT, "No module named 'b'"),
    "line\n",
)
SERVER = ServerInfo("ab12", 7, "pipe", "3.8.18", "/venv/bin/python", "0.1.0", "image:1", 2, 0.25)
PIPELINE = PipelineSnapshot(
    "p",
    "does",
    {"team": "a"},
    "/a.py",
    9,
    {"type": "object"},
    (SolidSnapshot("s_2", "s", (InputSnapshot("x", ("a.result", "b.result")),), ("result",)),),
)
REPOSITORY = RepositorySnapshot(
    "r",
    None,
    (DefinitionFailure("bad", "pipeline", "/a.py", 12, ERROR),),
    (PIPELINE,),
    (ScheduleSnapshot("daily", "0 0 * * *", "Europe/Berlin", "p"),),
    (SensorSnapshot("new_files", "p"),),
)
MOVE = Move(1.5, State.LOADING, State.READY, Cause.FILES_CHANGED, "a.py", 3, True)
LOCATION = LocationState("a", "python_file", 3, State.READY, False, 1.5, None, ERROR, SERVER, (REPOSITORY,), MOVE)
PROBLEM = Problem(Severity.ERROR, "UNKNOWN_KEY", "a", "workspace.yaml", 3, 5, "what", "do")
RECORDS = [
    ERROR,
    SERVER,
    REPOSITORY,
    LOCATION,
    PROBLEM,
    WorkspaceState(("/w.yaml",), (PROBLEM,), (LOCATION,)),
    Origin("a", "python_file", {"relative_path": "/a.py", "deep": {"list": [1, None]}}, "/", 5.0),
    Explanation("/python", "3.8.18", "/", (PathEntry("/lib", "standard library"),), "m", None),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_written_is_read_back(record: Record) -> None:
    text = json.dumps(record.to_json())
    assert type(record).from_json(json.loads(text)) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_key_that_is_not_known_is_ignored(record: Record) -> None:
    assert type(record).from_json({**record.to_json(), "of a newer version": [1]}) == record


def test_a_key_that_is_absent_takes_its_default() -> None:
    assert LocationState.from_json({"name": "a", "type": "t", "line": None}) == LocationState("a", "t", None)


def test_the_json_contract_has_these_keys_and_no_others() -> None:
    state = WorkspaceState(("/w.yaml",), (PROBLEM,), (LOCATION,)).to_json()
    assert list(state) == ["workspace", "problems", "locations"]
    assert list(state["problems"][0]) == [
        "severity", "code", "location", "file", "line", "column", "message", "hint",
    ]  # fmt: skip
    location = state["locations"][0]
    assert list(location) == [
        "name", "type", "line", "state", "stale", "busy_since", "retry_at", "error", "server", "repositories",
        "last_move",
        "warnings",
    ]  # fmt: skip
    assert list(location["last_move"]) == ["at", "old", "new", "cause", "detail", "generation", "stale"]
    assert list(location["error"]) == ["kind", "message", "frames", "cause", "output"]
    assert list(location["error"]["frames"][0]) == ["file", "line", "function", "source", "user"]
    assert list(location["server"]) == [
        "id", "pid", "address", "python", "executable", "skerry", "image", "generation", "load_seconds",
    ]  # fmt: skip
    repository = location["repositories"][0]
    assert list(repository) == ["name", "description", "errors", "pipelines", "schedules", "sensors"]
    assert list(repository["pipelines"][0]) == [
        "name", "description", "tags", "file", "line", "config_schema", "solids",
    ]  # fmt: skip
    solid = repository["pipelines"][0]["solids"][0]
    assert solid == {
        "name": "s_2",
        "definition": "s",
        "inputs": [{"name": "x", "from": ["a.result", "b.result"]}],
        "outputs": ["result"],
    }
    assert list(repository["schedules"][0]) == ["name", "cron_schedule", "timezone", "pipeline"]
    assert list(repository["sensors"][0]) == ["name", "pipeline"]
