"""The life of one location: its code servers and its loads."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from skerry.code_server import Backoff
from skerry.code_server.supervisor import Timer
from skerry.errors import ErrorKind, LocationError, RunError
from skerry.model import (
    Cause,
    DefinitionChanges,
    ErrorInfo,
    Evaluation,
    EvaluationResult,
    LocationState,
    Move,
    ReloadResult,
    RepositorySnapshot,
    SourceFile,
    State,
)
from skerry.plugin import ServerStatus
from skerry.workspace.moves import Moves, Observer
from skerry.workspace.opened import OpenedCodeServer
from skerry.workspace.retired import Retired, Threads
from skerry.workspace.states import SETTLED, cause_of
from skerry.workspace_file import Entry, Masker

#: Seconds before a process that has ended by itself again is started again: at first, and at most.
FIRST_RESTART = 0.1
LAST_RESTART = 30.0
#: Seconds for which it must have been READY for it to be started again at once.
STEADY = 60.0


class Opener(Threads, Protocol):
    """What has locations opened; ``skerry.workspace.opening`` is it."""

    def open(self, life: Life, generation: int, *, again: bool) -> None:
        """Have a generation opened soon, in another thread. ``again``: code that was READY before has ended."""


@dataclass
class _Reload:
    """A reload under way. ``old``: the server that was there; ``beside``: the same as long as it serves meanwhile.

    ``failed``: a server that was to follow and could not, to be closed; ``error``: why there is no new generation.
    """

    cause: Cause
    detail: str
    old: OpenedCodeServer | None
    beside: OpenedCodeServer | None
    failed: OpenedCodeServer | None = None
    error: ErrorInfo | None = None


class Life:
    """All that changes of a location. The workspace and whoever opens locations call it from any thread."""

    def __init__(self, entry: Entry, opener: Opener, observer: Observer, *, lazy: bool = False) -> None:
        """``lazy``: it is loaded when it is first used, whatever its entry says."""
        self.entry = entry
        self._lazy = lazy
        first = _first(entry, lazy=self._is_lazy(entry))
        self._moves = Moves(LocationState(entry.name, entry.type, entry.line, **first), observer)
        self._changed = self._moves.changed
        self._opener = opener
        #: What its last load has read or looked for, also one that has failed; see ``ServerStatus``.
        self.files: tuple[SourceFile, ...] = ()
        self._server: OpenedCodeServer | None = None
        #: What is to take the place of ``_server`` once it is READY; a reload is under way.
        self._successor: OpenedCodeServer | None = None
        self._reload: _Reload | None = None
        self._reloading = threading.Lock()
        #: Since when it has been READY, and how long to wait once its process ends all the same.
        self._ready_at = 0.0
        self._backoff = Backoff(FIRST_RESTART, LAST_RESTART)
        self._restarted = False
        self._restart: Timer | None = None
        self._used_at = 0.0
        self._idle: Timer | None = None
        self._retired = Retired(opener)
        self._generation = 0
        self._end_opening: Callable[[], None] = lambda: None

    @property
    def state(self) -> LocationState:
        """All that is known of it now."""
        return self._moves.state

    # -- what its handle calls -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Load it for the first time, unless its entry is wrong or wants that to wait."""
        if self.state.state is State.LOADING:
            self._opener.open(self, 1, again=False)

    def use(self) -> None:
        """Load it if it is IDLE; else remember that it was used."""
        with self._changed:
            self._used_at = time.monotonic()
            if self.state.state is not State.IDLE:
                return
            self._move(state=State.LOADING, cause=Cause.USED, error=None, progress="waiting")
        self._opener.open(self, self._generation + 1, again=False)

    def output(self) -> str:
        """Give what the present code server has kept, secrets masked."""
        with self._changed:
            server = self._server
        return self._moves.masker.text(server.output()) if server is not None else ""

    def is_owned(self) -> bool:
        """Tell whether its code server is ours; it is where there is none."""
        with self._changed:
            return self._server is None or self._server.owned

    def wait(self, timeout: float | None) -> bool:
        """Wait until it is settled; tells whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: self.state.state in SETTLED, timeout)

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``Location.evaluate``."""
        deadline = time.monotonic() + timeout
        self.use()
        self.wait(timeout)
        with self._changed:
            server = self._server
            if server is None or self.state.state is not State.READY:
                return EvaluationResult(error=self._not_evaluated(evaluation, timeout))
            server.begin_call()
        try:
            result = server.evaluate(evaluation, max(0.0, deadline - time.monotonic()))
        finally:
            self._used_at = time.monotonic()
            server.end_call()
        # What people read; a run config and a cursor must stay what they are.
        masker = self._moves.masker
        return replace(result, error=masker.value(result.error), skip_reason=masker.value(result.skip_reason))

    @contextlib.contextmanager
    def hold(self, timeout: float) -> Iterator[tuple[OpenedCodeServer, LocationState]]:
        """Give its code server, for a run that begins in the ``with``, and what is known of it at that moment.

        Loads it if it is IDLE, and waits while it is LOADING, at most ``timeout`` seconds. Whoever has started a run
        calls ``end_run`` of the server when that is over; if the ``with`` raises, there is none. Raises LocationError
        when it is closed, RunError when it is not READY.
        """
        self.use()
        self.wait(timeout)
        with self._changed:
            server, state = self._server, self.state
            if server is None or state.state is not State.READY:
                self._check_open()
                raise _not_ready(state)
            server.begin_run()
        try:
            yield server, state
        except BaseException:
            server.end_run()
            raise

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Call ``function`` in so many seconds, in the supervising thread."""
        self._opener.call_later(seconds, function)

    def soon(self, task: Callable[[], None]) -> None:
        """Run ``task`` in a thread that may wait."""
        self._opener.soon(task)

    def _not_evaluated(self, evaluation: Evaluation, timeout: float) -> ErrorInfo | None:
        """Say why nothing can be evaluated. Raises LocationError when that is for good."""
        self._check_open()
        if self.state.state is not State.LOADING:
            return self.state.error
        error = LocationError(
            ErrorKind.EVALUATION_TIMEOUT,
            what=f"T{evaluation.words[1:]}",
            seconds=timeout,
            doing=f": the location {self.state.name!r} was still LOADING",
            advice="Wait until it is READY, or give it more time.",
        )
        return ErrorInfo(error.kind, str(error))

    def is_loading(self) -> bool:
        """Tell whether its code is being loaded just now, from nothing or beside what serves."""
        with self._changed:
            loading = self.state.state is State.LOADING and self.state.retry_at is None
            return loading or self._reload is not None

    def moves(self) -> tuple[Move, ...]:
        """Give the moves that are remembered."""
        return self._moves.history()

    def reload(self, cause: Cause, detail: str) -> ReloadResult:
        """See ``Location.reload``."""
        with self._reloading:
            self._restart_now()
            self.wait(None)
            with self._changed:
                self._check_reloadable()
                server = self._server if self.state.state is not State.FAILED else None
            result = server.reload() if server is not None and cause is not Cause.ENTRY_CHANGED else None
            return result if result is not None else self._load_again(cause, detail)

    def change(self, entry: Entry) -> ReloadResult | None:
        """Take another entry of the same name, and load what it says; what was loaded stays when that fails.

        None: nothing is loaded, since it is IDLE, and its entry wants it so, or it is closed.
        """
        with self._reloading, self._changed:
            old = self._server_generation()
            self.entry = entry
            self._move(state=self.state.state, type=entry.type, line=entry.line)
            if self.state.state is State.CLOSED:
                return None
            if entry.origin is None:
                self._loading_failed(wrong_entry(entry), Cause.ENTRY_CHANGED)
                return ReloadResult(old, None, self.state.error)
            if self.state.state is State.IDLE:
                self._move(state=State.IDLE, cause=Cause.ENTRY_CHANGED, repositories=())
                if self._is_lazy(entry):
                    return None
        return self.reload(Cause.ENTRY_CHANGED, "")

    def _is_lazy(self, entry: Entry) -> bool:
        return self._lazy or (entry.origin is not None and entry.origin.lazy)

    def place(self, entry: Entry) -> None:
        """Take an entry that says the same at another place."""
        with self._changed:
            self.entry = entry
            self._move(state=self.state.state, line=entry.line)

    def close(self) -> None:
        """End it for good, and wait for its processes' end. Idempotent."""
        with self._changed:
            for server in (self._server, self._successor):
                self._retired.add(server)
            self._server = self._successor = None
            for timer in (self._restart, self._idle):
                if timer is not None:
                    timer.cancel()
            self._move(state=State.CLOSED, cause=Cause.CLOSED, server=None, progress="", stale=False, retry_at=None)
            end_opening = self._end_opening
        end_opening()
        self._retired.stop_draining()
        self.close_ended()

    # -- what the opener calls --------------------------------------------------------------------------------------

    def close_ended(self) -> None:
        """Close the code servers that it does not use any more. Called by a thread that may wait."""
        self._retired.close_ended()

    def opening(self, end_opening: Callable[[], None]) -> bool:
        """Take what ends its opening when it is closed meanwhile; tells whether it is to be opened at all."""
        with self._changed:
            self._end_opening = end_opening
            return self._awaits_a_server()

    def hide(self, secrets: Collection[str]) -> None:
        """Show none of these values from now on."""
        self._moves.hide(secrets)

    def masker(self) -> Masker:
        """Give what hides all secrets known by now."""
        return self._moves.masker

    def progress(self, text: str) -> None:
        """Take a word from its opening, unless it was given up or closed meanwhile."""
        with self._changed:
            if self.state.state is State.LOADING and self.state.progress != text:
                self._move(state=State.LOADING, progress=text)

    def fail(self, error: ErrorInfo) -> None:
        """Take an error of opening it, unless it was given up or closed meanwhile."""
        with self._changed:
            if self._awaits_a_server():
                self._loading_failed(error, Cause.LOAD_FAILED)

    def serve(self, server: OpenedCodeServer) -> None:
        """Take a code server that was opened for it, unless it was given up or closed meanwhile."""
        with self._changed:
            wanted = self._awaits_a_server()
            if wanted and self.state.state is State.READY:
                self._successor = server
            elif wanted:
                self._server = server
        if wanted:
            # Not under the lock: the server has one, too, and calls under it.
            server.watch(lambda status: self._server_changed(server, status))
        else:
            server.close()

    def _awaits_a_server(self) -> bool:
        return self.state.state is State.LOADING or (self._reload is not None and self.state.state is State.READY)

    # -- what its code servers tell ---------------------------------------------------------------------------------

    def _server_changed(self, server: OpenedCodeServer, status: ServerStatus) -> None:
        with self._changed:
            if server in (self._server, self._successor) and (status.files or status.state is State.READY):
                self.files = status.files
            if server is self._successor:
                self._successor_changed(server, status)
            elif server is self._server and status.state is State.FAILED and self._is_beside_a_reload(server):
                self._give_way()
            elif server is self._server and status.ended:
                self._restart_later(server, status.error)
            elif server is self._server:
                self._move_to(status)

    def _successor_changed(self, server: OpenedCodeServer, status: ServerStatus) -> None:
        """Swap on success; on failure what was there goes on, stale."""
        assert self._reload is not None
        if status.state is State.READY:
            self._server, self._successor = server, None
            self._move_to(status, self._reload.cause, self._reload.detail)
        elif status.state is not State.LOADING:
            self._successor = None
            self._reload.failed = server
            self._loading_failed(status.error, Cause.LOAD_FAILED)

    def _is_beside_a_reload(self, server: OpenedCodeServer) -> bool:
        reload = self._reload
        return reload is not None and reload.beside is server and reload.error is None

    def _give_way(self) -> None:
        """The server has ended while its successor is loaded: that one is waited for as at first."""
        assert self._reload is not None
        self._reload.beside = None
        self._server, self._successor = self._successor, None
        self._load_from_nothing(Cause.PROCESS_ENDED, "", "reloading")

    def _restart_later(self, server: OpenedCodeServer, error: ErrorInfo | None) -> None:
        """The process of sound code has ended by itself: it is loaded again, later each time it does so."""
        if time.monotonic() - self._ready_at > STEADY:
            self._restarted = False
            self._backoff.reset()
        pause = self._backoff.next() if self._restarted else 0.0
        self._restarted = True
        self._server = None
        self._retired.add(server)
        doing = "its process has ended; it is started again"
        self._load_from_nothing(Cause.PROCESS_ENDED, "", doing, error, time.time() + pause)
        self._restart = self._opener.call_later(pause, self._restart_now)

    def _restart_now(self) -> None:
        """Do now what was to be done later, if that is so."""
        with self._changed:
            restart, self._restart = self._restart, None
            if restart is None or self.state.state is not State.LOADING:
                return
            restart.cancel()
            self._move(state=State.LOADING, retry_at=None)
        self._opener.open(self, self._generation + 1, again=self._generation > 0)

    # -- loading again ----------------------------------------------------------------------------------------------

    def _check_reloadable(self) -> None:
        if self.entry.origin is None:
            raise LocationError(ErrorKind.INVALID_ENTRY, detail=wrong_entry(self.entry).message)
        self._check_open()

    def _check_open(self) -> None:
        if self.state.state is State.CLOSED:
            raise LocationError(reason=f"The location {self.state.name!r} is closed.")

    def _load_again(self, cause: Cause, detail: str) -> ReloadResult:
        """Have a new code server opened: beside the one that serves, or in the place of one that does not."""
        with self._changed:
            self._check_reloadable()
            old, before = self._server_generation(), self.state.repositories
            served = self._server if self.state.state is State.READY else None
            reload = self._reload = _Reload(cause, detail, self._server, served)
            if served is None:
                self._server = None
                self._load_from_nothing(cause, detail, "waiting")
        self._opener.open(self, self._generation + 1, again=False)
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(reload))
            self._reload = None
            state, server = self.state, self._server
        self._retired.drain(reload.failed)
        if reload.old is not server:
            self._retired.drain(reload.old)
        self.close_ended()
        if state.state is State.READY and state.server is not None and server is not reload.old:
            return _reloaded(old, state.server.generation, before, state.repositories)
        return ReloadResult(old, None, reload.error or state.error)

    def _load_from_nothing(
        self,
        cause: Cause,
        detail: str,
        progress: str,
        error: ErrorInfo | None = None,
        retry_at: float | None = None,
    ) -> None:
        self._move(
            state=State.LOADING,
            cause=cause,
            detail=detail,
            server=None,
            repositories=(),
            error=error,
            stale=False,
            retry_at=retry_at,
            progress=progress,
        )

    def _is_over(self, reload: _Reload) -> bool:
        if self.state.state is State.CLOSED or reload.error is not None:
            return True
        return self.state.state in SETTLED and self._server is not reload.beside

    def _loading_failed(self, error: ErrorInfo | None, cause: Cause) -> None:
        detail = ""
        if self._reload is not None:
            self._reload.error = error
            cause, detail = self._reload.cause, self._reload.detail
        if self.state.state is State.READY:
            self._move(state=State.READY, cause=cause, detail=detail, stale=True, error=error)
        else:
            self._move(
                state=State.FAILED,
                cause=cause,
                detail=detail,
                server=None,
                repositories=(),
                error=error,
                progress="",
                retry_at=None,
            )

    def _server_generation(self) -> int | None:
        return self.state.server.generation if self.state.server is not None else None

    # -- not used ---------------------------------------------------------------------------------------------------

    def _watch_use(self) -> None:
        """It is READY: see to it that it is ended once nobody has used it for as long as its entry says."""
        limit = self.entry.origin.idle_timeout if self.entry.origin is not None else None
        if limit is None or self._idle is not None:
            return
        self._used_at = time.monotonic()
        self._idle = self._opener.call_later(limit, self._look_at_use)

    def _look_at_use(self) -> None:
        with self._changed:
            self._idle = None
            limit = self.entry.origin.idle_timeout if self.entry.origin is not None else None
            if limit is None or self.state.state is not State.READY:
                return  # READY begins to watch again
            assert self._server is not None
            if self._server.calls_under_way or self._reload is not None:
                self._used_at = time.monotonic()
            rest = self._used_at + limit - time.monotonic()
            if rest > 0:
                self._idle = self._opener.call_later(rest, self._look_at_use)
                return
            self._retired.add(self._server)
            self._server = None
            self._move(state=State.IDLE, cause=Cause.NOT_USED, server=None, stale=False, error=None)
        self._opener.soon(self.close_ended)

    # -- state ------------------------------------------------------------------------------------------------------

    def _move_to(self, status: ServerStatus, cause: Cause | None = None, detail: str = "") -> None:
        changes = {name: getattr(status, name) for name in STATUS_FIELDS}
        if status.state is State.LOADING and self.state.state is State.LOADING:
            del changes["repositories"]  # those that it had when it was ended for want of use
        self._move(cause=cause or cause_of(self.state, status), detail=detail, **changes)

    def _move(self, *, state: State, cause: Cause | None = None, detail: str = "", **changes: Any) -> None:
        """Move it, and note what follows from its being READY."""
        with self._changed:
            before = self.state.state
            self._moves.move(state=state, cause=cause, detail=detail, **changes)
            if self.state.state is State.READY and self.state.server is not None:
                self._generation = self.state.server.generation
                if before is not State.READY:
                    self._ready_at = time.monotonic()
                self._watch_use()


