"""Has locations opened by their types, each within its limit."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

from skerry.code_server import LogFiles, OpenLog, Processes
from skerry.code_server.supervisor import Timer
from skerry.errors import ErrorKind, LocationError, PluginError
from skerry.model import ErrorInfo
from skerry.plugin import CodeServer
from skerry.plugin.registry import Registry
from skerry.workspace.cache import Cache
from skerry.workspace.life import Life
from skerry.workspace.logs import Logs
from skerry.workspace.opened import OpenedCodeServer
from skerry.workspace.runtime import LocationRuntime
from skerry.workspace.state_folder import StateFolder, folder_name
from skerry.workspace.workers import Workers
from skerry.workspace_file import Entry, resolve_origin


class LocationOpener:
    """Opens the locations of one workspace; see ``skerry.workspace.life.Opener``."""

    def __init__(
        self, registry: Registry, processes: Processes, state_folder: StateFolder, *, log_output: bool
    ) -> None:
        """``log_output``: what user code writes goes to log files, too."""
        self._registry = registry
        self._processes = processes
        self._cache = Cache(state_folder)
        self._logs = LogFiles(Logs(state_folder).make) if log_output else None
        self._workers = Workers(processes.supervisor.call_later)

    def open(self, life: Life, generation: int, *, again: bool) -> None:
        """See ``Opener``."""
        self._workers.submit(lambda: self._open(life, life.entry, generation, again=again))

    def soon(self, task: Callable[[], None]) -> None:
        """See ``Opener``."""
        self._workers.submit(task)

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """See ``Opener``."""
        return self._processes.supervisor.call_later(seconds, function)

    def close(self) -> None:
        """Write the rest of the log files. Called when nothing is open any more."""
        if self._logs is not None:
            self._logs.close()

    def _open(self, life: Life, entry: Entry, generation: int, *, again: bool) -> None:
        assert entry.origin is not None
        life.close_ended()
        runtime = LocationRuntime(
            entry.origin,
            entry.startup_timeout_place,
            generation,
            self._processes,
            self._cache,
            life.progress,
            again=again,
            open_log=self._log_of(life, entry, generation),
        )
        if not life.opening(runtime.close):
            return
        limit = self.call_later(
            entry.origin.startup_timeout, lambda: self.soon(lambda: _not_opened(life, entry, runtime))
        )
        try:
            location_type = self._registry.get(entry.type)
            origin, secrets = resolve_origin(entry.origin, location_type.schema, entry.written, os.environ)
            life.hide(secrets)
            runtime.resolve(origin)
            server = location_type.open(origin, runtime)
            if not isinstance(server, CodeServer):
                raise TypeError(f"open() of {entry.type!r} gave {server!r}, which is not a CodeServer")
        except LocationError as error:
            runtime.close()
            life.fail(ErrorInfo(error.kind, str(error)))
        # A location type is a plugin: whatever it raises is this location's failure.
        except BaseException as error:
            runtime.close()
            life.fail(self._plugin_failure(entry.type, error))
        else:
            life.serve(OpenedCodeServer(server, runtime))
        finally:
            limit.cancel()

    def _log_of(self, life: Life, entry: Entry, generation: int) -> OpenLog | None:
        if self._logs is None:
            return None
        return functools.partial(self._logs.open, entry.name, folder_name(entry.name), generation, life.masker)

    def _plugin_failure(self, key: str, error: BaseException) -> ErrorInfo:
        from skerry.user_process.tracebacks import describe_exception

        if isinstance(error, PluginError):
            return ErrorInfo(ErrorKind.LOCATION_TYPE_FAILED, str(error))
        described = describe_exception(error)
        failure = LocationError(
            ErrorKind.LOCATION_TYPE_FAILED,
            key=key,
            distribution=self._registry.distribution(key),
            reason=described.message,
        )
        return ErrorInfo(failure.kind, str(failure), described.frames, described.cause)


def _not_opened(life: Life, entry: Entry, runtime: LocationRuntime) -> None:
    """The location type has not returned in time: it is given up, and what it has begun is ended."""
    assert entry.origin is not None
    doing = life.state.progress
    error = LocationError(
        ErrorKind.STARTUP_TIMEOUT,
        seconds=entry.origin.startup_timeout,
        doing=f" ({doing})" if doing else "",
        where=f" at {entry.startup_timeout_place}" if entry.startup_timeout_place else "",
    )
    life.fail(ErrorInfo(error.kind, str(error)))
    runtime.close()
