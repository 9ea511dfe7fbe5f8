"""What is watched for: each location, and the workspace files. Each knows what it was loaded from."""

from __future__ import annotations

import glob
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from skerry.code_server import Backoff
from skerry.errors import LocationError
from skerry.model import Cause, Origin, SourceFile, State
from skerry.plugin.failures import words_of_failure
from skerry.plugin.registry import Registry
from skerry.workspace.location import Location
from skerry.workspace.watching.patterns import Pattern, TooManyFoldersError

#: Reloads in a row whose files are found changed again at their end. Code that writes what it is loaded from does that
#: without end: further ones wait for a pause, which grows between these seconds.
PATIENCE = 3
FIRST_PAUSE = 2.0
LAST_PAUSE = 60.0

#: Files that are named where a reload says why it is.
_NAMED = 3

#: Gives what stands for the content of a path now; see ``skerry.user_process.files.digest``.
Digest: TypeAlias = Callable[[str], str]
#: Tells the user something.
Tell: TypeAlias = Callable[[str], None]


class Subject(ABC):
    """Something that is loaded from files, and is to be loaded again when one of them is another.

    All but ``reload`` and ``end`` is for the watching thread. ``known``: the digests of what it was loaded from; None
    where that is not known. ``paths``: what to look at, whether it exists or not; ``folders``: where more of it may
    appear. ``warn``: told each thing as often as it is met.
    """

    def __init__(self, warn: Tell) -> None:
        self._warn = warn
        self.known: dict[str, str | None] = {}
        self.paths: set[str] = set()
        self.folders: set[str] = set()
        self.patterns: list[Pattern] = []
        self.reloading = False
        self._just_reloaded = False
        self._reloads_in_a_row = 0
        self._pauses = Backoff(FIRST_PAUSE, LAST_PAUSE)
        self._not_before = 0.0

    @property
    @abstractmethod
    def words(self) -> str:
        """Name it in a message."""

    @abstractmethod
    def refresh(self, digest: Digest) -> None:
        """Learn what it is loaded from now."""

    def is_loading(self) -> bool:
        """Tell whether it is being loaded by somebody else: what from, is not known before that is over."""
        return False

    def may_reload(self) -> bool:
        """Tell whether it can be loaded again. Where not, a move of its location says when it can."""
        return True

    @abstractmethod
    def reload(self, detail: str) -> None:
        """Load it again, and wait for that. Raises SkerryError."""

    def changed(self, digest: Digest) -> list[str]:
        """Give the paths whose content is not what it was loaded from."""
        return sorted(path for path in self.paths | self.known.keys() if self.known.get(path, "") != digest(path))

    def pause(self, changed: Sequence[str]) -> float:
        """Give the seconds for which a reload for these changes, if there are any, is to wait."""
        if self._just_reloaded:
            self._just_reloaded = False
            self._reloads_in_a_row = self._reloads_in_a_row + 1 if changed else 0
            if not changed:
                self._pauses.reset()
            elif self._reloads_in_a_row > PATIENCE:
                self._not_before = time.monotonic() + self._pauses.next()
                self._warn(
                    f"{self.words}: {named(changed)} changed again and again while it was loaded; reloads wait now.\n"
                    "Do not let code write what it is loaded from.",
                )
        return max(0.0, self._not_before - time.monotonic())

    def begin(self, digest: Digest) -> None:
        """Note what a reload that begins now cannot miss."""
        self.reloading = True
        now = {path: digest(path) for path in self.paths | self.known.keys()}
        self.known = {path: content for path, content in now.items() if content or path in self.paths}

    def end(self) -> None:
        """Note that the reload is over. Called in the reload's thread."""
        self._just_reloaded = True
        self.reloading = False

    def _expand(self) -> None:
        """Find what the patterns match, and where more would."""
        self.folders = set()
        for pattern in self.patterns:
            try:
                files, folders = pattern.expand(self._unreadable)
            except TooManyFoldersError:
                self._warn(
                    f"{self.words}: {pattern.text} leads into too many folders, and is not watched.\n"
                    "Begin the glob in a folder that holds less.",
                )
                continue
            self.paths.update(files)
            self.folders.update(folders)

    def _unreadable(self, error: OSError) -> None:
        self._warn(unreadable(error.filename, error))


