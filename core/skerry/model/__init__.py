"""Frozen records that every room shares, and their JSON. Standard library only; CPython 3.8 and newer."""

from skerry.model.changes import DefinitionChanges, DefinitionName
from skerry.model.errors import DefinitionFailure, ErrorInfo, Frame, Problem, Severity
from skerry.model.location import (
    Cause,
    Explanation,
    LocationState,
    Move,
    Origin,
    PathEntry,
    ReloadResult,
    ServerInfo,
    State,
    WorkspaceReloadResult,
    WorkspaceState,
)
from skerry.model.records import Record
from skerry.model.snapshot import (
    InputSnapshot,
    PipelineSnapshot,
    RepositorySnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    SolidSnapshot,
)

__all__ = [
    "Cause",
    "DefinitionChanges",
    "DefinitionFailure",
    "DefinitionName",
    "ErrorInfo",
    "Explanation",
    "Frame",
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
    "ScheduleSnapshot",
    "SensorSnapshot",
    "ServerInfo",
    "Severity",
    "SolidSnapshot",
    "State",
    "WorkspaceReloadResult",
    "WorkspaceState",
]
