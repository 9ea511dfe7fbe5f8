"""All that the author of a location type imports."""

from skerry.errors import ErrorKind, LocationError
from skerry.model import (
    ErrorInfo,
    Evaluation,
    EvaluationResult,
    Explanation,
    LocationState,
    Origin,
    ReloadResult,
    RepositorySnapshot,
    RequestedRun,
    RunEvent,
    RunOptions,
    ServerInfo,
    SourceFile,
    State,
)
from skerry.plugin.code_server import CodeServer, ServerStatus
from skerry.plugin.hooks import hookimpl
from skerry.plugin.location_type import LocationType
from skerry.plugin.runs import RunLaunch, RunLauncher, RunReport, RunStart
from skerry.plugin.runtime import EntryContext, LoadTarget, PythonEnvironment, Runtime, Tls

#: Raised by one whenever something is added to what a plugin can import, call or implement; see docs/plugin-guide.md.
API_VERSION = 1

__all__ = [
    "API_VERSION",
    "CodeServer",
    "EntryContext",
    "ErrorInfo",
    "ErrorKind",
    "Evaluation",
    "EvaluationResult",
    "Explanation",
    "LoadTarget",
    "LocationError",
    "LocationState",
    "LocationType",
    "Origin",
    "PythonEnvironment",
    "ReloadResult",
    "RepositorySnapshot",
    "RequestedRun",
    "RunEvent",
    "RunLaunch",
    "RunLauncher",
    "RunOptions",
    "RunReport",
    "RunStart",
    "Runtime",
    "ServerInfo",
    "ServerStatus",
    "SourceFile",
    "State",
    "Tls",
    "hookimpl",
]
