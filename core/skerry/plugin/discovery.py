"""Finds what the installed distributions offer: the entry points of the group ``skerry.plugins``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

GROUP = "skerry.plugins"


def discover() -> tuple[list[metadata.EntryPoint], tuple[str, ...]]:
    """Give the entry points, and sentences about distributions that are installed twice.

    Nothing is imported. As with modules, what stands earlier on ``sys.path`` hides a later one of its name; twice in
    one folder is what an interrupted installation leaves.
    """
    first: dict[str, metadata.Distribution] = {}
    points: list[metadata.EntryPoint] = []
    warnings: list[str] = []
    for distribution in _candidates():
        own = [point for point in distribution.entry_points if point.group == GROUP]
        if not own:
            continue
        before = first.setdefault(normalized(distribution_name(distribution)), distribution)
        if before is distribution:
            points += own
        elif _folder(before) == _folder(distribution) and _version(before) != _version(distribution):
            warnings.append(_installed_twice(before, distribution))
    return points, tuple(warnings)


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
        if GROUP in (distribution.read_text("entry_points.txt") or ""):
            yield distribution


def _folder(distribution: metadata.Distribution) -> str:
    return str(distribution.locate_file(""))


def _installed_twice(one: metadata.Distribution, other: metadata.Distribution) -> str:
    versions = " and ".join(sorted((_version(one), _version(other))))
    name = distribution_name(one)
    return (
        f"{name} is installed twice in {_folder(one)}: {versions}; {_version(one)} is used. "
        f"Run `pip uninstall {name}` until none is left, and install it again."
    )