#: What a location takes over from its code server.
STATUS_FIELDS = (
    "state",
    "server",
    "repositories",
    "error",
    "explanation",
    "progress",
    "stale",
    "retry_at",
    "busy_since",
    "warnings",
)


def wrong_entry(entry: Entry) -> ErrorInfo:
    """Give the error of a location whose entry has one."""
    words = "\n".join(str(problem) for problem in entry.errors)
    error = LocationError(ErrorKind.INVALID_ENTRY, detail=words)
    return ErrorInfo(error.kind, str(error))


def _first(entry: Entry, *, lazy: bool) -> dict[str, Any]:
    if entry.origin is None:
        return {"state": State.FAILED, "error": wrong_entry(entry)}
    if lazy:
        return {"state": State.IDLE}
    return {"state": State.LOADING, "progress": "waiting"}


def _reloaded(
    old: int | None, new: int, before: tuple[RepositorySnapshot, ...], after: tuple[RepositorySnapshot, ...]
) -> ReloadResult:
    return ReloadResult(old, new, changes=DefinitionChanges.between(before, after))


def _not_ready(state: LocationState) -> RunError:
    advice = "Wait until it is READY."
    if state.error is not None:
        said = state.error.message.partition("\n")[0]
        advice = f"Mend this first: {said}"
    return RunError(ErrorKind.LOCATION_NOT_READY, location=state.name, state=state.state.value, advice=advice)
