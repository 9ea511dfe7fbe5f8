"""Skerry: each team's Python code in its own process and its own environment.

User code imports its definitions from here (``from skerry import pipeline, repository, solid``); tools import
``Workspace``. Every name is imported when it is first used (PEP 562): a user process must not pay for, or even
see, what only the host needs.
"""

from typing import TYPE_CHECKING, List

from skerry import lazily

__version__ = "0.1.0"

_HOMES = {
    "skerry.errors": (
        "DefinitionError",
        "ErrorKind",
        "LocationError",
        "RunError",
        "SkerryError",
        "UnknownLocationError",
        "UnknownRunError",
        "WorkspaceFileError",
    ),
    "skerry.definitions": (
        "Backoff",
        "HookDefinition",
        "InputDefinition",
        "Output",
        "OutputDefinition",
        "PipelineDefinition",
        "RepositoryDefinition",
        "ResourceDefinition",
        "RetryPolicy",
        "RetryRequested",
        "RunRequest",
        "ScheduleDefinition",
        "SensorDefinition",
        "SensorResult",
        "SkipReason",
        "SolidDefinition",
        "failure_hook",
        "job",
        "op",
        "pipeline",
        "repository",
        "resource",
        "schedule",
        "sensor",
        "solid",
        "success_hook",
    ),
    "skerry.definitions.contexts": ("ScheduleEvaluationContext", "SensorEvaluationContext"),
    "skerry.definitions.run_contexts": ("HookContext", "InitResourceContext", "SolidExecutionContext"),
    "skerry.execution": ("InProcessResult",),
    "skerry.model": (
        "Cause",
        "Evaluation",
        "EvaluationResult",
        "ReloadResult",
        "Run",
        "RunEvent",
        "RunStatus",
        "State",
        "WorkspaceReloadResult",
    ),
    "skerry.workspace": ("LaunchedRun", "Location", "Workspace"),
}

_HOST_ONLY = ("LaunchedRun", "Location", "Workspace")

# What `from skerry import *` gives must be importable in every user environment.
__all__ = ["__version__", *(name for names in _HOMES.values() for name in names if name not in _HOST_ONLY)]

# `as` says to type checkers that these are ours to give away.
if TYPE_CHECKING:
    from skerry.definitions import Backoff as Backoff
    from skerry.definitions import HookDefinition as HookDefinition
    from skerry.definitions import InputDefinition as InputDefinition
    from skerry.definitions import Output as Output
    from skerry.definitions import OutputDefinition as OutputDefinition
    from skerry.definitions import PipelineDefinition as PipelineDefinition
    from skerry.definitions import RepositoryDefinition as RepositoryDefinition
    from skerry.definitions import ResourceDefinition as ResourceDefinition
    from skerry.definitions import RetryPolicy as RetryPolicy
    from skerry.definitions import RetryRequested as RetryRequested
    from skerry.definitions import RunRequest as RunRequest
    from skerry.definitions import ScheduleDefinition as ScheduleDefinition
    from skerry.definitions import SensorDefinition as SensorDefinition
    from skerry.definitions import SensorResult as SensorResult
    from skerry.definitions import SkipReason as SkipReason
    from skerry.definitions import SolidDefinition as SolidDefinition
    from skerry.definitions import failure_hook as failure_hook
    from skerry.definitions import job as job
    from skerry.definitions import op as op
    from skerry.definitions import pipeline as pipeline
    from skerry.definitions import repository as repository
    from skerry.definitions import resource as resource
    from skerry.definitions import schedule as schedule
    from skerry.definitions import sensor as sensor
    from skerry.definitions import solid as solid
    from skerry.definitions import success_hook as success_hook
    from skerry.definitions.contexts import ScheduleEvaluationContext as ScheduleEvaluationContext
    from skerry.definitions.contexts import SensorEvaluationContext as SensorEvaluationContext
    from skerry.definitions.run_contexts import HookContext as HookContext
    from skerry.definitions.run_contexts import InitResourceContext as InitResourceContext
    from skerry.definitions.run_contexts import SolidExecutionContext as SolidExecutionContext
    from skerry.errors import DefinitionError as DefinitionError
    from skerry.errors import ErrorKind as ErrorKind
    from skerry.errors import LocationError as LocationError
    from skerry.errors import RunError as RunError
    from skerry.errors import SkerryError as SkerryError
    from skerry.errors import UnknownLocationError as UnknownLocationError
    from skerry.errors import UnknownRunError as UnknownRunError
    from skerry.errors import WorkspaceFileError as WorkspaceFileError
    from skerry.execution import InProcessResult as InProcessResult
    from skerry.model import Cause as Cause
    from skerry.model import Evaluation as Evaluation
    from skerry.model import EvaluationResult as EvaluationResult
    from skerry.model import ReloadResult as ReloadResult
    from skerry.model import Run as Run
    from skerry.model import RunEvent as RunEvent
    from skerry.model import RunStatus as RunStatus
    from skerry.model import State as State
    from skerry.model import WorkspaceReloadResult as WorkspaceReloadResult
    from skerry.workspace import LaunchedRun as LaunchedRun
    from skerry.workspace import Location as Location
    from skerry.workspace import Workspace as Workspace


__getattr__ = lazily.attributes(__name__, _HOMES)


def __dir__() -> List[str]:
    return sorted([*__all__, *_HOST_ONLY])
