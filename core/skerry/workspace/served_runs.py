"""The runs of a location that is published: launched here for clients elsewhere."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

from skerry.errors import ErrorKind, RunError, UnknownRunError
from skerry.model import RunEvent
from skerry.plugin import RunStart
from skerry.rpc.published_runs import FollowedRun, PublishedRuns
from skerry.user_process.journal import JOURNAL, Tail
from skerry.workspace.launched_run import LaunchedRun
from skerry.workspace.launching import Launching
from skerry.workspace.location import Location
from skerry.workspace.workspace import Workspace

#: The part of the state folder in which the runs are kept that a server executes for its clients. Theirs, of which it
#: has copies, may be in the same folder.
SERVED_RUNS = "served_runs"
#: Seconds for which a run that is over is kept, so that another can take over its outputs: 30 days.
KEPT_FOR = 30 * 24 * 3600.0
#: A run is looked at for that once in so many starts.
_PRUNE_EVERY = 100


class ServedRuns(PublishedRuns):
    """See ``PublishedRuns``. They are kept for a while; whoever has them executed keeps what they tell."""

    def __init__(self, workspace: Workspace, location: Location) -> None:
        self._life = location._life
        self._launching = Launching(workspace._state_folder, workspace._launchers, SERVED_RUNS)
        #: Those that this process has launched and that are not over; those among them that would end with it.
        self._launched: dict[str, LaunchedRun] = {}
        self._attached: set[str] = set()
        self._lock = threading.Lock()
        self._starts = itertools.count()

    def start(self, start: RunStart) -> None:
        """See ``PublishedRuns``."""
        if next(self._starts) % _PRUNE_EVERY == 0:
            self._launching.forget(time.time() - KEPT_FOR)
        if not start.run_id:
            raise RunError(ErrorKind.RUN_ID_INVALID, run_id=start.run_id)
        try:
            run = self._launching.launch(
                self._life, start.options, run_id=start.run_id, detached=start.detached, launcher=None
            )
        except UnknownRunError as error:
            unknown = ErrorKind.RUN_UNKNOWN_ELSEWHERE
            raise RunError(unknown, where="The code server", run_id=error.run_id) from None
        with self._lock:
            self._forget_ended()
            if not run._is_ended() and run.id not in self._launched:
                self._launched[run.id] = run
                if not start.detached:
                    self._attached.add(run.id)

    def follow(self, run_id: str, after: int, news: Callable[[], None]) -> FollowedRun | None:
        """See ``PublishedRuns``."""
        run = self._find(run_id)
        return Follower(run, after, news) if run is not None else None

    def cancel(self, run_id: str) -> None:
        """See ``PublishedRuns``."""
        run = self._find(run_id)
        if run is not None and not run.run.status.is_over:
            run.cancel()

    def detach(self, run_id: str) -> None:
        """See ``PublishedRuns``."""
        run = self._find(run_id)
        if run is not None:
            run.detach()
        with self._lock:
            self._attached.discard(run_id)

    def output(self, run_id: str) -> str:
        """See ``PublishedRuns``."""
        run = self._find(run_id)
        return run.output() if run is not None else ""

    def attached(self) -> list[str]:
        """See ``PublishedRuns``."""
        with self._lock:
            self._forget_ended()
            return sorted(self._attached)

    def _find(self, run_id: str) -> LaunchedRun | None:
        with self._lock:
            run = self._launched.get(run_id)
        try:
            return run or self._launching.launched(run_id, {})
        except (UnknownRunError, RunError):
            return None

    def _forget_ended(self) -> None:
        for run_id in [run_id for run_id, run in self._launched.items() if run._is_ended()]:
            del self._launched[run_id]
            self._attached.discard(run_id)


class Follower(FollowedRun):
    """Reads the journal of a run, without holding more of it than is asked for at a time."""

    def __init__(self, run: LaunchedRun, after: int, news: Callable[[], None]) -> None:
        """See ``PublishedRuns.follow``."""
        self._run = run
        self._tail = Tail(str(run._folder.path / JOURNAL))
        self._after = after
        self._end = run._observe(news)
        self._over = False
        self._coming: Iterator[RunEvent] = iter(())

    @property
    def over(self) -> bool:
        """See ``FollowedRun``."""
        return self._over

    @property
    def tells(self) -> bool:
        """See ``FollowedRun``."""
        return self._end is not None

    def read(self, count: int) -> list[RunEvent]:
        """See ``FollowedRun``."""
        events = self._next(count)
        if not events and not self._over and self._run._mend():
            events = self._next(count)
        return events

    def close(self) -> None:
        """See ``FollowedRun``."""
        if self._end is not None:
            self._end()

    def _next(self, count: int) -> list[RunEvent]:
        events: list[RunEvent] = []
        exhausted = False
        while len(events) < count and not exhausted:
            event = next(self._coming, None)
            if event is None:
                self._coming = self._tail.read()
                event = next(self._coming, None)
                exhausted = event is None
            if event is not None:
                self._over = event.is_end
                if event.sequence > self._after:
                    events.append(event)
        return events
