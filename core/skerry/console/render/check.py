"""What ``skerry check`` shows: a row for each location, below it what is wrong, and at the end how many are well."""

from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from skerry.console.render.location import render_below, render_warnings
from skerry.console.render.page import BAD, GOOD, LOOK, Page, Piece, indented, line
from skerry.console.render.problems import render_problems
from skerry.console.render.workspace import location_rows, render_summary
from skerry.console.text import counted
from skerry.model import LocationState, Severity, State, WorkspaceState

MARGIN = "    "


def render_check(state: WorkspaceState, entries: int | None, page: Page) -> list[Text]:
    """Give the whole answer. ``entries``: how many there are, where only the file was checked."""
    names = {location.name for location in state.locations}
    lines = render_problems((problem for problem in state.problems if problem.location not in names), page)
    if state.locations:
        header, *rows = location_rows(state, page)
        lines.append(header)
        for row, location in zip(rows, state.locations, strict=True):
            lines += [row, *indented(_wrong(location, state, page), MARGIN if page.drawing else MARGIN[2:])]
    return [*lines, render_count(state, entries)]


def render_count(state: WorkspaceState, entries: int | None) -> Text:
    """Give the last line: how many locations, or entries, and how much is wrong."""
    counts = _problem_counts(state)
    if entries is not None:
        return line(counted(entries, "entry"), ": ", *(counts or [("nothing is wrong", GOOD)]))
    summary = render_summary(state)
    return summary + line("; ", *counts, " in the workspace file") if counts else summary


def _problem_counts(state: WorkspaceState) -> list[str | Piece]:
    pieces: list[str | Piece] = []
    for severity, style in ((Severity.ERROR, BAD), (Severity.WARNING, LOOK)):
        count = sum(problem.severity is severity for problem in state.problems)
        if count:
            pieces += [", "] if pieces else []
            pieces.append((counted(count, severity.value), style))
    return pieces


def _wrong(location: LocationState, state: WorkspaceState, page: Page) -> list[Text]:
    """Give what is wrong with a location, as ``skerry inspect`` shows it, and nothing of what is well."""
    problems = [problem for problem in state.problems if problem.location == location.name]
    inside = Page(page.narrower(len(MARGIN)), page.drawing, page.verbose, page.folder)
    partial = tuple(
        replace(repository, pipelines=(), schedules=(), sensors=())
        for repository in location.repositories
        if repository.errors
    )
    if location.state is State.READY and not partial:
        return [*render_warnings(location, inside), *render_problems(problems, inside)]
    return render_below(replace(location, repositories=partial), state, inside)
