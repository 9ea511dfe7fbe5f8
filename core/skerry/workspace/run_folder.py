"""The folder of one run, in the state folder: what was asked for, the journal, outputs, and what was printed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from skerry.errors import ErrorKind, LocationError, RunError
from skerry.model import ErrorInfo, Run, RunOptions, RunStatus
from skerry.user_process.journal import CANCEL, JOURNAL, LOCK, Tail, damaged

#: Seconds within which a run that is to begin must have somebody who keeps it.
BEGIN_LIMIT = 60.0

#: Stands for what cannot be read of a run.
UNKNOWN = "?"
#: How the names of the folders of runs end that are being removed; they begin with a dot.
REMOVED = ".removed"

_RUN = "run.json"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class RunFolder:
    """One of them. ``path``: absolute."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, runs: Path, run_id: str) -> RunFolder:
        """Give that of a run below ``runs``, made or not. Raises RunError for what cannot be an id."""
        if not isinstance(run_id, str) or not _ID.fullmatch(run_id):
            raise RunError(ErrorKind.RUN_ID_INVALID, run_id=run_id)
        return cls(runs / run_id)

    def make(self, run: Run) -> bool:
        """Make it, with what was asked for; gives False, and changes nothing, if it is there. Raises LocationError."""
        aside = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}")
        try:
            aside.mkdir(mode=0o700)
            try:
                (aside / _RUN).write_text(json.dumps(run.to_json(), indent=2), encoding="ascii")
                aside.rename(self.path)  # fails where a folder is that is not empty
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                return False
            raise self.not_writable(error) from error
        return True

    def run(self) -> Run:
        """Give what was known of the run when it was launched. Raises OSError, RunError where that is damaged."""
        path = self.path / _RUN
        try:
            written = path.read_bytes()
        except FileNotFoundError:
            if not self.path.is_dir():
                raise
            raise damaged(str(path), 1, "it is not there") from None
        try:
            run = Run.from_json(json.loads(written.decode("ascii")))
            texts = (run.location, run.options.pipeline, run.options.repository, *run.options.tags.values())
            if not isinstance(run.created_at, (int, float)) or not all(isinstance(text, str) for text in texts):
                raise TypeError("a value of another type")
            if run.id == self.path.name:
                return run
            line, reason = 1, f"it is not of the run {self.path.name}"
        except json.JSONDecodeError as error:
            line, reason = error.lineno, f"it is no JSON ({error.msg})"
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            line, reason = 1, f"it is no record of a run ({type(error).__name__}: {error})"
        raise damaged(str(path), line, reason)

    def run_unread(self) -> Run:
        """Give what can be known of a run of which ``run`` raises RunError. Raises OSError."""
        options = RunOptions(UNKNOWN, UNKNOWN)
        return Run(self.path.name, UNKNOWN, options, self.path.stat().st_mtime, status=RunStatus.STARTING)

    def is_alive(self) -> bool:
        """Tell whether somebody keeps the run, or may be about to."""
        import fcntl  # not on Windows, where this module is imported all the same

        try:
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            with contextlib.suppress(OSError):
                return time.time() - (self.path / _RUN).stat().st_mtime < BEGIN_LIMIT
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # several may look at the same time
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def last_heard(self) -> float:
        """Tell when something was last written of the run, in seconds since the epoch. Raises OSError."""
        journal = self.path / JOURNAL
        return (journal if journal.exists() else self.path).stat().st_mtime

    def remove(self) -> None:
        """Remove all that is kept of the run; from the beginning nobody finds it. Raises RunError."""
        aside = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}{REMOVED}")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(**self._unwritten(error)) from error
        shutil.rmtree(aside, ignore_errors=True)

    def cancel(self) -> None:
        """Ask whoever keeps the run to cancel it. Raises RunError."""
        try:
            (self.path / CANCEL).touch(mode=0o600)
        except OSError as error:
            raise RunError(**self._unwritten(error)) from error

    def asks_to_cancel(self) -> bool:
        """Tell whether somebody has asked for the cancellation."""
        return (self.path / CANCEL).exists()

    def lose(self, error: ErrorInfo | None = None, *, canceled: bool = False) -> None:
        """Write the end of a run that nobody keeps any more, unless it is there. Raises OSError."""
        from skerry.user_process.run import fail  # with it comes all that executes a pipeline

        fail(str(self.path), error or self._lost(), canceled=canceled)

    def give_up(self, error: ErrorInfo | None, *, canceled: bool = False) -> None:
        """Write that a run could not begin; where even that cannot be written, nothing is left of it."""
        try:
            self.lose(error, canceled=canceled)
        except OSError:
            shutil.rmtree(self.path, ignore_errors=True)

    def _lost(self) -> ErrorInfo:
        last = next(reversed([*Tail(str(self.path / JOURNAL)).read()]), None)
        if last is not None and last.error is not None and last.error.kind is ErrorKind.RUN_RECORD_DAMAGED:
            return last.error  # which may have been its end
        return _lost_error()

    def not_writable(self, error: OSError) -> LocationError:
        """Make the error for a run that cannot be launched or followed, since the disk takes nothing."""
        return LocationError(**self._unwritten(error))

    def _unwritten(self, error: OSError) -> dict[str, Any]:
        where = {"run_id": self.path.name, "path": str(self.path), "reason": error.strerror}
        return {"kind": ErrorKind.RUN_RECORD_NOT_WRITABLE, **where}


def lost(run: Run) -> Run:
    """Give what is known of a run that nobody keeps any more, and whose end cannot be written."""
    return replace(run, status=RunStatus.FAILED, error=_lost_error())


def _lost_error() -> ErrorInfo:
    error = RunError(ErrorKind.RUN_LOST)
    return ErrorInfo(error.kind, str(error))
