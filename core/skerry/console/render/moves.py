"""Moves of locations in words."""

from __future__ import annotations

import time

from rich.text import Text

from skerry.console.render.page import LOOK, QUIET, STATE_STYLES, STRONG, Page, line
from skerry.model import Cause, LocationState, Move

WORDS = {
    Cause.OPENED: "opened",
    Cause.LOADED: "loaded",
    Cause.LOAD_FAILED: "could not be loaded",
    Cause.RELOAD_ASKED: "reload asked for",
    Cause.FILES_CHANGED: "{detail} changed",
    Cause.ENTRY_CHANGED: "its entry changed",
    Cause.PROCESS_ENDED: "its process ended",
    Cause.SERVER_RELOADED: "its server reloaded",
    Cause.CONNECTION_LOST: "connection lost",
    Cause.CONNECTED: "connected",
    Cause.USED: "used",
    Cause.NOT_USED: "not used",
    Cause.CLOSED: "closed",
}


def reason(move: Move) -> str:
    """Say why a location has moved; of a reload also that it has failed."""
    words = WORDS[move.cause].format(detail=move.detail or "a file")
    return f"{words}, and the reload failed" if move.stale else words


def render_move(location: LocationState, move: Move, page: Page) -> Text:
    """Give one line for a move that was just made: when, which location, what it is now, why."""
    state = (f"{location.state.value}{' (stale)' if location.stale else ''}", STATE_STYLES[location.state])
    generation = f"  generation {move.generation}" if move.generation is not None else ""
    return line(
        (time.strftime("%H:%M:%S", time.localtime(move.at)), QUIET),
        "  ",
        (location.name, STRONG),
        "  ",
        state if not location.stale else (state[0], LOOK),
        generation,
        (f"  {reason(move)}", QUIET),
    )


def ago(at: float) -> str:
    """Say how long ago that was, coarsely: ``now``, ``12 s``, ``3 min``, ``5 h``, ``4 d``."""
    seconds = max(time.time() - at, 0)
    if seconds < 1:
        return "now"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} d"
