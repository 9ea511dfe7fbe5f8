"""One location, in full."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.text import Text

from skerry.console.render.definitions import render_repository
from skerry.console.render.errors import render_error
from skerry.console.render.layout import facts, paragraph
from skerry.console.render.page import (
    LOOK,
    MOVING,
    QUIET,
    STATE_MARKS,
    STRONG,
    Page,
    Piece,
    indented,
    line,
    state_style,
)
from skerry.console.render.problems import render_problems
from skerry.console.text import duration, short_path
from skerry.errors import ErrorKind
from skerry.model import Cause, LocationState, Problem, ServerInfo, Severity, State, WorkspaceState


def render_location(location: LocationState, state: WorkspaceState, page: Page) -> list[Text]:
    """Give all that is known of a location: ``state`` is the workspace that it stands in."""
    problems = [problem for problem in state.problems if problem.location == location.name]
    lines = [render_title(location, page)]
    lines += indented(facts(_facts(location, state, page), page, indent=2))
    inside = Page(page.narrower(2), page.drawing, page.verbose, page.folder)
    for block in (notes(location, inside), render_problems(problems, inside), render_body(location, problems, inside)):
        if block:
            lines += [*([line()] if page.drawing else []), *indented(block)]
    return lines


def render_title(location: LocationState, page: Page) -> Text:
    """Give a location's state and name."""
    style = state_style(location)
    mark = f"{STATE_MARKS[location.state]} " if page.drawing else ""
    return line((f"{mark}{location.state.value}", style), "  ", (location.name, STRONG))


def _facts(location: LocationState, state: WorkspaceState, page: Page) -> list[tuple[str, Piece | None]]:
    entry = _entry_place(location, state, page)
    rows: list[tuple[str, Piece | None]] = [
        ("type", (location.type, "")),
        ("entry", (entry, "") if entry else None),
    ]
    return rows + (_server_facts(location.server) if location.server else [])


def _entry_place(location: LocationState, state: WorkspaceState, page: Page) -> str:
    """Give ``file:line`` of the location's entry; empty where it stands in no file, or in one of several.

    With several files the location's line does not say which of them it counts in.
    """
    if len(state.workspace) != 1 or location.line is None:
        return ""
    return f"{short_path(state.workspace[0], page.folder)}:{location.line}"


def _server_facts(server: ServerInfo) -> list[tuple[str, Piece | None]]:
    loaded = None if server.load_seconds is None else (f"in {duration(server.load_seconds)}", "")
    return [
        ("python", (f"{server.python}  {server.executable}", "") if server.python else None),
        ("skerry", (server.skerry, "")),
        ("image", (server.image, "") if server.image else None),
        ("server", (server.id, "")),
        ("process", (str(server.pid), "") if server.pid is not None else None),
        ("address", (server.address, "")),
        ("generation", (str(server.generation), "") if server.generation else None),
        ("loaded", loaded),
    ]


def notes(location: LocationState, page: Page) -> list[Text]:
    """Say what the state alone does not: what it does, waits for, or serves in the place of something newer."""
    lines = render_warnings(location, page)
    if location.state is State.LOADING:
        lines += paragraph(location.progress or "not loaded yet", page, MOVING)
    if location.state is State.IDLE:
        ended = location.last_move is not None and location.last_move.cause is Cause.NOT_USED
        lines += paragraph("ended for want of use" if ended else "loaded when it is first used", page, QUIET)
    if location.retry_at is not None:
        lines.append(line((f"tries again in {duration(max(location.retry_at - time.time(), 0))}", LOOK)))
    if location.busy_since is not None:
        lines.append(line((f"busy for {duration(max(time.time() - location.busy_since, 0))}", LOOK)))
    if location.stale:
        generation = f"generation {location.server.generation}" if location.server else "an earlier generation"
        lines += paragraph(f"stale: {generation} answers, because the last reload failed:", page, LOOK)
    return lines


def render_warnings(location: LocationState, page: Page) -> list[Text]:
    """Give what is not as the entry wants it, although the code loads."""
    lines: list[Text] = []
    for warning in location.warnings:
        first, *rest = warning.splitlines() or [""]
        lines += paragraph(f"warning: {first}", page, LOOK)
        lines += [text for advice in rest for text in indented(paragraph(advice, page, indent=2))]
    return lines


def render_below(location: LocationState, state: WorkspaceState, page: Page) -> list[Text]:
    """Give what is below a location's row: what its state does not say, its problems, its error, its repositories.

    An error that no line of the user's code raised is for the entry to mend: its place leads the error.
    """
    problems = [problem for problem in state.problems if problem.location == location.name]
    error = location.error
    own_line = error is not None and any(frame.user for frame in error.frames)
    entry = "" if own_line else _entry_place(location, state, page)
    return [
        *notes(location, page),
        *render_problems(problems, page),
        *render_body(location, problems, page, entry),
    ]


def render_body(location: LocationState, problems: Sequence[Problem], page: Page, entry: str = "") -> list[Text]:
    """Give the error, then the repositories. An entry's own problems, shown beside it, say more than its error.

    ``entry``: where the entry stands, for an error that has no place of its own.
    """
    lines: list[Text] = []
    shown_already = location.error is not None and location.error.kind is ErrorKind.INVALID_ENTRY
    told = shown_already and any(problem.severity is Severity.ERROR for problem in problems)
    if location.error is not None and not told:
        lines += render_error(location.error, page, entry)
    for repository in location.repositories:
        lines += render_repository(repository, page)
    if location.state is State.READY and not location.repositories:
        lines.append(line(("no repositories", QUIET)))
    return lines
