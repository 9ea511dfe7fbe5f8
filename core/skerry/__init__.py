"""Skerry: each team's Python code in its own process and its own environment.

User code imports its definitions from here (``from skerry import pipeline, repository, solid``); tools import
``Workspace``. Every name is imported when it is first used (PEP 562): a user process must not pay for, or even
see, what only the host needs.
"""

import importlib
from typing import TYPE_CHECKING, Any, List

__version__ = "0.1.0"

_HOMES = {
    "DefinitionError": "skerry.errors",
    "ErrorKind": "skerry.errors",
    "LocationError": "skerry.errors",
    "SkerryError": "skerry.errors",
    "UnknownLocationError": "skerry.errors",
    "WorkspaceFileError": "skerry.errors",
    "InputDefinition": "skerry.definitions",
    "OutputDefinition": "skerry.definitions",
    "PipelineDefinition": "skerry.definitions",
    "RepositoryDefinition": "skerry.definitions",
    "ScheduleDefinition": "skerry.definitions",
    "SensorDefinition": "skerry.definitions",
    "SolidDefinition": "skerry.definitions",
    "job": "skerry.definitions",
    "op": "skerry.definitions",
    "pipeline": "skerry.definitions",
    "repository": "skerry.definitions",
    "schedule": "skerry.definitions",
    "sensor": "skerry.definitions",
    "solid": "skerry.definitions",
    "Cause": "skerry.model",
    "ReloadResult": "skerry.model",
    "State": "skerry.model",
    "WorkspaceReloadResult": "skerry.model",
    "Location": "skerry.workspace",
    "Workspace": "skerry.workspace",
}

_HOST_ONLY = ("Location", "Workspace")

# What `from skerry import *` gives must be importable in every user environment.
__all__ = ["__version__", *(name for name in _HOMES if name not in _HOST_ONLY)]

# `as` says to type checkers that these are ours to give away.
if TYPE_CHECKING:
    from skerry.definitions import InputDefinition as InputDefinition
    from skerry.definitions import OutputDefinition as OutputDefinition
    from skerry.definitions import PipelineDefinition as PipelineDefinition
    from skerry.definitions import RepositoryDefinition as RepositoryDefinition
    from skerry.definitions import ScheduleDefinition as ScheduleDefinition
    from skerry.definitions import SensorDefinition as SensorDefinition
    from skerry.definitions import SolidDefinition as SolidDefinition
    from skerry.definitions import job as job
    from skerry.definitions import op as op
    from skerry.definitions import pipeline as pipeline
    from skerry.definitions import repository as repository
    from skerry.definitions import schedule as schedule
    from skerry.definitions import sensor as sensor
    from skerry.definitions import solid as solid
    from skerry.errors import DefinitionError as DefinitionError
    from skerry.errors import ErrorKind as ErrorKind
    from skerry.errors import LocationError as LocationError
    from skerry.errors import SkerryError as SkerryError
    from skerry.errors import UnknownLocationError as UnknownLocationError
    from skerry.errors import WorkspaceFileError as WorkspaceFileError
    from skerry.model import Cause as Cause
    from skerry.model import ReloadResult as ReloadResult
    from skerry.model import State as State
    from skerry.model import WorkspaceReloadResult as WorkspaceReloadResult
    from skerry.workspace import Location as Location
    from skerry.workspace import Workspace as Workspace


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted([*__all__, *_HOST_ONLY])
