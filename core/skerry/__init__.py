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
    "State": "skerry.model",
    "Location": "skerry.workspace",
    "Workspace": "skerry.workspace",
}

_HOST_ONLY = ("Location", "Workspace")

# What `from skerry import *` gives must be importable in every user environment.
__all__ = ["__version__", *(name for name in _HOMES if name not in _HOST_ONLY)]

if TYPE_CHECKING:
    from skerry.definitions import (
        InputDefinition,
        OutputDefinition,
        PipelineDefinition,
        RepositoryDefinition,
        ScheduleDefinition,
        SensorDefinition,
        SolidDefinition,
        job,
        op,
        pipeline,
        repository,
        schedule,
        sensor,
        solid,
    )
    from skerry.errors import (
        DefinitionError,
        ErrorKind,
        LocationError,
        SkerryError,
        UnknownLocationError,
        WorkspaceFileError,
    )
    from skerry.model import State
    from skerry.workspace import Location, Workspace


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted([*__all__, *_HOST_ONLY])
