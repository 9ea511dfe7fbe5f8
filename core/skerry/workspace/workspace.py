"""The library's way in: a workspace, loaded and held open."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from skerry.code_server import Processes
from skerry.errors import ErrorKind, LocationError, PluginError, UnknownLocationError
from skerry.model import ErrorInfo, LocationState, Problem, Severity, State, WorkspaceState
from skerry.plugin import CodeServer
from skerry.plugin.registry import Registry
from skerry.workspace.cache import Cache, find_state_folder
from skerry.workspace.location import Location, Observer
from skerry.workspace.opened import OpenedCodeServer
from skerry.workspace.opening import Workers
from skerry.workspace.runtime import LocationRuntime
from skerry.workspace.states import SETTLED
from skerry.workspace_file import Entry, WorkspaceDescription, read_entries, read_workspace_files, resolve_origin

DEFAULT_FILE = "workspace.yaml"
_CLOSED_AT_ONCE = 32


class Workspace:
    """The locations of one or more workspace files, loading or loaded, until ``close``.

    Use it as a context manager::

        with Workspace.load("workspace.yaml") as workspace:
            workspace.wait()
            for location in workspace:
                print(location.name, location.state.value)

    Every method may be called by any thread.
    """

    def __init__(self, description: WorkspaceDescription, registry: Registry, processes: Processes) -> None:
        """Use ``load`` or ``from_entries``."""
        self._paths = description.paths
        self._problems = description.problems
        self._registry = registry
        self._processes = processes
        self._workers = Workers()
        self._cache = Cache(find_state_folder(_first_folder(description)))
        self._observers: list[Observer] = []
        self._settled = threading.Condition()
        self._closing = threading.Lock()
        self._locations = {entry.name: self._make(entry) for entry in description.entries}
        for entry in description.entries:
            if entry.origin is not None:
                location = self._locations[entry.name]
                location._begin(self._loader(location, entry), processes.supervisor.call_later)

    @classmethod
    def load(cls, *paths: str | os.PathLike[str], processes: Processes | None = None) -> Workspace:
        """Read workspace files (default: ``workspace.yaml`` in the current folder) and begin to load.

        Returns as soon as the files are read; several are merged by location name, a later one overrides. An entry
        with an error becomes a FAILED location. ``processes``: what to run on, if it was prepared before; it is closed
        with the workspace. Raises WorkspaceFileError when a file cannot be used at all.
        """
        files = [Path(path) for path in paths or (DEFAULT_FILE,)]
        with _closed_on_error(processes) as running:
            registry = Registry()
            return cls(read_workspace_files(files, registry), registry, running)

    @classmethod
    def from_entries(
        cls,
        load_from: Sequence[Mapping[str, Any]],
        folder: str | os.PathLike[str] | None = None,
        processes: Processes | None = None,
    ) -> Workspace:
        """Load a workspace that is written in Python instead of a file: items as they stand under ``load_from``.

        ``folder``: what paths are relative to; default is the current folder. ``processes``: as for
        ``load``. Raises WorkspaceFileError.
        """
        with _closed_on_error(processes) as running:
            registry = Registry()
            base = Path(folder) if folder is not None else Path.cwd()
            return cls(read_entries(list(load_from), base.absolute(), registry), registry, running)

    @property
    def locations(self) -> tuple[Location, ...]:
        """All locations, in the order of the file."""
        return tuple(self._locations.values())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in the workspace files, those of single entries included, in the files' order."""
        return self._problems

    @property
    def snapshot(self) -> WorkspaceState:
        """All that is known at one moment. Its ``to_json`` is what ``skerry inspect --json`` prints."""
        states = tuple(location.snapshot for location in self._locations.values())
        return WorkspaceState(self._paths, self._problems, states)

    def __getitem__(self, name: str) -> Location:
        try:
            return self._locations[name]
        except KeyError:
            raise UnknownLocationError(name, tuple(self._locations)) from None

    def __iter__(self) -> Iterator[Location]:
        return iter(self.locations)

    def __len__(self) -> int:
        return len(self._locations)

    def __contains__(self, name: object) -> bool:
        return name in self._locations

    def subscribe(self, observer: Observer) -> None:
        """Call ``observer(name, old, new)`` after each move of a location, from the thread that made it.

        It must not block and not raise. Moves that were made before are not told.
        """
        with self._settled:
            self._observers.append(observer)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no location is LOADING, at most ``timeout`` seconds; tells whether that came to be."""
        with self._settled:
            return self._settled.wait_for(self._all_settled, timeout)

    def close(self) -> None:
        """End every location's processes, also those that are loading, and wait until nothing is left. Idempotent."""
        with self._closing:
            closing = [threading.Thread(target=location._close) for location in self.locations]
            for group in _groups(closing, _CLOSED_AT_ONCE):
                for thread in group:
                    thread.start()
                for thread in group:
                    thread.join()
            self._processes.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _all_settled(self) -> bool:
        return all(location.state in SETTLED for location in self._locations.values())

    def _make(self, entry: Entry) -> Location:
        state = LocationState(entry.name, entry.type, entry.line, progress="waiting")
        if entry.origin is None:
            words = [str(problem) for problem in entry.problems if problem.severity is Severity.ERROR]
            error = LocationError(ErrorKind.INVALID_ENTRY, detail="\n".join(words))
            state = LocationState(
                entry.name, entry.type, entry.line, State.FAILED, error=ErrorInfo(error.kind, str(error))
            )
        return Location(state, entry.origin, entry.problems, self._moved)

    def _moved(self, name: str, old: LocationState | None, new: LocationState) -> None:
        with self._settled:
            self._settled.notify_all()
            observers = list(self._observers)
        for observer in observers:
            observer(name, old, new)
        self._registry.location_changed(name, old, new)

    def _loader(self, location: Location, entry: Entry) -> Callable[[int], None]:
        """Give the function that has a generation of the location loaded."""
        return lambda generation: self._workers.submit(lambda: self._open(location, entry, generation))

    def _open(self, location: Location, entry: Entry, generation: int) -> None:
        assert entry.origin is not None
        location._close_ended()
        runtime = LocationRuntime(
            entry.origin,
            entry.startup_timeout_place,
            generation,
            self._processes,
            self._cache,
            location._progress,
        )
        if not location._open(runtime.close):
            return
        limit = self._processes.supervisor.call_later(
            entry.origin.startup_timeout, self._workers.give_up(lambda: self._not_opened(location, entry, runtime))
        )
        try:
            location_type = self._registry.get(entry.type)
            origin, secrets = resolve_origin(entry.origin, location_type.schema, entry.written, os.environ)
            location._hide(secrets)
            runtime.resolve(origin)
            server = location_type.open(origin, runtime)
            if not isinstance(server, CodeServer):
                raise TypeError(f"open() of {entry.type!r} gave {server!r}, which is not a CodeServer")
        except LocationError as error:
            runtime.close()
            location._fail(ErrorInfo(error.kind, str(error)))
        # A location type is a plugin: whatever it raises is this location's failure.
        except BaseException as error:
            runtime.close()
            location._fail(self._plugin_failure(entry.type, error))
        else:
            location._serve(OpenedCodeServer(server, runtime))
        finally:
            limit.cancel()

    def _not_opened(self, location: Location, entry: Entry, runtime: LocationRuntime) -> None:
        assert entry.origin is not None
        doing = location.snapshot.progress
        error = LocationError(
            ErrorKind.STARTUP_TIMEOUT,
            seconds=entry.origin.startup_timeout,
            doing=f" ({doing})" if doing else "",
            where=f" at {entry.startup_timeout_place}" if entry.startup_timeout_place else "",
        )
        location._fail(ErrorInfo(error.kind, str(error)))
        runtime.close()

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


def _first_folder(description: WorkspaceDescription) -> Path:
    """Give the folder of the first workspace file, or what takes its place for entries that stand in no file."""
    if description.paths:
        return Path(description.paths[0]).parent
    return next((Path(entry.origin.folder) for entry in description.entries if entry.origin), Path.cwd())


@contextlib.contextmanager
def _closed_on_error(processes: Processes | None) -> Iterator[Processes]:
    if processes is None:
        processes = Processes()
        processes.prepare()
    try:
        yield processes
    except BaseException:
        processes.close()
        raise


def _groups(items: Sequence[threading.Thread], size: int) -> Iterable[Sequence[threading.Thread]]:
    return (items[start : start + size] for start in range(0, len(items), size))
