"""Runs: those of `children/runs.py`, and records for tests of what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skerry import LaunchedRun, Location, RunEvent, State, Workspace
from skerry.execution import Event, EventType
from skerry.model import Run, RunOptions, RunStatus
from skerry.user_process.journal import JOURNAL, Journal
from skerry.workspace.run_folder import RunFolder

RUNS = Path(__file__).parent.parent / "children" / "runs.py"


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    assert location.state is State.READY, location.error
    return location


def config(solid: str, **values: Any) -> dict[str, Any]:
    return {"solids": {solid: {"config": values}}}


def told(run: LaunchedRun, solid: str) -> str:
    """Give the first message that a solid logs."""
    return next(
        str(event.data["message"]) for event in run.events() if event.type is EventType.LOG and event.solid == solid
    )


def types(run: LaunchedRun) -> list[tuple[str, str | None]]:
    return [(event.type.value, event.solid) for event in run.events()]


def failures(run: LaunchedRun) -> list[RunEvent]:
    return [event for event in run.events() if event.error is not None]


def a_run(
    run_id: str = "run",
    status: RunStatus = RunStatus.QUEUED,
    sequence: int = 0,
    *,
    location: str = "team",
    repository: str = "sales",
    pipeline: str = "daily",
    tags: Mapping[str, str] | None = None,
    created_at: float = 1.0,
    **others: Any,
) -> Run:
    options = RunOptions(repository, pipeline, tags=tags or {})
    return Run(run_id, location, options, created_at, status=status, sequence=sequence, **others)


def keep(workspace_folder: Path, run: Run, *types: EventType) -> Path:
    """Keep a run in the state folder of a workspace, with these events in its journal; gives its folder."""
    runs = workspace_folder / ".skerry" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    assert RunFolder(runs / run.id).make(run)
    journal = Journal(str(runs / run.id / JOURNAL))
    for type_ in types:
        journal.append(Event(type_, None, {"solids": []} if type_ is EventType.RUN_STARTED else {}))
    journal.close()
    return runs / run.id


#: A host in another process, of the one location of a workspace file: launches the pipeline ``waiting`` of
#: ``children/runs.py``, says the pid of its solid, and closes at the end of its stdin. Arguments: the workspace file,
#: the file that the solid waits for, ``detached`` or ``attached``.
HOST = """\
import sys
from skerry import Workspace
workspace = Workspace.load(sys.argv[1])
(location,) = workspace
location.wait()
run = location.launch(
    "waiting",
    run_config={"solids": {"wait": {"config": {"file": sys.argv[2]}}}},
    detached=sys.argv[3] == "detached",
    run_id="mine",
)
print(next(event.data["message"] for event in run.events() if event.solid == "wait" and event.data), flush=True)
sys.stdin.read()
workspace.close()
"""
