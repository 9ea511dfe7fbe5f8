"""Frozen records that every room shares, and their JSON. Standard library only; CPython 3.8 and newer.

Imported when they are first used: a user process needs few of them, and is there the sooner.
"""

from typing import TYPE_CHECKING

from skerry import lazily

_HOMES = {
    "skerry.model.changes": ("DefinitionChanges", "DefinitionName"),
    "skerry.model.errors": ("DefinitionFailure", "ErrorInfo", "Frame", "Problem", "Severity"),
    "skerry.model.evaluation": ("Evaluation", "EvaluationResult", "RequestedRun"),
    "skerry.model.explanation": ("Explanation", "ImportCost", "PathEntry"),
    "skerry.model.files": ("SourceFile",),
    "skerry.model.location": (
        "Cause",
        "LocationState",
        "Move",
        "Origin",
        "ReloadResult",
        "ServerInfo",
        "State",
        "WorkspaceReloadResult",
        "WorkspaceState",
    ),
    "skerry.model.records": ("Record",),
    "skerry.model.runs": ("Run", "RunEvent", "RunOptions", "RunStatus"),
    "skerry.model.snapshot": (
        "InputSnapshot",
        "PipelineSnapshot",
        "RepositorySnapshot",
        "ScheduleSnapshot",
        "SensorSnapshot",
        "SolidSnapshot",
    ),
}

__all__ = [
    "Cause",
    "DefinitionChanges",
    "DefinitionFailure",
    "DefinitionName",
    "ErrorInfo",
    "Evaluation",
    "EvaluationResult",
    "Explanation",
    "Frame",
    "ImportCost",
    "InputSnapshot",
    "LocationState",
    "Move",
    "Origin",
    "PathEntry",
    "PipelineSnapshot",
    "Problem",
    "Record",
    "ReloadResult",
    "RepositorySnapshot",
    "RequestedRun",
    "Run",
    "RunEvent",
    "RunOptions",
    "RunStatus",
    "ScheduleSnapshot",
    "SensorSnapshot",
    "ServerInfo",
    "Severity",
    "SolidSnapshot",
    "SourceFile",
    "State",
    "WorkspaceReloadResult",
    "WorkspaceState",
]

if TYPE_CHECKING:
    from skerry.model.changes import DefinitionChanges, DefinitionName
    from skerry.model.errors import DefinitionFailure, ErrorInfo, Frame, Problem, Severity
    from skerry.model.evaluation import Evaluation, EvaluationResult, RequestedRun
    from skerry.model.explanation import Explanation, ImportCost, PathEntry
    from skerry.model.files import SourceFile
    from skerry.model.location import (
        Cause,
        LocationState,
        Move,
        Origin,
        ReloadResult,
        ServerInfo,
        State,
        WorkspaceReloadResult,
        WorkspaceState,
    )
    from skerry.model.records import Record
    from skerry.model.runs import Run, RunEvent, RunOptions, RunStatus
    from skerry.model.snapshot import (
        InputSnapshot,
        PipelineSnapshot,
        RepositorySnapshot,
        ScheduleSnapshot,
        SensorSnapshot,
        SolidSnapshot,
    )

__getattr__ = lazily.attributes(__name__, _HOMES)
