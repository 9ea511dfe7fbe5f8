"""The thread that watches over a workspace."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from skerry.errors import SkerryError
from skerry.model import LocationState, State
from skerry.plugin.registry import Registry
from skerry.workspace.location import Location
from skerry.workspace.moves import Observer
from skerry.workspace.watching.digests import Digests
from skerry.workspace.watching.events import Events
from skerry.workspace.watching.folders import Places
from skerry.workspace.watching.subjects import LocationFiles, Subject, Tell, WorkspaceFiles, named

#: Seconds without a change after which what has changed is looked at, and after which it is in any case.
QUIET = 0.1
LONGEST = 0.5
#: Seconds after which a change is looked at again that was found while its location was being loaded.
AGAIN = 0.5
#: Seconds of rest after something that should not have happened.
AFTER_AN_ERROR = 1.0

logger = logging.getLogger("skerry")


class Watched(Protocol):
    """A workspace, as far as it is watched."""

    @property
    def locations(self) -> Sequence[Location]:
        """All locations, as they are now."""

    def subscribe(self, observer: Observer) -> None:
        """Call ``observer`` after each move of a location."""

    def reload(self) -> object:
        """Read the workspace files again."""


class Watcher:
    """Loads again what has changed: locations whose files have, and the entries of workspace files that have.

    One thread looks; each reload has another while it lasts. ``paths``: of the workspace files. ``tell``: called from
    these threads with what the user is to know. What has changed is told by contents: those that a location's load has
    read, or for what no load tells, those that were there when the watching began.
    """

    def __init__(self, workspace: Watched, paths: Sequence[str], registry: Registry, tell: Tell) -> None:
        self._workspace = workspace
        self._registry = registry
        self._tell = tell
        self._warned: set[str] = set()
        self._digests = Digests()
        self._files = WorkspaceFiles(paths, workspace.reload, self._digests, self._warn)
        self._locations: dict[Location, LocationFiles] = {}
        self._woken = threading.Event()
        self._closed = False
        self._events = Events(self._woken, self._warn)
        self._places = Places()
        self._reloads: set[threading.Thread] = set()
        self._refresh()
        workspace.subscribe(self._moved)
        self._thread = threading.Thread(target=self._run, name="skerry-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no reload any more, and wait for the watching thread's end. Idempotent."""
        self._closed = True
        self._woken.set()
        self._thread.join()

    def wait(self) -> None:
        """Wait for the reloads under way, which end soon once their locations are closed. After ``stop``."""
        for thread in list(self._reloads):
            thread.join()

    def _moved(self, name: str, old: LocationState | None, new: LocationState) -> None:
        if new.state is not State.LOADING:  # what loads is looked at when it is loaded
            self._woken.set()

    def _warn(self, text: str) -> None:
        """Tell something once."""
        if text not in self._warned:
            self._warned.add(text)
            self._tell(text)

    def _run(self) -> None:
        while not self._closed:
            try:
                self._step()
            except Exception:
                # One location's trouble must not end the thread that watches over all of them.
                logger.exception("the watching thread met an error")
                self._woken.wait(AFTER_AN_ERROR)
        self._events.close()

    def _step(self) -> None:
        self._woken.clear()
        self._digests.look_again()
        self._refresh()
        if self._events.follow(self._places.folders):
            self._settle()  # what has happened before these were watched is not told: all is to be looked at again
        else:
            self._wait(self._look())

    # -- looking ----------------------------------------------------------------------------------------------------

    def _subjects(self) -> list[Subject]:
        return [self._files, *self._locations.values()]

    def _refresh(self) -> None:
        """Learn what there is to be watched, and where."""
        present = self._workspace.locations
        self._locations = {
            location: self._locations.get(location) or LocationFiles(location, self._registry, self._warn)
            for location in present
        }
        for subject in self._subjects():
            subject.refresh(self._digests)
        self._places = Places()
        if not self._events.polling:
            for subject in self._subjects():
                for path in subject.paths:
                    self._places.add_file(path)
                for folder in subject.folders:
                    self._places.add_glob_folder(folder)

    def _look(self) -> float | None:
        """Begin the reloads that are due; give the seconds until others may be."""
        soonest: float | None = None
        for subject in self._subjects():
            if subject.reloading:
                continue  # its end wakes
            changed = subject.changed(self._digests)
            pause = subject.pause(changed)
            if changed and subject.is_loading():
                pause = max(pause, AGAIN)
            if changed and pause:
                soonest = min(pause, soonest or pause)
            elif changed and subject.may_reload():
                self._begin(subject, named(changed))
        return soonest

    def _begin(self, subject: Subject, detail: str) -> None:
        subject.begin(self._digests)
        thread = threading.Thread(target=self._reload, args=(subject, detail), name="skerry-reload", daemon=True)
        self._reloads.add(thread)
        thread.start()

    def _reload(self, subject: Subject, detail: str) -> None:
        try:
            subject.reload(detail)
        except SkerryError as error:
            if not self._closed:
                self._tell(f"{subject.words}: {detail} changed, and it cannot be loaded again: {error}")
        finally:
            subject.end()
            self._reloads.discard(threading.current_thread())
            self._woken.set()

    # -- waiting ----------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float | None) -> None:
        """Wait until something may have changed, at most so many seconds, and then until nothing more does."""
        deadline = time.monotonic() + seconds if seconds is not None else None
        while not self._closed:
            rest = max(0.0, deadline - time.monotonic()) if deadline is not None else None
            changed = self._events.wait(rest)
            if self._matters(changed):
                break
            if not changed:
                return  # the time is over
        self._settle()

    def _settle(self) -> None:
        """Wait until nothing more changes, such as the rest of a file that is being written."""
        now = time.monotonic()
        latest, quiet = now + LONGEST, now + QUIET
        while not self._closed and now < min(latest, quiet):
            self._woken.clear()
            changed = self._events.wait(quiet - now)
            now = time.monotonic()
            if self._matters(changed):
                quiet = now + QUIET

    def _matters(self, changed: set[str] | None) -> bool:
        return changed is None or any(self._is_watched(path) for path in changed)

    def _is_watched(self, path: str) -> bool:
        if path in self._places.names:
            return True
        folder, name = os.path.split(path)
        if folder not in self._places.globbed:
            return False
        patterns = (pattern for subject in self._subjects() for pattern in subject.patterns)
        return os.path.isdir(path) or any(pattern.may_match(name) for pattern in patterns)
