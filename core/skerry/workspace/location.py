"""A live member of a workspace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from skerry.model import ErrorInfo, LocationState, Origin, Problem, RepositorySnapshot, ServerInfo, State
from skerry.plugin import CodeServer, ServerStatus
from skerry.workspace.states import SETTLED, may_move
from skerry.workspace_file import Masker

#: Called after each move with the location's name, the state before (None at first) and the new one.
Observer = Callable[[str, LocationState | None, LocationState], None]


class Location:
    """A thread-safe handle over one frozen ``LocationState``.

    ``state``, ``error``, ``server`` and ``repositories`` each read the newest; to read several that belong together,
    take ``snapshot`` once.
    """

    def __init__(
        self, state: LocationState, origin: Origin | None, problems: tuple[Problem, ...], observer: Observer
    ) -> None:
        self._state = state
        self._origin = origin
        self._problems = problems
        self._observer = observer
        self._server: CodeServer | None = None
        self._masker = Masker()
        self._end_opening: Callable[[], None] = lambda: None
        self._changed = threading.Condition(threading.RLock())
        observer(state.name, None, state)

    @property
    def name(self) -> str:
        """The location's name, unique in its workspace."""
        return self._state.name

    @property
    def origin(self) -> Origin | None:
        """The recipe that it is loaded from; None when its entry has an error."""
        return self._origin

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with its entry in the workspace file."""
        return self._problems

    @property
    def snapshot(self) -> LocationState:
        """All that is known of it at one moment."""
        return self._state

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._state.state

    @property
    def error(self) -> ErrorInfo | None:
        """What went wrong last; None while all is well."""
        return self._state.error

    @property
    def server(self) -> ServerInfo | None:
        """The code server that answers for it; None when there is none."""
        return self._state.server

    @property
    def repositories(self) -> tuple[RepositorySnapshot, ...]:
        """What its code defines; empty unless it is READY."""
        return self._state.repositories

    def output(self) -> str:
        """Give what its code wrote to stdout and stderr in its present life, as far as it is kept."""
        with self._changed:
            server = self._server
        return self._masker.text(server.output()) if server is not None else ""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is no longer LOADING, at most ``timeout`` seconds; tells whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state.state in SETTLED, timeout)

    def __repr__(self) -> str:
        return f"<Location {self.name!r} {self.state.value}>"

    # -- called by the workspace ----------------------------------------------------------------------------------

    def _open(self, end_opening: Callable[[], None]) -> bool:
        """Take what ends its opening when it is closed meanwhile; tells whether it is to be opened at all."""
        with self._changed:
            self._end_opening = end_opening
            return self._state.state is State.LOADING

    def _hide(self, secrets: Collection[str]) -> None:
        """Show none of these values from now on, nor any of those given before: an older process may print them."""
        with self._changed:
            self._masker = self._masker.also(secrets)

    def _progress(self, text: str) -> None:
        """Take a word from its opening, unless it was given up or closed meanwhile."""
        with self._changed:
            if self._state.state is State.LOADING and self._state.progress != text:
                self._move(state=State.LOADING, progress=text)

    def _fail(self, error: ErrorInfo) -> None:
        """Take an error of opening it, unless it was given up or closed meanwhile."""
        with self._changed:
            if self._state.state is State.LOADING:
                self._move(state=State.FAILED, error=error, progress="")

    def _serve(self, server: CodeServer) -> None:
        """Take a code server that was opened for it, unless it was given up or closed meanwhile."""
        with self._changed:
            wanted = self._state.state is State.LOADING
            if wanted:
                self._server = server
        if wanted:
            server.watch(self._server_changed)  # not under the lock: the server has one, too, and calls under it
        else:
            server.close()

    def _close(self) -> None:
        with self._changed:
            server, self._server = self._server, None
            self._move(state=State.CLOSED, server=None, progress="")
            end_opening = self._end_opening
        end_opening()
        if server is not None:
            server.close()

    def _server_changed(self, status: ServerStatus) -> None:
        self._move(
            state=status.state,
            server=status.server,
            repositories=status.repositories,
            error=status.error,
            explanation=status.explanation,
            progress=status.progress,
        )

    def _move(self, *, state: State, **changes: Any) -> None:
        """Make every change of this location; the only place where that happens, and where secrets are masked."""
        with self._changed:
            old = self._state
            if not may_move(old.state, state):
                return
            shown = {field: self._masker.value(value) for field, value in changes.items()}
            self._state = replace(old, state=state, **shown)
            self._changed.notify_all()
            self._observer(self.name, old, self._state)
