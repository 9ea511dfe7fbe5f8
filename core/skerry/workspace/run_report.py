"""The report of a run that this process has launched: what its run launcher tells, kept in the run's folder."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable

from skerry.model import ErrorInfo, RunEvent
from skerry.plugin import RunReport
from skerry.user_process.journal import JOURNAL, LOCK, Journal
from skerry.user_process.masking import Masker
from skerry.user_process.run_output import OUTPUT
from skerry.workspace.run_folder import RunFolder

#: Seconds for which whoever only looks whether the lock is held may hold it, at most; and between two attempts.
_HELD = 0.5
_LOOK = 0.01
#: Bytes of output that are kept, where it is written elsewhere: the last ones.
OUTPUT_LIMIT = 16 * 1024 * 1024


class Report(RunReport):
    """See ``skerry.plugin.RunReport``. ``changed`` is notified of whatever is told."""

    def __init__(self, folder: RunFolder, secrets: Iterable[str], over: Callable[[], None]) -> None:
        """``over``: called once when nothing more is told here."""
        self.changed = threading.Condition()
        self._folder = folder
        self._masker = Masker(secrets)
        self._when_over = over
        #: Nothing more comes; or it comes, but not to here.
        self.is_ended = False
        self.is_left = False
        self._observers: list[Callable[[], None]] = []
        self._writing = threading.Lock()
        self._journal: Journal | None = None
        self._lock: int | None = None

    @property
    def folder(self) -> str:
        """See ``RunReport``."""
        return str(self._folder.path)

    @property
    def sequence(self) -> int:
        """See ``RunReport``."""
        with self._writing:
            return self._opened().sequence

    def hold(self) -> bool:
        """Be the one who copies the journal, as the keeper of a run is the one who writes it; not if there is another.

        Raises LocationError.
        """
        import fcntl  # not on Windows, where this module is imported all the same

        try:
            descriptor = os.open(os.path.join(self.folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._folder.not_writable(error) from error
        deadline = time.monotonic() + _HELD
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    return False
                time.sleep(_LOOK)
            else:
                self._lock = descriptor
                return True

    def take(self, events: Iterable[RunEvent]) -> None:
        """See ``RunReport``."""
        with self._writing:
            journal = self._opened()
            for event in events:
                journal.copy(self._masked(event))
        self.grew()

    def keep_output(self, text: str) -> None:
        """See ``RunReport``. A disk that takes nothing costs what would have stood there."""
        path = os.path.join(self.folder, OUTPUT)
        aside = f"{path}.{uuid.uuid4().hex}"
        data = self._masker.text(text).encode("utf-8", "surrogateescape")[-OUTPUT_LIMIT:]
        try:
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(data)
            os.replace(aside, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(aside)

    def grew(self) -> None:
        """See ``RunReport``."""
        with self.changed:
            self.changed.notify_all()
            observers = list(self._observers)
        for observer in observers:
            observer()

    def observe(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Call ``observer`` whenever something may have been told, in any thread; gives what ends that."""
        with self.changed:
            self._observers.append(observer)

        def end() -> None:
            with self.changed:
                self._observers.remove(observer)

        return end

    def ended(self, error: ErrorInfo | None = None, *, canceled: bool = False) -> None:
        """See ``RunReport``."""
        if self._lock is not None:
            # What is written by nobody on this machine is ended here; else by whoever looks, once its keeper is gone.
            with contextlib.suppress(OSError):
                self._folder.lose(self._masker.value(error), canceled=canceled)
        self._close(left=False)

    def left(self) -> None:
        """See ``RunReport``."""
        self._close(left=True)

    def give_up(self) -> None:
        """Let go of the folder: nothing is told here, and whoever made this knows."""
        with self._writing:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _close(self, *, left: bool) -> None:
        self.give_up()
        with self.changed:
            first = not (self.is_ended or self.is_left)
            self.is_ended, self.is_left = self.is_ended or not left, self.is_left or left
        self.grew()
        if first:
            self._when_over()

    def _opened(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(os.path.join(self.folder, JOURNAL))
        return self._journal

    def _masked(self, event: RunEvent) -> RunEvent:
        if not self._masker.secrets:
            return event
        return dataclasses.replace(event, data=self._masker.said(event.data), error=self._masker.value(event.error))
