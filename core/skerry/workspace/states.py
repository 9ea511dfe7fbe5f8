"""The life of a location: one table, and one function that reads it."""

from __future__ import annotations

from collections.abc import Mapping

from skerry.model import Cause, LocationState, State
from skerry.plugin import ServerStatus

#: From each state to those that may follow it. Staying is always allowed, but for CLOSED, where nothing happens.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.LOADING: frozenset({State.LOADING, State.READY, State.FAILED, State.UNREACHABLE, State.CLOSED}),
    State.READY: frozenset({State.READY, State.LOADING, State.FAILED, State.UNREACHABLE, State.IDLE, State.CLOSED}),
    State.FAILED: frozenset({State.FAILED, State.LOADING, State.CLOSED}),
    State.UNREACHABLE: frozenset({State.UNREACHABLE, State.LOADING, State.READY, State.CLOSED}),
    State.IDLE: frozenset({State.IDLE, State.LOADING, State.FAILED, State.CLOSED}),
    State.CLOSED: frozenset(),
}

#: States in which nothing is about to happen by itself: what ``Workspace.wait`` waits for.
SETTLED = frozenset({State.READY, State.FAILED, State.UNREACHABLE, State.IDLE, State.CLOSED})


def may_move(old: State, new: State) -> bool:
    """Tell whether a location in ``old`` may come to be in ``new``."""
    return new in TRANSITIONS[old]


def cause_of(old: LocationState, status: ServerStatus) -> Cause | None:
    """Say why what a code server tells moves its location; None when it is only progress."""
    if old.state is not status.state:
        if status.state is State.UNREACHABLE:
            return Cause.CONNECTION_LOST
        if old.state is State.UNREACHABLE:
            return Cause.CONNECTED
        if status.state is State.READY:
            return Cause.LOADED
        if status.state is State.FAILED:
            return Cause.LOAD_FAILED
        return Cause.PROCESS_ENDED if status.error is not None else Cause.SERVER_RELOADED
    if status.state is State.READY and (old.server, old.stale) != (status.server, status.stale):
        return Cause.SERVER_RELOADED
    return None
