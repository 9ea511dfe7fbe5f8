"""``LOCATION[/REPOSITORY[/PIPELINE]]``: what part of a workspace a command is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import click

from skerry.console.text import nearest, safe
from skerry.model import LocationState, PipelineSnapshot, RepositorySnapshot, State

#: More names than this do not help the reader of an error.
NAMES_SHOWN = 20


class UnknownNameError(click.ClickException):
    """The command line names what does not exist."""

    exit_code = 2

    def __init__(self, thing: str, name: str, known: Iterable[str], where: str = "", advice: str = "") -> None:
        names = [safe(other) for other in known]
        close = nearest(safe(name), names)
        shown = ", ".join(names[:NAMES_SHOWN]) or "none"
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        lines = [f"No {thing} is called {safe(name)!r}{where}.", f"There are: {shown}{more}."]
        if close:
            lines.append(f"Did you mean {close!r}?")
        if advice:
            lines.append(advice)
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Selection:
    """What a selector names: a location, perhaps a repository in it, perhaps a pipeline in that."""

    location: LocationState
    repository: RepositorySnapshot | None = None
    pipeline: PipelineSnapshot | None = None

    def narrowed(self) -> LocationState:
        """Give the location with nothing in it but what is selected."""
        if self.repository is None:
            return self.location
        repository = self.repository
        if self.pipeline is not None:
            repository = replace(repository, errors=(), pipelines=(self.pipeline,), schedules=(), sensors=())
        return replace(self.location, repositories=(repository,))


def split_location(selector: str, names: Sequence[str]) -> tuple[str, str]:
    """Split off the longest location name: what is left names definitions. Raises UnknownNameError.

    A name may be given as it is, or as it is shown, with its control characters escaped.
    """
    found = _longest(selector, names)
    if found is None:
        raise UnknownNameError("location", selector, names)
    return found


def select(location: LocationState, rest: str) -> Selection:
    """Find the definitions that ``rest``, ``REPOSITORY[/PIPELINE]`` or empty, names. Raises UnknownNameError."""
    if not rest:
        return Selection(location)
    repositories = [repository.name for repository in location.repositories]
    found = _longest(rest, repositories)
    if found is None:
        state = location.state
        advice = "" if state is State.READY else f"{safe(location.name)!r} is {state.value}: inspect it to see why."
        raise UnknownNameError("repository", rest, repositories, f" in {safe(location.name)!r}", advice)
    repository = _named(location.repositories, found[0])
    if not found[1]:
        return Selection(location, repository)
    pipelines = [pipeline.name for pipeline in repository.pipelines]
    if found[1] not in pipelines:
        raise UnknownNameError("pipeline", found[1], pipelines, f" in {safe(location.name + '/' + repository.name)!r}")
    return Selection(location, repository, _named(repository.pipelines, found[1]))


class _Named(Protocol):
    @property
    def name(self) -> str: ...


NamedType = TypeVar("NamedType", bound=_Named)


def _named(items: Iterable[NamedType], name: str) -> NamedType:
    return next(item for item in items if item.name == name)


def _longest(selector: str, names: Iterable[str]) -> tuple[str, str] | None:
    """Give the longest of ``names`` that ``selector`` is or begins with, and what follows it."""
    for name in sorted(names, key=len, reverse=True):
        for form in (name, safe(name)):
            if selector == form:
                return name, ""
            if selector.startswith(form + "/"):
                return name, selector[len(form) + 1 :]
    return None
