"""Finds, removes and forgets runs. What is in the index follows from the journals, and is brought up to date first."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from skerry.errors import ErrorKind, RunError
from skerry.model import ErrorInfo, Run, RunStatus
from skerry.state import RunIndex
from skerry.workspace.launched_run import LaunchedRun, find
from skerry.workspace.run_folder import REMOVED, RunFolder
from skerry.workspace.state_folder import StateFolder

#: More runs than anybody has.
_ALL = 2**31
_OVER = [status for status in RunStatus if status.is_over]


class RunRecords:
    """The runs whose folders are in the state folder of a workspace. To be closed, or used in a ``with``."""

    def __init__(self, workspace_folder: Path) -> None:
        """Open the index: in the state folder, or in the database that SKERRY_DATABASE_URL names.

        Raises StateError, and LocationError where there is no place for a state folder.
        """
        self._state_folder = StateFolder.of(workspace_folder)
        folder = self._state_folder.make("runs", 0o700).parent
        self._index = RunIndex.open(folder, os.environ.get("SKERRY_DATABASE_URL") or None)

    def find(
        self,
        *,
        location: str | None = None,
        pipeline: str | None = None,
        status: Iterable[RunStatus] | None = None,
        limit: int = 100,
    ) -> list[Run]:
        """Give the runs of which all that is given holds, newest first. Raises StateError."""
        self._refresh()
        return self._index.find(location=location, pipeline=pipeline, status=status, limit=limit)

    def get(self, run_id: str) -> LaunchedRun:
        """Give one, to look at or to follow. Raises UnknownRunError, RunError."""
        return find(self._state_folder, run_id)

    def delete(self, run_id: str, *, force: bool = False) -> None:
        """Remove a run with all that is kept of it. ``force``: also one of which nobody on this machine knows more.

        Raises UnknownRunError, StateError; RunError while it is not over.
        """
        folders = list(self._folders(run_id))
        found = [run for run in map(_known, folders) if run is not None]
        forgotten = force and not any(folder.is_alive() for folder in folders)
        for run in found or [self._index.get(run_id)]:
            if not run.status.is_over and not forgotten:
                raise RunError(ErrorKind.RUN_NOT_OVER, run_id=run.id, status=run.status.value)
        self._forget([run_id])

    def prune(self, before: float, keep: int) -> list[str]:
        """Remove those that ended before then, in seconds since the epoch, but for the newest ``keep``.

        Gives their ids. Raises StateError, RunError.
        """
        self._refresh()
        pruned = self._index.prune(before, keep)
        self._forget(pruned)
        for runs in self._state_folder.places("runs"):
            for rest in runs.glob(f".*{REMOVED}"):  # of removals that were killed in the middle
                shutil.rmtree(rest, ignore_errors=True)
        return pruned

    def rebuild(self) -> None:
        """Make the index anew from the journals. Raises StateError."""
        self._index.rebuild(run for run in map(_known, self._folders()) if run is not None)

    def close(self) -> None:
        """Let go of the index. Idempotent."""
        self._index.close()

    def __enter__(self) -> RunRecords:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refresh(self) -> None:
        """Put into the index what has happened since: whatever it has as over stays so."""
        over = {run.id for run in self._index.find(status=_OVER, limit=_ALL)}
        for folder in self._folders():
            if folder.path.name not in over:
                run = _known(folder)
                if run is not None and self._index.put(run) and not folder.path.exists():
                    self._index.delete(run.id)  # somebody has removed it meanwhile, and may have been faster

    def _folders(self, run_id: str | None = None) -> Iterator[RunFolder]:
        """Give those of all runs, or those that have this id."""
        for runs in self._state_folder.places("runs"):
            with contextlib.suppress(OSError):
                for name in sorted(os.listdir(runs)):
                    if not name.startswith(".") and run_id in (None, name):
                        yield RunFolder(runs / name)

    def _forget(self, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            for runs in self._state_folder.places("runs"):
                RunFolder(runs / run_id).remove()
            self._index.delete(run_id)


def _known(folder: RunFolder) -> Run | None:
    """Give what a folder tells of its run, whose end is written if nobody keeps it any more; None if it is none."""
    try:
        try:
            return LaunchedRun(folder, folder.run()).run
        except RunError as error:
            run = LaunchedRun(folder, folder.run_unread()).run
            return replace(run, error=ErrorInfo(error.kind, str(error)))
    except OSError:
        return None
