"""Finds what the installed distributions offer: location types, and run launchers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

#: The groups of entry points, of location types and of run launchers.
GROUP = "skerry.plugins"
LAUNCHERS = "skerry.run_launchers"
_GROUPS = (GROUP, LAUNCHERS)


@dataclass(frozen=True)
class InstalledTwice:
    """A distribution of which one folder holds two versions, ``used`` and ``other``."""

    name: str
    folder: str
    used: str
    other: str

    @property
    def sentence(self) -> str:
        """What is wrong, in one line."""
        return f"{self.name} is installed twice in {self.folder}: {self.used}, which is used, and {self.other}."

    @property
    def advice(self) -> str:
        """What to do."""
        return f"Run `pip uninstall {self.name}` until none is left, and install it again."


def discover() -> tuple[list[metadata.EntryPoint], dict[str, InstalledTwice]]:
    """Give the entry points, and by their normalized names the distributions that are installed twice.

    Nothing is imported. As with modules, what stands earlier on ``sys.path`` hides a later one of its name; twice in
    one folder is what an interrupted installation leaves.
    """
    first: dict[str, metadata.Distribution] = {}
    points: list[metadata.EntryPoint] = []
    twice: dict[str, InstalledTwice] = {}
    for distribution in _candidates():
        own = [point for point in distribution.entry_points if point.group in _GROUPS]
        if not own:
            continue
        name = normalized(distribution_name(distribution))
        before = first.setdefault(name, distribution)
        if before is distribution:
            points += own
        elif _folder(before) == _folder(distribution) and _version(before) != _version(distribution):
            versions = _version(before), _version(distribution)
            twice[name] = InstalledTwice(distribution_name(before), _folder(before), *versions)
    return points, twice


def normalized(name: str) -> str:
    """Give the form of a name that is compared: case, and which of ``-``, ``_`` and ``.``, do not matter."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def distribution_words(point: metadata.EntryPoint) -> str:
    """Name the distribution of an entry point, with its version."""
    return f"{distribution_name(point.dist)} {_version(point.dist)}" if point.dist else point.value


def distribution_name(distribution: metadata.Distribution) -> str:
    """Name a distribution, also one of whose metadata only the entry points are left."""
    return _field(distribution, "Name")


def _version(distribution: metadata.Distribution) -> str:
    return _field(distribution, "Version")


def _field(distribution: metadata.Distribution, name: str) -> str:
    fields = distribution.metadata
    return fields[name] if name in fields else f"without a {name.lower()}"


def _candidates() -> Iterator[metadata.Distribution]:
    # Most distributions are not plugins: their entry points are not even parsed.
    for distribution in metadata.distributions():
        written = distribution.read_text("entry_points.txt") or ""
        if any(group in written for group in _GROUPS):
            yield distribution


def _folder(distribution: metadata.Distribution) -> str:
    return str(distribution.locate_file(""))
