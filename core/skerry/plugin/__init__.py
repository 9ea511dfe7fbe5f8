"""All that the author of a location type imports."""

from skerry.errors import ErrorKind, LocationError
from skerry.model import (
    ErrorInfo,
    Explanation,
    LocationState,
    Origin,
    ReloadResult,
    RepositorySnapshot,
    ServerInfo,
    State,
)
from skerry.plugin.code_server import CodeServer, ServerStatus
from skerry.plugin.hooks import hookimpl
from skerry.plugin.location_type import LocationType
from skerry.plugin.runtime import EntryContext, LoadTarget, PythonEnvironment, Runtime, Tls

#: Raised by one whenever something is added to what a plugin can import, call or implement; see docs/plugin-guide.md.
API_VERSION = 1

__all__ = [
    "API_VERSION",
    "CodeServer",
    "EntryContext",
    "ErrorInfo",
    "ErrorKind",
    "Explanation",
    "LoadTarget",
    "LocationError",
    "LocationState",
    "LocationType",
    "Origin",
    "PythonEnvironment",
    "ReloadResult",
    "RepositorySnapshot",
    "Runtime",
    "ServerInfo",
    "ServerStatus",
    "State",
    "Tls",
    "hookimpl",
]
