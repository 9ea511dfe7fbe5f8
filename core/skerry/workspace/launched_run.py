"""A run that was launched, as whoever has launched it or finds it sees it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator

from skerry.errors import ErrorKind, RunError, UnknownRunError
from skerry.model import Run, RunEvent
from skerry.user_process.journal import JOURNAL, Tail
from skerry.user_process.run_output import OUTPUT, OUTPUT_BEFORE
from skerry.workspace.following import Following
from skerry.workspace.run_folder import RunFolder, lost
from skerry.workspace.state_folder import StateFolder

#: The part of the state folder in which runs are kept.
RUNS = "runs"
#: Seconds between two looks at a journal whose run somebody else keeps.
_LOOK = 0.2
#: Seconds within which its keeper has written the last output of a run that is over.
_LAST_OUTPUT = 2.0


class LaunchedRun:
    """A run that was launched. All methods may be called by any thread."""

    def __init__(self, folder: RunFolder, run: Run, following: Following | None = None) -> None:
        """``following``: how this process follows it; None where somebody else does, or nobody."""
        self._folder = folder
        self._following = following
        self._known = run
        #: Whether a run of its id was there already when it was launched, so that nothing was started.
        self.was_there = False
        self._events: list[RunEvent] = []
        self._tail = Tail(str(folder.path / JOURNAL))
        self._changed = following.report.changed if following is not None else threading.Condition()

    @property
    def id(self) -> str:
        """Its id."""
        return self._known.id

    @property
    def run(self) -> Run:
        """What is known of it at this moment."""
        with self._changed:
            self._read()
            return self._known

    @property
    def is_followed(self) -> bool:
        """Whether somebody on this machine executes it or follows it, so that what is known of it is no older."""
        return self._folder.is_alive()

    def output(self) -> str:
        """Give what it has written to stdout and stderr, as far as it is kept; of a run that is over, all of that."""
        if self.run.status.is_over:
            with self._changed:
                self._changed.wait_for(lambda: self._is_ended() or not self._folder.is_alive(), _LAST_OUTPUT)
        if self._following is not None and not self._is_ended():
            self._following.update_output()
        parts = (self._folder.path / name for name in (OUTPUT_BEFORE, OUTPUT))
        return "".join(part.read_text("utf-8", "backslashreplace") for part in parts if part.is_file())

    def events(self, after: int = 0) -> Iterator[RunEvent]:
        """Give its events as they come, those that were before included, until it is over.

        They end before that where nothing more can become known here: the run is executed elsewhere, and nobody on this
        machine follows it any more. ``after``: the sequence number of the last one that is known already.
        """
        position = after
        while True:
            with self._changed:
                told = self._is_told()  # before what there is: the last of it comes first
                self._read()
                new = self._events[position:]
                over = self._is_over() or not told
                if not new and not over:
                    self._changed.wait(_LOOK)
            yield from new
            position += len(new)
            if over and not new:
                return

    def events_so_far(self, after: int = 0) -> tuple[RunEvent, ...]:
        """Give the events that there are now, those behind the sequence number ``after``."""
        with self._changed:
            self._read()
            return tuple(self._events[after:])

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until it is over, at most ``timeout`` seconds; gives what is known then.

        Like ``events`` it does not wait for what cannot become known here.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                told = self._is_told()
                self._read()
                left = None if deadline is None else deadline - time.monotonic()
                if self._is_over() or not told or (left is not None and left <= 0):
                    return self._known
                self._changed.wait(_LOOK if left is None else min(left, _LOOK))

    def cancel(self) -> None:
        """Ask for its cancellation: user code is interrupted, resources are torn down. Returns at once.

        Raises RunError where others keep it and its folder cannot be written, LocationError where the run launcher
        fails.
        """
        try:
            self._folder.cancel()  # for whoever keeps it or follows it, now or later
        except RunError:
            if self._following is None:
                raise
        if self._following is not None:
            self._following.cancel()

    def detach(self) -> None:
        """Let it go on when the workspace is closed, or its process ends. Raises LocationError as ``cancel`` does."""
        if self._following is not None:
            self._following.detach()

    def _observe(self, news: Callable[[], None]) -> Callable[[], None] | None:
        """Call ``news`` whenever something may have happened; gives what ends that, None where that is not known."""
        return self._following.report.observe(news) if self._following is not None else None

    # -- under the lock ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        self._take()
        if self._is_over():
            return
        try:
            if self._mend():
                self._take()
        except OSError:  # such as on a full disk
            self._known = lost(self._known)

    def _mend(self) -> bool:
        """Write the end of a run that nobody executes any more, unless it is there; tells whether it is now.

        Raises OSError.
        """
        if self._known.elsewhere or not self._is_ended() or self._folder.is_alive():
            return False  # how a run elsewhere ends, only who follows it can know
        self._folder.lose()
        return True

    def _take(self) -> None:
        for event in self._tail.read():
            self._known = self._known.after(event)
            self._events.append(event)

    def _is_told(self) -> bool:
        """Tell whether more of it may become known here."""
        return not (self._known.elsewhere and self._is_ended()) or self._folder.is_alive()

    def _is_ended(self) -> bool:
        """Tell whether nothing is told to this process any more."""
        report = self._following.report if self._following is not None else None
        return report is None or report.is_ended or report.is_left

    def _is_over(self) -> bool:
        return self._known.status.is_over


def find(state_folder: StateFolder, run_id: str, part: str = RUNS) -> LaunchedRun:
    """Give a run of the workspace by its id, as it is known on this machine. Raises UnknownRunError, RunError."""
    known: list[str] = []
    for runs in state_folder.places(part):
        folder = RunFolder.of(runs, run_id)
        try:
            return LaunchedRun(folder, folder.run())
        except PermissionError as error:
            fields = {"run_id": run_id, "path": error.filename, "reason": error.strerror}
            raise RunError(ErrorKind.RUN_RECORD_NOT_READABLE, **fields) from error
        except OSError:
            with contextlib.suppress(OSError):
                known += (name for name in os.listdir(runs) if not name.startswith("."))
    raise UnknownRunError(run_id, sorted(known))
