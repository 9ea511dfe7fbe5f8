"""How a process of a run hears that the run is cancelled: by SIGINT or SIGTERM, as a KeyboardInterrupt in user code."""

import contextlib
import os
import signal
from typing import Any, Iterator

#: The signals that cancel a run.
SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: Seconds between two nudges of a process that was sent one.
NUDGE_AGAIN = 0.5


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
        if signal.getsignal(signal.SIGURG) in (signal.SIG_DFL, signal.SIG_IGN):  # else it is user code's
            signal.signal(signal.SIGURG, lambda *_: None)
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


def nudge(pid: int) -> None:
    """Have a process that was sent one of the signals act on it, wherever it is; harmless if it has.

    Python runs handlers between two bytecodes. A signal that comes after the last of them, and before the system call
    in which the code then waits, or that the kernel gives to another thread, would be acted on when that call is over.
    Any further signal ends the call. SIGURG is the one that Go's runtime has chosen for the like: nobody minds it.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGURG)


def block() -> None:
    """Keep the signals for later, in a process that is about to fork one that makes a ``Cancellation``."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def unblock() -> None:
    """Undo ``block``, in the process that has forked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
