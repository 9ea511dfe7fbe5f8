"""What ``skerry dev`` draws: all locations, more about the chosen one, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from skerry.console.render.layout import columns, paragraph
from skerry.console.render.location import render_below
from skerry.console.render.moves import ago, reason
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
from skerry.console.render.workspace import render_summary
from skerry.console.text import short_path
from skerry.model import LocationState, State, WorkspaceState

KEYS = (("↑↓", "choose"), ("r", "reload"), ("a", "reload all"), ("l", "logs"), ("q", "quit"))
#: Rows of locations that are always shown, however little room there is.
LEAST_ROWS = 3


@dataclass(frozen=True)
class View:
    """What the person at the terminal wants to see.

    ``chosen``: the name of a location; ``logs``: its output, or None for its errors and definitions; ``message``: what
    was done last.
    """

    chosen: str
    logs: str | None = None
    message: str = ""


def render_dev(state: WorkspaceState, view: View, page: Page, height: int) -> list[Text]:
    """Give exactly as many lines as the terminal has."""
    head = [_title(state, page), line()]
    foot = [*paragraph(view.message, page, MOVING), _keys()]
    room = height - len(head) - len(foot) - 1
    most = max(room // 2, LEAST_ROWS) if len(state.locations) > LEAST_ROWS else len(state.locations)
    rows = _rows(state.locations, view.chosen, page, min(most, len(state.locations)))
    below = _below(state, view, page, room - len(rows))
    lines = [*head, *rows, line(), *below]
    lines = lines[: height - len(foot)]
    return [*lines, *[line()] * (height - len(foot) - len(lines)), *foot]


def _title(state: WorkspaceState, page: Page) -> Text:
    paths = ", ".join(short_path(path, page.folder) for path in state.workspace)
    return line(("skerry dev", STRONG), "  ", (paths, QUIET), "  ") + render_summary(state)


def _keys() -> Text:
    pieces: list[str | Piece] = []
    for key, words in KEYS:
        pieces += [(key, STRONG), (f" {words}   ", QUIET)]
    return line(*pieces)


def _rows(locations: Sequence[LocationState], chosen: str, page: Page, count: int) -> list[Text]:
    """Give ``count`` rows, the chosen one among them."""
    index = next((number for number, one in enumerate(locations) if one.name == chosen), 0)
    first = min(max(index - count // 2, 0), max(len(locations) - count, 0))
    shown = locations[first : first + count]
    rows = columns([_cells(one) for one in shown], page, indent=4, flexible=(0, 3))
    return [
        line(("▸ " if one.name == chosen else "  ", STRONG), (STATE_MARKS[one.state], state_style(one)), " ") + row
        for one, row in zip(shown, rows, strict=True)
    ]


def _cells(location: LocationState) -> list[Piece]:
    generation = f"generation {location.server.generation}" if location.server else ""
    move = location.last_move
    if location.state is State.LOADING:
        last = (location.progress, MOVING)
    else:
        last = (reason(move), LOOK if location.stale else QUIET) if move is not None else ("", "")
    return [
        (location.name, STRONG),
        (f"{location.state.value}{' (stale)' if location.stale else ''}", state_style(location)),
        (generation, QUIET),
        last,
        (ago(move.at) if move is not None else "", QUIET),
    ]


def _below(state: WorkspaceState, view: View, page: Page, room: int) -> list[Text]:
    """Give what there is to know of the chosen location, in at most ``room`` lines; of its output the last."""
    location = next((one for one in state.locations if one.name == view.chosen), None)
    if location is None:
        return render_problems(state.problems, page)[:room]
    if view.logs is not None:
        written = [line(text) for text in view.logs.splitlines()] or [line(("nothing yet", QUIET))]
        return [line((f"output of {location.name}", QUIET)), *(written[-max(room - 1, 0) :] if room > 1 else [])]
    inside = Page(page.narrower(2), page.drawing, page.verbose, page.folder)
    lines = indented(render_below(location, state, inside))
    if len(lines) > room > 0:
        return [*lines[: room - 1], line((f"  {page.ellipsis} {len(lines) - room + 1} lines more", QUIET))]
    return lines[: max(room, 0)]
