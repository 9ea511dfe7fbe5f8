"""What is seen while locations load: a line for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from skerry.console.render.layout import columns
from skerry.console.render.page import (
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
from skerry.console.text import counted
from skerry.model import LocationState, State

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
#: Turns of the spinner in a second.
SPEED = 10


def render_progress(
    locations: Sequence[LocationState], elapsed: float, settled: Mapping[str, float], height: int, page: Page
) -> list[Text]:
    """Give a line for each location, at most ``height`` in all: those that still load go before those that do not.

    ``elapsed``: seconds since the load began; ``settled``: how many had passed when a location settled.
    """
    shown = sorted(locations, key=lambda one: one.state is not State.LOADING) if len(locations) > height else locations
    shown = shown[: height - 1] if len(locations) > height else shown
    rows = columns([_cells(one, settled.get(one.name, elapsed)) for one in shown], page, indent=2, flexible=(0, 2))
    spinner = SPINNER[int(elapsed * SPEED) % len(SPINNER)]
    lines = [
        line((spinner, MOVING) if one.state is State.LOADING else (STATE_MARKS[one.state], state_style(one)), " ") + row
        for one, row in zip(shown, rows, strict=True)
    ]
    hidden = locations if len(shown) == len(locations) else [one for one in locations if one not in shown]
    if hidden is not locations:
        loading = sum(one.state is State.LOADING for one in hidden)
        words = f"and {counted(len(hidden), 'more location')}, {loading} of them loading"
        lines += indented([line((f"{page.ellipsis} {words}", QUIET))])
    return lines


def _cells(location: LocationState, seconds: float) -> list[Piece]:
    loading = location.state is State.LOADING
    doing = location.progress if loading else location.state.value
    return [
        (location.name, STRONG if loading else ""),
        (f"{seconds:5.1f} s", QUIET),
        (doing, MOVING if loading else state_style(location)),
    ]
