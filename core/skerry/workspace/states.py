"""The life of a location: one table, and one function that reads it."""

from __future__ import annotations

from collections.abc import Mapping

from skerry.model import State

#: From each state to those that may follow it. Staying is always allowed, but for CLOSED, where nothing happens.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.LOADING: frozenset({State.LOADING, State.READY, State.FAILED, State.UNREACHABLE, State.CLOSED}),
    State.READY: frozenset({State.READY, State.LOADING, State.FAILED, State.UNREACHABLE, State.CLOSED}),
    State.FAILED: frozenset({State.FAILED, State.LOADING, State.CLOSED}),
    State.UNREACHABLE: frozenset({State.UNREACHABLE, State.LOADING, State.READY, State.CLOSED}),
    State.CLOSED: frozenset(),
}

#: States in which nothing is about to happen by itself: what ``Workspace.wait`` waits for.
SETTLED = frozenset({State.READY, State.FAILED, State.UNREACHABLE, State.CLOSED})


def may_move(old: State, new: State) -> bool:
    """Tell whether a location in ``old`` may come to be in ``new``."""
    return new in TRANSITIONS[old]