class WorkspaceFiles(Subject):
    """The workspace files: a change has them read again."""

    def __init__(self, paths: Sequence[str], read_again: Callable[[], object], digest: Digest, warn: Tell) -> None:
        super().__init__(warn)
        self._read_again = read_again
        self.paths = set(paths)
        self.known = {path: digest(path) for path in paths}

    @property
    def words(self) -> str:
        """See ``Subject``."""
        return "The workspace"

    def refresh(self, digest: Digest) -> None:
        """See ``Subject``."""

    def reload(self, detail: str) -> None:
        """See ``Subject``."""
        self._read_again()


class LocationFiles(Subject):
    """What one location is loaded from: what its process has told, its environment files, its data files."""

    def __init__(self, location: Location, registry: Registry, warn: Tell) -> None:
        super().__init__(warn)
        self._location = location
        self._registry = registry
        self._origin: Origin | None = None
        #: Files and folders of its entry and of its type.
        self._beside: set[str] = set()
        #: What its process has told last, and the paths of that; after a failure also those of before.
        self._told_files: tuple[SourceFile, ...] = ()
        self._loaded: set[str] = set()

    @property
    def words(self) -> str:
        """See ``Subject``."""
        return self._location.name

    def is_loading(self) -> bool:
        """See ``Subject``."""
        return self._location._life.is_loading()

    def may_reload(self) -> bool:
        """See ``Subject``."""
        state = self._location.state
        return self._location.origin is not None and state in (State.READY, State.FAILED, State.LOADING)

    def reload(self, detail: str) -> None:
        """See ``Subject``."""
        try:
            self._location._reload(Cause.FILES_CHANGED, detail)
        except LocationError:
            if self._location.state is not State.CLOSED:
                raise

    def refresh(self, digest: Digest) -> None:
        """See ``Subject``. What is not loaded is not loaded from anything: its next use reads all anew."""
        state = self._location.snapshot
        if state.state in (State.IDLE, State.CLOSED):
            self._origin, self._told_files = None, ()
            self.known, self.paths, self.folders, self._loaded = {}, set(), set(), set()
            return
        new_origin = self._location.origin is not self._origin
        if new_origin:
            self._origin = self._location.origin
            self._take_origin()
        before = self._loaded
        self._take_files(succeeded=state.state is State.READY and not state.stale)
        self.paths = set(self._beside)
        self._expand()
        if new_origin:
            # Of these only later changes count: nobody tells what a load has read of them.
            self.known.update({path: digest(path) for path in self.paths})
        self.paths |= self._loaded
        for path in before - self.paths:
            self.known.pop(path, None)

    def _take_origin(self) -> None:
        origin = self._origin
        self._beside, self.patterns = set(), []
        if origin is not None:
            paths = list(self._watch_paths(origin))
            self._beside = {*origin.env_file, *map(str, paths)}
            self.patterns = [Pattern(text) for text in origin.watch]
            self.patterns += [Pattern(os.path.join(glob.escape(str(path)), "**")) for path in paths]

    def _watch_paths(self, origin: Origin) -> Iterator[Path]:
        try:
            for path in self._registry.get(origin.type).watch_paths(origin):
                if not isinstance(path, Path) or not path.is_absolute():
                    raise TypeError(f"it gave {path!r}, which is no absolute Path")
                yield path
        except (Exception, SystemExit) as error:  # a location type is a plugin: somebody else's code
            self._warn(
                f"{self.words}: watch_paths() of the location type {origin.type!r} failed: {words_of_failure(error)}\n"
                "What it names is not watched. Report it to its authors.",
            )

    def _take_files(self, *, succeeded: bool) -> None:
        """Take what a load has told, if there is news. One that failed may have stopped before it read the rest."""
        files = self._location._life.files
        if files is self._told_files:
            return
        self._told_files = files
        paths = {one.path for one in files}
        self._loaded = paths if succeeded else self._loaded | paths
        for one in files:
            if one.digest is not None or one.path not in self.known:
                self.known[one.path] = one.digest


def named(paths: Sequence[str]) -> str:
    """Name changed files in a few words."""
    names = [os.path.basename(path) for path in paths[:_NAMED]]
    more = len(paths) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def unreadable(folder: str, error: OSError) -> str:
    """Say that a folder cannot be watched."""
    return f"{folder} cannot be watched: {error.strerror}.\nMake it readable for the user that runs Skerry."
