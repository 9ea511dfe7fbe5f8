"""A command, run by the fork server of the host's own interpreter, so that it ends with the host, however that ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence

from skerry.code_server.local import TERMINATE_GRACE
from skerry.code_server.output import OpenLog, Output
from skerry.code_server.processes import Processes
from skerry.errors import LocationError
from skerry.plugin import PythonEnvironment

#: Seconds that stopping waits in all; what was sent SIGKILL is gone long before.
_STOP_WAIT = TERMINATE_GRACE + 8.0


class Command:
    """One command. Once ``wait`` is true there is a ``failure`` to start it, or a ``returncode``."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        processes: Processes,
        heard: Callable[[str], None],
        *,
        over: Callable[[], None] = lambda: None,
        together: bool = False,
        open_log: OpenLog | None = None,
    ) -> None:
        """Ask for it and return. ``env``: all its variables. ``together``: its stderr is its stdout.

        ``open_log``: opens the log that is given its stdout.

        ``heard`` is called in the supervising thread with the last line of what it writes, ``over`` when it has ended
        or could not be started. Raises LocationError.
        """
        self.failure: LocationError | None = None
        #: As ``subprocess`` has it: a negative one is a signal.
        self.returncode: int | None = None
        self._supervisor = processes.supervisor
        self._pid: int | None = None
        self._stopping = False
        self._over = over
        self._ended = threading.Event()
        self._fork_server = processes.fork_servers.get(PythonEnvironment())
        self._stdout = Output(self._supervisor, lambda: heard(self._stdout.last_line()), open_log=open_log)
        self._stderr = Output(self._supervisor, lambda: heard(self._stderr.last_line()))
        try:
            stderr = self._stdout if together else self._stderr
            self._fork_server.execute(self, [self._stdout.writer, stderr.writer], argv, cwd, env)
        finally:
            self._stdout.close_writer()
            self._stderr.close_writer()

    @property
    def stdout(self) -> str:
        """What it wrote there, as far as it is kept."""
        return self._stdout.text()

    @property
    def stderr(self) -> str:
        """What it wrote there, as far as it is kept."""
        return self._stderr.text()

    @property
    def tail(self) -> str:
        """Its last lines: complaints, or where there are none, anything."""
        return self._stderr.tail().strip() or self._stdout.tail().strip()

    def wait(self, timeout: float) -> bool:
        """Wait for its end, at most ``timeout`` seconds; tells whether that came."""
        return self._ended.wait(timeout)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL, to it and all that it started; returns when it has ended. Idempotent."""
        self._supervisor.call(self._stop)
        self._ended.wait(_STOP_WAIT)

    # -- in the supervising thread; the first three are what the fork server tells (Child) --------------------------

    def spawned(self, pid: int) -> None:
        """See ``Child``."""
        self._pid = pid
        if self._stopping:
            self._signal(signal.SIGKILL)

    def not_spawned(self, error: LocationError) -> None:
        """See ``Child``."""
        self.failure = error
        self._end()

    def exited(self, code: int | None, signal: int | None) -> None:
        """See ``Child``."""
        self.returncode = code if signal is None else -signal
        self._end()

    def lost(self, error: LocationError) -> None:
        """See ``Child``."""
        self.failure = error
        self._end()

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._signal(signal.SIGTERM)
            self._supervisor.call_later(TERMINATE_GRACE, lambda: self._signal(signal.SIGKILL))

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None and not self._ended.is_set():
            self._fork_server.signal(self._pid, number, group=True)

    def _end(self) -> None:
        for output in (self._stdout, self._stderr):
            output.drain()
            output.close()
        self._ended.set()
        self._over()
