"""How a process of a run hears that the run is cancelled: by SIGINT or SIGTERM, as a KeyboardInterrupt in user code."""

import contextlib
import signal
from typing import Any, Iterator

#: The signals that cancel a run.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Cancellation:
    """Makes one KeyboardInterrupt of all of them: tearing down is not interrupted again. Main thread only."""

    def __init__(self) -> None:
        """Take the signals from now on, and those that were blocked until now."""
        #: Whether one of them has come.
        self.asked = False
        self._shielded = False
        self._wanted = False
        for number in SIGNALS:
            signal.signal(number, self._cancel)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    @contextlib.contextmanager
    def later(self) -> Iterator[None]:
        """Let what is written in the ``with`` be written whole; the KeyboardInterrupt comes after it."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
            if self._wanted:
                self._wanted = False
                raise KeyboardInterrupt

    def _cancel(self, number: int, frame: Any) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        self.asked = True
        if self._shielded:
            self._wanted = True
        else:
            raise KeyboardInterrupt


def block() -> None:
    """Keep the signals for later, in a process that is about to fork one that makes a ``Cancellation``."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def unblock() -> None:
    """Undo ``block``, in the process that has forked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
