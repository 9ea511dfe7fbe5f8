"""What a process wrote to stdout and stderr: taken from it at once, kept as far as there is room."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

from skerry.code_server.supervisor import Supervisor

#: Bytes kept of one life of a process: the newest.
KEPT = 2 * 1024 * 1024
#: Lines that an error shows, and characters of each.
TAIL_LINES = 50
TAIL_COLUMNS = 2000

_CHUNK = 256 * 1024


class Output:
    """A pipe whose writing end is a process's stdout and stderr, and the newest bytes that came through."""

    def __init__(
        self,
        supervisor: Supervisor,
        heard: Callable[[], None] | None = None,
        echo: Callable[[bytes], None] | None = None,
    ) -> None:
        """Begin to take. ``heard`` is called in the supervising thread whenever something has come, ``echo`` with it.

        Neither may block.
        """
        self._supervisor = supervisor
        self._heard = heard
        self._echo = echo
        reader, self.writer = os.pipe()
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
                    del self._kept[: len(self._kept) - KEPT // 2]
            if self._echo is not None and data:
                self._echo(data)
            if self._heard is not None:
                self._heard()
            if len(data) < _CHUNK:
                return  # others wait for this thread, too

    def text(self) -> str:
        """Give what is kept; bytes that are not UTF-8 are shown as ``\\xNN``."""
        with self._lock:
            return self._kept.decode("utf-8", "backslashreplace")

    def tail(self) -> str:
        """Give the last lines, each cut to a length that can be shown."""
        with self._lock:
            end = bytes(self._kept[-TAIL_LINES * TAIL_COLUMNS :])
        lines = end.decode("utf-8", "backslashreplace").splitlines()[-TAIL_LINES:]
        return "\n".join(line[:TAIL_COLUMNS] for line in lines)

    def last_line(self) -> str:
        """Give the last line that is not empty, the one being written included."""
        with self._lock:
            end = bytes(self._kept[-TAIL_COLUMNS:])
        lines = [line.strip() for line in end.decode("utf-8", "backslashreplace").splitlines()]
        return next((line for line in reversed(lines) if line), "")

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
