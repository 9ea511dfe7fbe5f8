"""What a process wrote to stdout and stderr: taken from it at once, kept as far as there is room."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TypeAlias

from skerry.code_server.log_files import LoadLog
from skerry.code_server.supervisor import Supervisor
from skerry.code_server.whole_lines import WholeLines
from skerry.user_process.masked_lines import BLOCK, without_broken_line

#: Bytes kept of one life of a process: the newest.
KEPT = 2 * 1024 * 1024
#: Lines that an error carries, and bytes of all of them together.
TAIL_LINES = 50
_TAIL = 100_000
#: Bytes in which the last line is looked for.
_LAST_LINE = 2000

_CHUNK = 256 * 1024

#: Opens the log of one life of a process.
OpenLog: TypeAlias = Callable[[], LoadLog]


class Output:
    """A pipe whose writing end is a process's stdout and stderr, and the newest bytes that came through."""

    def __init__(
        self,
        supervisor: Supervisor,
        heard: Callable[[], None] | None = None,
        echo: Callable[[bytes], None] | None = None,
        open_log: OpenLog | None = None,
    ) -> None:
        """Begin to take. In the supervising thread ``heard`` is called when something came, ``echo`` with whole lines.

        Neither may block. ``open_log``: opens the log that is given it, too.
        """
        self._supervisor = supervisor
        self._heard = heard
        self._echo = WholeLines(supervisor, echo) if echo is not None else None
        reader, self.writer = os.pipe()
        self._log = open_log() if open_log is not None else None
        os.set_blocking(reader, False)
        self._reader: int | None = reader
        self._kept = bytearray()
        self._lock = threading.Lock()
        supervisor.call(self._begin)

    def _begin(self) -> None:
        if self._reader is not None:  # else it was closed before this call had its turn
            self._supervisor.watch(self._reader, self.drain)

    def drain(self) -> None:
        """Take what is there now. From the supervising thread only; harmless once closed."""
        while self._reader is not None:
            try:
                data = os.read(self._reader, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                self.close()
            with self._lock:
                self._kept += data
                if len(self._kept) > KEPT:
                    self._kept = without_broken_line(self._kept[-KEPT // 2 - BLOCK :])
            if self._echo is not None and data:
                self._echo.take(data)
            if self._log is not None and data:
                self._log.take(data)
            if self._heard is not None:
                self._heard()
            if len(data) < _CHUNK:
                return  # others wait for this thread, too

    def text(self) -> str:
        """Give what is kept; bytes that are not UTF-8 are shown as ``\\xNN``."""
        with self._lock:
            return self._kept.decode("utf-8", "backslashreplace")

    def tail(self) -> str:
        """Give the last lines."""
        return "\n".join(self._end(_TAIL)[-TAIL_LINES:])

    def last_line(self) -> str:
        """Give the last line that is not empty, the one being written included."""
        lines = [line.strip() for line in self._end(_LAST_LINE)]
        return next((line for line in reversed(lines) if line), "")

    def _end(self, size: int) -> list[str]:
        """Give the lines in the last ``size`` bytes."""
        with self._lock:
            end = self._kept[-size:]
            cut = len(self._kept) > size
        return (without_broken_line(end) if cut else end).decode("utf-8", "backslashreplace").splitlines()

    def close_writer(self) -> None:
        """Close our copy of the writing end, once the process has its own. Idempotent."""
        writer, self.writer = self.writer, -1
        if writer >= 0:
            with contextlib.suppress(OSError):
                os.close(writer)

    def close(self) -> None:
        """Stop taking. From the supervising thread only; idempotent."""
        reader, self._reader = self._reader, None
        if reader is not None:
            self._supervisor.unwatch(reader)
            os.close(reader)
            if self._echo is not None:
                self._echo.let_go()
            if self._log is not None:
                self._log.end()
