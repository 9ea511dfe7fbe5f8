"""A live member of a workspace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from skerry.code_server import Backoff
from skerry.code_server.supervisor import Timer
from skerry.errors import ErrorKind, LocationError
from skerry.model import (
    ErrorInfo,
    LocationState,
    Origin,
    Problem,
    ReloadResult,
    RepositorySnapshot,
    ServerInfo,
    State,
)
from skerry.plugin import CodeServer, ServerStatus
from skerry.workspace.states import SETTLED, may_move
from skerry.workspace_file import Masker


@dataclass
class _Reload:
    """A reload under way. ``old``: the server that was there; ``beside``: the same as long as it serves meanwhile.

    ``failed``: a server that was to follow and could not, to be closed; ``error``: why there is no new generation.
    """

    old: CodeServer | None
    beside: CodeServer | None
    failed: CodeServer | None = None
    error: ErrorInfo | None = None


#: Seconds before a process that has ended by itself is started again: at first, and at most.
FIRST_RESTART = 0.1
LAST_RESTART = 30.0
#: Seconds for which it must have been READY for the first pause to be the short one again.
STEADY = 60.0

#: Calls a function once so many seconds have passed.
CallLater = Callable[[float, Callable[[], None]], Timer]
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
        #: What is to take the place of ``_server`` once it is READY; a reload is under way.
        self._successor: CodeServer | None = None
        self._reload: _Reload | None = None
        self._reloading = threading.Lock()
        self._load: Callable[[int], None] | None = None
        self._call_later: CallLater | None = None
        #: Since when it has been READY, and how long to wait once its process ends all the same.
        self._ready_at = 0.0
        self._backoff = Backoff(FIRST_RESTART, LAST_RESTART)
        self._restart: Timer | None = None
        #: Ended code servers, to be closed by a thread that may wait.
        self._ended: list[CodeServer] = []
        self._generation = 0
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

    def reload(self) -> ReloadResult:
        """Load its code anew, and wait for that; reloads of one location follow each other.

        What it served goes on until the new code is READY, and stays, stale, when the new code fails. A remote code
        server is asked to reload. Gives the old and the new generation, or the error. Raises LocationError when there
        is nothing to reload: its entry is wrong, it is closed, or its server cannot be asked.
        """
        with self._reloading:
            self._restart_now()
            self.wait()
            with self._changed:
                self._check_reloadable()
                server = self._server if self._state.state is not State.FAILED else None
            result = server.reload() if server is not None else None
            return result if result is not None else self._load_again()

    def __repr__(self) -> str:
        return f"<Location {self.name!r} {self.state.value}>"

    # -- called by the workspace ----------------------------------------------------------------------------------

    def _begin(self, load: Callable[[int], None], call_later: CallLater) -> None:
        """Take the functions that load a generation of it and that call something later, and load the first."""
        self._load, self._call_later = load, call_later
        load(1)

    def _close_ended(self) -> None:
        """Close what has ended. Called by a worker thread, before another is opened."""
        with self._changed:
            ended, self._ended = self._ended, []
        for server in ended:
            server.close()

    def _open(self, end_opening: Callable[[], None]) -> bool:
        """Take what ends its opening when it is closed meanwhile; tells whether it is to be opened at all."""
        with self._changed:
            self._end_opening = end_opening
            return self._awaits_a_server()

    def _awaits_a_server(self) -> bool:
        return self._state.state is State.LOADING or (self._reload is not None and self._state.state is State.READY)

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
            if self._awaits_a_server():
                self._loading_failed(error)

    def _serve(self, server: CodeServer) -> None:
        """Take a code server that was opened for it, unless it was given up or closed meanwhile."""
        with self._changed:
            wanted = self._awaits_a_server()
            if wanted and self._state.state is State.READY:
                self._successor = server
            elif wanted:
                self._server = server
        if wanted:
            # Not under the lock: the server has one, too, and calls under it.
            server.watch(lambda status: self._server_changed(server, status))
        else:
            server.close()

    def _close(self) -> None:
        with self._changed:
            servers = [server for server in (self._server, self._successor, *self._ended) if server is not None]
            self._server = self._successor = None
            self._ended = []
            if self._restart is not None:
                self._restart.cancel()
            self._move(state=State.CLOSED, server=None, progress="", stale=False, retry_at=None)
            end_opening = self._end_opening
        end_opening()
        for server in servers:
            server.close()

    def _server_changed(self, server: CodeServer, status: ServerStatus) -> None:
        with self._changed:
            if server is self._successor:
                self._successor_changed(server, status)
            elif server is self._server and status.state is State.FAILED and self._is_beside_a_reload(server):
                self._give_way()
            elif server is self._server and status.ended and self._state.state is not State.LOADING:
                self._restart_later(server, status.error)
            elif server is self._server:
                self._move_to(status)

    def _successor_changed(self, server: CodeServer, status: ServerStatus) -> None:
        """Swap on success; on failure what was there goes on, stale."""
        if status.state is State.READY:
            self._server, self._successor = server, None
            self._move_to(status)
        elif status.state is not State.LOADING:
            self._successor = None
            assert self._reload is not None
            self._reload.failed = server
            self._loading_failed(status.error)

    def _is_beside_a_reload(self, server: CodeServer) -> bool:
        return self._reload is not None and self._reload.beside is server

    def _give_way(self) -> None:
        """The server has ended while its successor is loaded: that one is waited for as at first."""
        assert self._reload is not None
        self._reload.beside = None
        self._server, self._successor = self._successor, None
        self._move(state=State.LOADING, server=None, repositories=(), error=None, stale=False, progress="reloading")

    def _restart_later(self, server: CodeServer, error: ErrorInfo | None) -> None:
        """The process of code that was loaded has ended by itself: it is loaded again, later each time it does so."""
        assert self._call_later is not None
        if time.monotonic() - self._ready_at > STEADY:
            self._backoff.reset()
        pause = self._backoff.next()
        self._server = None
        self._ended.append(server)
        self._move(
            state=State.LOADING,
            server=None,
            repositories=(),
            error=error,
            stale=False,
            retry_at=time.time() + pause,
            progress="its process has ended; it is started again",
        )
        self._restart = self._call_later(pause, self._restart_now)

    def _restart_now(self) -> None:
        """Do now what was to be done later, if that is so."""
        with self._changed:
            restart, self._restart = self._restart, None
            if restart is None or self._state.state is not State.LOADING:
                return
            restart.cancel()
            self._move(state=State.LOADING, retry_at=None)
        assert self._load is not None
        self._load(self._generation + 1)

    def _loading_failed(self, error: ErrorInfo | None) -> None:
        if self._reload is not None:
            self._reload.error = error
        if self._state.state is State.READY:
            self._move(state=State.READY, stale=True, error=error)
        else:
            self._move(state=State.FAILED, error=error, progress="", retry_at=None)

    def _move_to(self, status: ServerStatus) -> None:
        self._move(
            state=status.state,
            server=status.server,
            repositories=status.repositories,
            error=status.error,
            explanation=status.explanation,
            progress=status.progress,
            stale=status.stale,
            retry_at=status.retry_at,
        )

    def _check_reloadable(self) -> None:
        if self._origin is None or self._load is None:
            assert self._state.error is not None
            raise LocationError(ErrorKind.INVALID_ENTRY, detail=self._state.error.message)
        if self._state.state is State.CLOSED:
            raise LocationError(reason=f"The location {self.name!r} is closed.")

    def _load_again(self) -> ReloadResult:
        """Have a new code server opened: beside the one that serves, or in the place of one that does not."""
        with self._changed:
            self._check_reloadable()
            old = self._state.server.generation if self._state.server is not None else None
            served = self._server if self._state.state is State.READY else None
            reload = self._reload = _Reload(self._server, served)
            if served is None:
                self._server = None
                self._move(state=State.LOADING, server=None, repositories=(), error=None, progress="waiting")
        assert self._load is not None
        self._load(self._generation + 1)
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(reload))
            self._reload = None
            state, server = self._state, self._server
        for unwanted in (reload.failed, reload.old if reload.old is not server else None):
            if unwanted is not None:
                unwanted.close()
        if state.state is State.READY and state.server is not None and server is not reload.old:
            return ReloadResult(old, state.server.generation)
        return ReloadResult(old, None, reload.error or state.error)

    def _is_over(self, reload: _Reload) -> bool:
        if self._state.state is State.CLOSED or reload.error is not None:
            return True
        return self._state.state in SETTLED and self._server is not reload.beside

    def _move(self, *, state: State, **changes: Any) -> None:
        """Make every change of this location; the only place where that happens, and where secrets are masked."""
        with self._changed:
            old = self._state
            if not may_move(old.state, state):
                return
            shown = {field: self._masker.value(value) for field, value in changes.items()}
            self._state = replace(old, state=state, **shown)
            if state is State.READY and self._state.server is not None:
                self._generation = self._state.server.generation
                if old.state is not State.READY:
                    self._ready_at = time.monotonic()
            self._changed.notify_all()
            self._observer(self.name, old, self._state)
