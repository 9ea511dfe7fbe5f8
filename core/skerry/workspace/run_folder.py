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
from collections.abc import Iterator
from pathlib import Path

from skerry.errors import ErrorKind, LocationError, RunError
from skerry.model import ErrorInfo, Run, RunEvent
from skerry.user_process.journal import CANCEL, JOURNAL, LOCK, read_line

#: Seconds within which a run that is to begin must have somebody who keeps it.
BEGIN_LIMIT = 60.0

_RUN = "run.json"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_CHUNK = 1024 * 1024


class RunFolder:
    """One of them. ``path``: absolute."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, runs: Path, run_id: str) -> RunFolder:
        """Give that of a run below ``runs``, made or not. Raises RunError for what cannot be an id."""
        if not _ID.fullmatch(run_id):
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
            reason = f"The folder of a run cannot be written: {self.path} ({error.strerror})."
            raise LocationError(reason=f"{reason}\nMend that, or set SKERRY_HOME to another folder.") from error
        return True

    def run(self) -> Run:
        """Give what is known of the run by now. Raises OSError, ValueError."""
        try:
            known = Run.from_json(json.loads((self.path / _RUN).read_text(encoding="ascii")))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.path / _RUN}: {error}") from error
        for event in Tail(self.path / JOURNAL).read():
            known = known.after(event)
        return known

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
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        """Remove all that is kept of the run."""
        shutil.rmtree(self.path, ignore_errors=True)

    def cancel(self) -> None:
        """Ask whoever keeps the run to cancel it. Raises OSError."""
        (self.path / CANCEL).touch(mode=0o600)

    def asks_to_cancel(self) -> bool:
        """Tell whether somebody has asked for the cancellation."""
        return (self.path / CANCEL).exists()

    def lose(self, error: ErrorInfo | None = None, *, canceled: bool = False) -> None:
        """Write the end of a run that nobody keeps any more, unless it is there. Raises OSError, ValueError."""
        if error is None:
            lost = RunError(ErrorKind.RUN_LOST)
            error = ErrorInfo(lost.kind, str(lost))
        from skerry.user_process.run import fail  # with it comes all that executes a pipeline

        fail(str(self.path), error, canceled=canceled)


class Tail:
    """Reads a journal that grows, a part at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def read(self) -> Iterator[RunEvent]:
        """Give the events that have come since the last time. Raises OSError, ValueError."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            while data := file.read(_CHUNK):
                self._offset += len(data)
                *lines, self._rest = (self._rest + data).split(b"\n")
                yield from map(read_line, lines)
