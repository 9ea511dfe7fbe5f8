"""What answers for a location."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from skerry.errors import ErrorKind, LocationError
from skerry.model import (
    ErrorInfo,
    Evaluation,
    EvaluationResult,
    Explanation,
    ReloadResult,
    RepositorySnapshot,
    ServerInfo,
    SourceFile,
    State,
)
from skerry.plugin.runs import RunReport, RunStart


@dataclass(frozen=True)
class ServerStatus:
    """What a code server knows of itself at one moment.

    ``state`` is LOADING until the user's code is loaded, then READY with ``repositories`` or FAILED with ``error``; a
    remote one is UNREACHABLE while there is no connection, and the next is tried at ``retry_at``, in seconds since the
    epoch. ``stale``: what is READY is older than the last reload, which failed with ``error``. ``progress``: what it
    is doing while LOADING, a few words. ``ended``: it is FAILED because its process has ended by itself after the
    code was loaded, or was taken away before, and the workspace is to start another. ``warnings``: what is not as the
    entry wants it, although the code loads. ``busy_since``: since when the oldest call into the code is under way, in
    seconds since the epoch; None when there is none worth telling of. ``files``: the user's files that the
    load has read or looked for, also when it has failed: a workspace that watches loads again when one changes.
    """

    state: State
    server: ServerInfo | None = None
    repositories: tuple[RepositorySnapshot, ...] = ()
    error: ErrorInfo | None = None
    explanation: Explanation | None = None
    progress: str = ""
    stale: bool = False
    retry_at: float | None = None
    ended: bool = False
    warnings: tuple[str, ...] = ()
    busy_since: float | None = None
    files: tuple[SourceFile, ...] = ()


class CodeServer(ABC):
    """A code server, local or remote: one life of a location's user code. All methods may be called by any thread.

    ``owned``: whether it is ours, and ends with the workspace; one that somebody else runs is only left.
    """

    owned: bool = True
    #: Whether the journals of its runs are written elsewhere, and what is told of them here are copies.
    runs_elsewhere: bool = False

    @abstractmethod
    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """Call ``observer`` with the present status now, and with each later one, in order, until ``close``.

        Called once by the workspace, right after ``open``. Later calls of ``observer`` come from the supervising
        thread: it must not block.
        """

    @abstractmethod
    def output(self) -> str:
        """Give what user code wrote to stdout and stderr in this life, as far as it is kept."""

    def reload(self) -> ReloadResult | None:
        """Load the code again where it runs, and wait for that; None when a new code server is to take its place.

        Called by the workspace when a reload is asked for, in the thread that asks, for one location at a time. The
        default gives None: the workspace opens a new code server beside this one. A code server that outlives its
        loads, as a remote one does, tells what came of it. Raises LocationError when it cannot be asked.
        """
        return None

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """Evaluate a schedule or sensor in the code that is loaded, and wait for that, at most ``timeout`` seconds.

        Called by the workspace for whoever evaluates, in the thread that asks, several at a time, while it is READY.
        Whatever user code does is a value: an exception, a call that never returns, the end of its process. Raises
        LocationError when evaluating is not offered, as here by default.
        """
        raise LocationError(
            ErrorKind.NOT_SUPPORTED,
            what="An evaluation",
            server="the code server of this location type",
            advice="Use a location type whose code servers have `evaluate`.",
        )

    def start_run(self, start: RunStart, report: RunReport) -> None:
        """Start a run of the code that is loaded, and return once it has a process.

        Called by the run launcher ``process`` in the thread that launches, several at a time, while it is READY. From
        then on ``report`` is told what becomes of the run, until ``close``. Raises LocationError when there is no
        process for it, or runs are not offered, as here by default.
        """
        raise LocationError(
            ErrorKind.NOT_SUPPORTED,
            what="A run",
            server="the code server of this location type",
            advice="Use a location type whose code servers have `start_run`.",
        )

    def resume_run(self, run_id: str, report: RunReport) -> bool:
        """Tell ``report`` the rest of a run that was started here by another client; tells whether there is such a run.

        Called as ``start_run``, where ``runs_elsewhere``. Raises LocationError when that cannot be known now.
        """
        return False

    def cancel_run(self, run_id: str) -> None:  # noqa: B027  # there is none
        """Ask for the cancellation of a run, if it is under way here. Called in any thread; must not raise."""

    def detach_run(self, run_id: str) -> None:  # noqa: B027
        """Let a run go on when the workspace is closed, if it is under way here. As ``cancel_run``."""

    def update_run_output(self, run_id: str) -> None:  # noqa: B027
        """Have the report of a run keep what that has written by now, where ``runs_elsewhere``. As ``cancel_run``."""

    @abstractmethod
    def close(self) -> None:
        """End this life: what is ours is stopped and waited for, what is somebody else's is only left.

        Called by the workspace when the location is closed or replaced. Calling it again does nothing.
        """
