"""The state of a location, and how it came to be so: the one function that moves it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from skerry.model import Cause, LocationState, Move, State
from skerry.workspace.states import may_move
from skerry.workspace_file import Masker

#: Moves that are remembered.
HISTORY = 100

#: Called after each move with the location's name, the state before (None at first) and the new one.
Observer = Callable[[str, LocationState | None, LocationState], None]


class Moves:
    """One location's state, its last moves, and the secrets that must not be seen in them. Thread-safe.

    ``changed``: the lock of all that belongs together with the state; notified of each change.
    """

    def __init__(self, first: LocationState, observer: Observer) -> None:
        self.state = first
        self.changed = threading.Condition(threading.RLock())
        self.masker = Masker()
        self._history: deque[Move] = deque(maxlen=HISTORY)
        self._observer = observer
        self.move(state=first.state, cause=Cause.OPENED)

    def history(self) -> tuple[Move, ...]:
        """Give the moves that are remembered, the newest last."""
        with self.changed:
            return tuple(self._history)

    def hide(self, secrets: Collection[str]) -> None:
        """Show none of these values from now on, nor any of those given before: an older process may print them."""
        with self.changed:
            self.masker = self.masker.also(secrets)

    def move(self, *, state: State, cause: Cause | None = None, detail: str = "", **changes: Any) -> None:
        """Make every change of this location; the only place where that happens, and where secrets are masked.

        ``cause``: None for progress, which is no move to be remembered. What the table does not allow is not done.
        """
        with self.changed:
            old = self.state if self._history else None
            if old is not None and not may_move(old.state, state):
                return
            shown = {field: self.masker.value(value) for field, value in changes.items()}
            if state is not State.READY:
                shown["busy_since"] = None
            new = replace(self.state, state=state, **shown)
            if cause is not None:
                move = Move(
                    at=time.time(),
                    old=old.state if old is not None else None,
                    new=state,
                    cause=cause,
                    detail=detail,
                    generation=new.server.generation if new.server is not None and state is State.READY else None,
                    stale=new.stale,
                )
                self._history.append(move)
                new = replace(new, last_move=move)
            self.state = new
            self.changed.notify_all()
            self._observer(new.name, old, new)
