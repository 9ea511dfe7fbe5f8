from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from support.user_code import line_of, run_file, with_imports

from skerry import ErrorKind
from skerry.definitions import collect_failures
from skerry.model import ErrorInfo, RepositorySnapshot
from skerry.user_process.describe import describe

CODE = """
    @solid(config_schema={"type": "object", "properties": {"n": {"type": "integer"}}})
    def one(): ...

    @solid(outputs=["good", "bad"])
    def split(context, rows, limit=None, more=()): ...

    @pipeline(tags={"team": "data"})
    def work():  # <- work
        '''Works.'''
        split(one(), more=[one(), one.alias("third")()])

    @schedule(cron_schedule="0 6 * * *", pipeline=work, timezone="UTC")
    def mornings(): ...

    @schedule(cron_schedule="@daily", pipeline="work")
    def nights(): ...

    @sensor(pipeline="work")
    def looking(): ...

    @pipeline
    def broken():
        split()  # <- broken

    @repository(description="Everything.")
    def mine():
        return [work, mornings, nights, looking, broken]
"""


def test_a_snapshot_is_the_repository_as_plain_json(write: Callable[[str, str], Path]) -> None:
    path = write("user.py", with_imports(CODE))
    with collect_failures():
        repository = run_file(path).mine
        snapshot = describe(repository, lambda error: ErrorInfo(ErrorKind.INVALID_DEFINITION, str(error)))
    told = json.loads(json.dumps(snapshot.to_json()))
    assert RepositorySnapshot.from_json(told) == snapshot
    pipelines, errors = told.pop("pipelines"), told.pop("errors")
    assert told == {
        "name": "mine",
        "description": "Everything.",
        "schedules": [
            {"name": "mornings", "cron_schedule": "0 6 * * *", "timezone": "UTC", "pipeline": "work"},
            {"name": "nights", "cron_schedule": "@daily", "timezone": None, "pipeline": "work"},
        ],
        "sensors": [{"name": "looking", "pipeline": "work"}],
    }
    (error,) = errors
    words = error.pop("error")["message"]
    place = {"file": str(path), "line": line_of(path, "# <- broken")}
    assert error == {"name": "broken", "type": "pipeline", **place}
    assert words.startswith("The input 'rows' of 'split' is not connected.")
    (pipeline,) = pipelines
    assert pipeline.pop("config_schema")["properties"]["solids"]["properties"].keys() == {"one", "one_2", "third"}
    assert pipeline == {
        "name": "work",
        "description": "Works.",
        "tags": {"team": "data"},
        "file": str(path),
        "line": line_of(path, "# <- work"),
        "solids": [
            {"name": "one", "definition": "one", "inputs": [], "outputs": ["result"]},
            {"name": "one_2", "definition": "one", "inputs": [], "outputs": ["result"]},
            {"name": "third", "definition": "one", "inputs": [], "outputs": ["result"]},
            {
                "name": "split",
                "definition": "split",
                "inputs": [
                    {"name": "rows", "from": ["one.result"]},
                    {"name": "limit", "from": []},
                    {"name": "more", "from": ["one_2.result", "third.result"]},
                ],
                "outputs": ["good", "bad"],
            },
        ],
    }


def test_an_empty_repository_has_a_snapshot_too(write: Callable[[str, str], Path]) -> None:
    repository = run_file(write("user.py", with_imports("empty = repository(name='empty')(lambda: [])"))).empty
    assert describe(repository, lambda error: ErrorInfo(ErrorKind.EXCEPTION, "")) == RepositorySnapshot("empty")
