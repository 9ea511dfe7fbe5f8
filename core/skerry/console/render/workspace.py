"""The whole workspace: a row for each location, with what it holds or what is wrong with it."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from skerry.console.render.layout import columns, middle
from skerry.console.render.location import render_below
from skerry.console.render.page import (
    BAD,
    GOOD,
    LOOK,
    QUIET,
    STATE_MARKS,
    STATE_STYLES,
    STRONG,
    Page,
    Piece,
    indented,
    line,
    state_style,
)
from skerry.console.render.problems import render_problems
from skerry.console.text import counted, duration, short_path
from skerry.model import LocationState, State, WorkspaceState

TITLES = ("STATE", "LOCATION", "TYPE", "PYTHON", "IMAGE", "LOADED")
FLEXIBLE = (1, 2, 4)
MARGIN = 2


def render_workspace(state: WorkspaceState, page: Page) -> list[Text]:
    """Give the workspace files, their problems, the locations, and at the end, beside the prompt, how many are well."""
    lines = [line(("workspace  ", QUIET), (_path(path, page), STRONG)) for path in state.workspace]
    names = {location.name for location in state.locations}
    loose = render_problems((problem for problem in state.problems if problem.location not in names), page)
    lines += [*_space(page, lines), *loose] if loose else []
    if state.locations:
        lines += [*_space(page, lines), *_locations(state, page)]
    return [*lines, *_space(page, lines), render_summary(state)]


def _path(path: str, page: Page) -> str:
    shown = short_path(path, page.folder)
    return shown if page.width is None else middle(shown, page.width - len("workspace  "))


def _space(page: Page, lines: list[Text]) -> list[Text]:
    return [line()] if lines and page.drawing else []


def _locations(state: WorkspaceState, page: Page) -> list[Text]:
    header, *rows = location_rows(state, page)
    lines = [header]
    for row, location in zip(rows, state.locations, strict=True):
        inside = Page(page.narrower(2 * MARGIN), page.drawing, page.verbose, page.folder)
        body = render_below(location, state, inside)
        # With many locations the rows should still read as one column where there is nothing to say between them.
        lines += [
            row,
            *indented(body, " " * MARGIN * (2 if page.drawing else 1)),
            *(_space(page, lines) if body else []),
        ]
    return lines[:-1] if not lines[-1].plain else lines


def location_rows(state: WorkspaceState, page: Page) -> list[Text]:
    """Give the titles and a row for each location, aligned."""
    cells = [[(title, QUIET) for title in TITLES], *(_cells(location, page) for location in state.locations)]
    margin = MARGIN if page.drawing else 0
    if page.drawing and not any(location.server and location.server.image for location in state.locations):
        cells = [[*row[:4], row[5]] for row in cells]
        rows = columns(cells, page, indent=margin, flexible=FLEXIBLE[:2])
    else:
        rows = columns(cells, page, indent=margin, flexible=FLEXIBLE)
    if not page.drawing:
        return rows
    marks = [line(" "), *(line((STATE_MARKS[one.state], state_style(one))) for one in state.locations)]
    return [mark + line(" ") + row for mark, row in zip(marks, rows, strict=True)]


def _cells(location: LocationState, page: Page) -> list[Piece]:
    server = location.server
    unknown = "" if page.drawing else "-"
    loaded = unknown if server is None or server.load_seconds is None else duration(server.load_seconds)
    return [
        (location.state.value, state_style(location)),
        (location.name, STRONG),
        (location.type, QUIET),
        ((server and server.python) or unknown, ""),
        ((server and server.image) or unknown, ""),
        (loaded, QUIET),
    ]


def render_summary(state: WorkspaceState) -> Text:
    """Give one line: how many locations are in which state, and how many definitions were left out."""
    counts = Counter(location.state for location in state.locations)
    pieces: list[str | Piece] = [counted(len(state.locations), "location")]
    for number, (kind, count) in enumerate((kind, counts[kind]) for kind in State if counts[kind]):
        pieces += [", " if number else ": ", (f"{count} {kind.value}", STATE_STYLES[kind])]
    left_out = sum(len(repository.errors) for location in state.locations for repository in location.repositories)
    if left_out:
        pieces += ["; ", (f"{counted(left_out, 'definition')} left out", BAD)]
    stale = sum(location.stale for location in state.locations)
    if stale:
        pieces += ["; ", (f"{stale} stale", "yellow")]
    warnings = sum(len(location.warnings) for location in state.locations)
    if warnings:
        pieces += ["; ", (counted(warnings, "warning"), LOOK)]
    if counts[State.READY] == len(state.locations) and len(pieces) == 3:
        pieces[0] = (str(pieces[0]), GOOD)
    return line(*pieces)
