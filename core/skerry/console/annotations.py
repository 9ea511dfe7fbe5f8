"""What is wrong with a workspace as annotations of GitHub Actions: ``::error file=...,line=...::message``.

A runner takes every line of a job's output that begins with ``::`` as a command, so nothing from outside may begin a
line or end a property: what its rules want escaped is escaped here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from skerry.console.text import safe
from skerry.errors import ErrorKind
from skerry.model import DefinitionFailure, ErrorInfo, Frame, LocationState, Problem, Severity, State, WorkspaceState

#: The place of an annotation: file, line and column, as far as they are known.
Place = tuple[str | None, int | None, int | None]


def annotate(state: WorkspaceState, folder: Path) -> Iterator[str]:
    """Give a line for each problem, failed location, warning and definition left out; paths relative to ``folder``."""
    entries_with_errors = {one.location for one in state.problems if one.severity is Severity.ERROR}
    for problem in state.problems:
        yield _problem(problem, state, folder)
    for location in state.locations:
        told = location.error is not None and location.error.kind is ErrorKind.INVALID_ENTRY
        if location.state is not State.READY and not (told and location.name in entries_with_errors):
            yield _location(location, state, folder)
        for warning in location.warnings:
            yield _annotation("warning", _entry(location, state), location.name, warning, folder)
        for repository in location.repositories:
            for failure in repository.errors:
                yield _definition(failure, location, folder)


def _problem(problem: Problem, state: WorkspaceState, folder: Path) -> str:
    # Without files in the workspace `file` says that the entry came from the command line.
    place: Place = (problem.file, problem.line, problem.column) if state.workspace else (None, None, None)
    message = f"{problem.message}\n{problem.hint}".rstrip("\n")
    return _annotation(problem.severity.value, place, problem.code, message, folder)


def _location(location: LocationState, state: WorkspaceState, folder: Path) -> str:
    entry = _entry(location, state)
    if location.error is None:
        return _annotation("error", entry, location.name, f"{location.name} is {location.state.value}.", folder)
    title = f"{location.name}: {location.error.kind.value}"
    return _annotation("error", _place(location.error) or entry, title, _words(location.error), folder)


def _entry(location: LocationState, state: WorkspaceState) -> Place:
    # With several files the location's line does not say which of them it counts in.
    return (state.workspace[0], location.line, None) if len(state.workspace) == 1 else (None, None, None)


def _definition(failure: DefinitionFailure, location: LocationState, folder: Path) -> str:
    place = _place(failure.error) or (failure.file, failure.line, None)
    title = f"{location.name}: {failure.type} {failure.name} was left out"
    return _annotation("error", place, title, _words(failure.error), folder)


def _place(error: ErrorInfo) -> Place | None:
    """Give the user's own line that is nearest to where the error was raised."""
    frame: Frame | None = next((one for one in reversed(error.frames) if one.user), None)
    return None if frame is None else (frame.file, frame.line, None)


def _words(error: ErrorInfo) -> str:
    words = error.message.rstrip("\n")
    return words if error.cause is None else f"{words}\ncaused by: {_words(error.cause)}"


def _annotation(severity: str, place: Place, title: str, message: str, folder: Path) -> str:
    file, line, column = place
    relative = None if file is None else os.path.relpath(folder / file, folder)
    given = {"file": relative, "line": line, "col": column, "title": title}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in given.items() if value is not None)
    return f"::{severity} {properties}::{_data(message)}"


def _data(text: str) -> str:
    lines = (safe(line) for line in text.replace("\r\n", "\n").split("\n"))
    return "\n".join(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return safe(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
