"""The library's way in: a workspace, loaded and held open."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from skerry.code_server import Processes
from skerry.errors import UnknownLocationError
from skerry.model import LocationState, Problem, ReloadResult, WorkspaceReloadResult, WorkspaceState
from skerry.plugin.registry import Registry
from skerry.workspace.launched_run import LaunchedRun
from skerry.workspace.launchers import Launchers
from skerry.workspace.launching import Launching
from skerry.workspace.life import Life
from skerry.workspace.location import Location
from skerry.workspace.moves import Observer
from skerry.workspace.opening import LocationOpener
from skerry.workspace.state_folder import StateFolder
from skerry.workspace.states import SETTLED
from skerry.workspace_file import Entry, WorkspaceDescription, read_entries, read_workspace_files

if TYPE_CHECKING:
    from skerry.workspace.watching import Watcher

DEFAULT_FILE = "workspace.yaml"
#: Locations that are closed or loaded again at a time.
_AT_ONCE = 32

logger = logging.getLogger("skerry")


class Workspace:
    """The locations of one or more workspace files, loading or loaded, until ``close``.

    Use it as a context manager::

        with Workspace.load("workspace.yaml") as workspace:
            workspace.wait()
            for location in workspace:
                print(location.name, location.state.value)

    Every method may be called by any thread.
    """

    def __init__(
        self,
        read: Callable[[], WorkspaceDescription],
        registry: Registry,
        processes: Processes,
        *,
        log_output: bool = False,
        lazy: bool = False,
        state_folder: Path | None = None,
    ) -> None:
        """Use ``load`` or ``from_entries``."""
        description = read()
        self._read = read
        self._lazy = lazy
        self._reloading = threading.Lock()
        self._paths = description.paths
        self._problems = description.problems
        self._registry = registry
        self._processes = processes
        self._state_folder = StateFolder(state_folder) if state_folder else StateFolder.of(description.folder)
        self._opener = LocationOpener(registry, processes, self._state_folder, log_output=log_output)
        self._launchers = Launchers(registry, description.run_launcher)
        self._launching = Launching(self._state_folder, self._launchers)
        self._observers: list[Observer] = []
        self._settled = threading.Condition()
        #: Names of the locations that are not settled: with a thousand of them nobody looks through all at each move.
        self._unsettled: set[str] = set()
        self._closing = threading.Lock()
        self._closed = False
        self._watcher: Watcher | None = None
        self._locations = {entry.name: self._make(entry) for entry in description.entries}
        for location in self._locations.values():
            location._life.begin()

    @classmethod
    def load(
        cls,
        *paths: str | os.PathLike[str],
        processes: Processes | None = None,
        log_output: bool = False,
        lazy: bool = False,
    ) -> Workspace:
        """Read workspace files (default: ``workspace.yaml`` in the current folder) and begin to load.

        Returns as soon as the files are read; several are merged by location name, a later one overrides. An entry
        with an error becomes a FAILED location. ``processes``: what to run on, if it was prepared before; it is closed
        with the workspace. ``log_output``: what user code writes goes to log files in the state folder, too, where
        ``skerry logs`` finds it. ``lazy``: every location is loaded when it is first used, as if its entry said so.
        Raises WorkspaceFileError when a file cannot be used at all.
        """
        files = [Path(path) for path in paths or (DEFAULT_FILE,)]
        with _closed_on_error(processes) as running:
            registry = Registry()
            read = functools.partial(read_workspace_files, files, registry)
            return cls(read, registry, running, log_output=log_output, lazy=lazy)

    @classmethod
    def from_entries(
        cls,
        load_from: Sequence[Mapping[str, Any]],
        folder: str | os.PathLike[str] | None = None,
        processes: Processes | None = None,
        log_output: bool = False,
        lazy: bool = False,
        state_folder: str | os.PathLike[str] | None = None,
    ) -> Workspace:
        """Load a workspace that is written in Python instead of a file: items as they stand under ``load_from``.

        ``folder``: what paths are relative to; default is the current folder. ``processes``, ``log_output`` and
        ``lazy``: as for ``load``. ``state_folder``: where all is kept that outlives it; default is ``.skerry`` in
        ``folder``, or what SKERRY_HOME says. Raises WorkspaceFileError.
        """
        with _closed_on_error(processes) as running:
            registry = Registry()
            base = Path(folder) if folder is not None else Path.cwd()
            entries = list(load_from)
            read = functools.partial(read_entries, entries, base.absolute(), registry)
            kept = Path(state_folder).absolute() if state_folder is not None else None
            return cls(read, registry, running, log_output=log_output, lazy=lazy, state_folder=kept)

    @property
    def locations(self) -> tuple[Location, ...]:
        """All locations, in the order of the file."""
        return tuple(self._locations.values())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in the workspace files, those of single entries included, in the files' order."""
        return self._problems

    def check_run_launcher(self) -> Problem | None:
        """Make the run launcher that the workspace files choose, as the first run does; gives why that cannot be.

        None: it can be, or no file chooses one, or what is wrong with it stands in ``problems``.
        """
        return self._launchers.problem()

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
            return self._settled.wait_for(lambda: not self._unsettled, timeout)

    def launched(self, run_id: str) -> LaunchedRun:
        """Give a run that was launched in this workspace, by whichever host. Raises UnknownRunError.

        A run that is executed elsewhere, and that nobody on this machine follows, is followed from now on, if its
        location is in this workspace and can be reached.
        """
        return self._launching.launched(run_id, {name: one._life for name, one in self._locations.items()})

    def reload(self) -> WorkspaceReloadResult:
        """Read the workspace files again, and touch only the locations whose entries have changed.

        Each of those is loaded as its entry says now, beside what it served, which stays when that fails, as it does
        when the entry is wrong now; this waits for them. New ones begin to load, those whose entries are gone are
        closed. Another ``run_launcher`` is for the runs that are launched from then on. Raises WorkspaceFileError when
        a file cannot be used at all: then nothing is touched.
        """
        with self._reloading:
            if self._closed:
                return WorkspaceReloadResult()
            description = self._read()
            before = dict(self._locations)
            new = [entry for entry in description.entries if entry.name not in before]
            changed = [entry for entry in description.entries if entry.name in before]
            self._locations = {entry.name: before.get(entry.name) or self._make(entry) for entry in description.entries}
            self._problems = description.problems
            self._launchers.choose(description.run_launcher)
            for entry in new:
                self._locations[entry.name]._life.begin()
            removed = [location for name, location in before.items() if name not in self._locations]
            _all_at_once([location._life.close for location in removed])
            return WorkspaceReloadResult(
                added=tuple(entry.name for entry in new),
                removed=tuple(location.name for location in removed),
                changed=self._change([entry for entry in changed if self._has_changed(entry)]),
            )

    def _has_changed(self, entry: Entry) -> bool:
        """Tell whether an entry wants another load; one that has only moved in its file is taken as it is."""
        life = self._locations[entry.name]._life
        if not life.entry.says_the_same(entry):
            return True
        life.place(entry)
        return False

    def _change(self, entries: Sequence[Entry]) -> dict[str, ReloadResult | None]:
        results: dict[str, ReloadResult | None] = {}

        def change(entry: Entry) -> None:
            results[entry.name] = self._locations[entry.name]._life.change(entry)

        _all_at_once([functools.partial(change, entry) for entry in entries])
        return {entry.name: results[entry.name] for entry in entries if entry.name in results}

    def watch(self, tell: Callable[[str], None] | None = None) -> None:
        """From now on load again what is saved, until ``close``. Idempotent.

        A location is reloaded when the content of a file that it was loaded from is another: a module that it has
        imported, an environment file, a match of its ``watch`` globs, what its type names; also one that was not
        there when its load failed. Changed workspace files are read again. ``tell``: called with what no location can
        tell, such as a workspace file that cannot be used or a folder that cannot be watched, from threads of the
        watching; it must not block and not raise. Default: these are warnings in the log ``skerry``.
        """
        from skerry.workspace.watching import Watcher  # with what it stands on: half of the time of an `inspect`

        with self._closing:
            if self._watcher is None and not self._closed:
                self._watcher = Watcher(self, self._paths, self._registry, tell or logger.warning)

    def close(self) -> None:
        """End every location's processes, also those that are loading, and wait until nothing is left. Idempotent."""
        with self._closing:
            self._closed = True
            if self._watcher is not None:
                self._watcher.stop()
            self._launching.close()
            _all_at_once([location._life.close for location in self.locations])
            with self._reloading:  # one that was under way has ended; close what it has added
                _all_at_once([location._life.close for location in self.locations])
            if self._watcher is not None:
                self._watcher.wait()
            self._processes.close()
            self._opener.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _make(self, entry: Entry) -> Location:
        return Location(Life(entry, self._opener, self._moved, lazy=self._lazy), self._launching)

    def _moved(self, name: str, old: LocationState | None, new: LocationState) -> None:
        with self._settled:
            if new.state not in SETTLED:
                self._unsettled.add(name)
            elif name in self._unsettled:
                self._unsettled.discard(name)
                if not self._unsettled:
                    self._settled.notify_all()
            observers = list(self._observers)
        for observer in observers:
            observer(name, old, new)
        self._registry.location_changed(name, old, new)


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


def _all_at_once(tasks: Sequence[Callable[[], None]]) -> None:
    """Run tasks that wait in threads of their own, so many at a time, and wait for them."""
    for start in range(0, len(tasks), _AT_ONCE):
        threads = [threading.Thread(target=task) for task in tasks[start : start + _AT_ONCE]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
