"""What reading gives: the entries of a workspace, each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skerry.model import Origin, Problem, Severity


@dataclass(frozen=True)
class Entry:
    """One item of ``load_from``, as far as it could be understood.

    ``name``: the location's; ``load_from[2]``, counted from 0, for one that has none yet. ``type``: the key as
    written, empty when it cannot be told. ``file``: as the user gave it; ``line`` from 1, None outside a file.
    ``origin``: storable; None when a problem cost it. ``startup_timeout_place``: ``file:line:column`` of the setting,
    empty where it is not written. ``written``: secrets that the file itself holds, by the names that ``origin`` has for
    them; never to be stored or shown.
    """

    name: str
    type: str
    file: str
    line: int | None
    origin: Origin | None
    startup_timeout_place: str = ""
    problems: tuple[Problem, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that cost it its origin."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def says_the_same(self, other: Entry) -> bool:
        """Tell whether the location would be loaded in the same way, wherever the two stand in their files."""
        if self.origin is None or other.origin is None:
            mine, theirs = ([(problem.message, problem.hint) for problem in one.errors] for one in (self, other))
            return self.origin is other.origin and self.type == other.type and mine == theirs
        return (self.origin, self.written) == (other.origin, other.written)


@dataclass(frozen=True)
class ChosenLauncher:
    """What stands under ``run_launcher``, as far as it could be understood.

    ``key``: as written, empty when it cannot be told. ``options``: storable; None when a problem cost them.
    ``written``: secrets that the file itself holds, by the names that ``options`` has for them; never to be stored or
    shown. ``file``, ``line``, ``column``: where the key stands, as a ``Problem`` has them.
    """

    key: str
    options: Mapping[str, Any] | None
    problems: tuple[Problem, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict, repr=False)
    file: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that cost it its options."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def says_the_same(self, other: ChosenLauncher) -> bool:
        """Tell whether the same run launcher would be made, wherever the two stand in their files."""
        return (self.key, self.options, self.written) == (other.key, other.options, other.written)


@dataclass(frozen=True)
class WorkspaceDescription:
    """What a workspace is made from. ``paths``: of its files, absolute. ``problems``: all, those of entries included.

    Problems stand in the order of the files, and of their places in a file. ``run_launcher``: None where no file
    chooses one.
    """

    paths: tuple[str, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    run_launcher: ChosenLauncher | None = None

    @property
    def folder(self) -> Path:
        """The folder of the first file, or what takes its place for entries that stand in no file."""
        if self.paths:
            return Path(self.paths[0]).parent
        return next((Path(entry.origin.folder) for entry in self.entries if entry.origin), Path.cwd())
