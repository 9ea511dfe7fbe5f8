"""What a process wrote to stdout and stderr: taken from it at once, kept as far as there is room."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

from skerry.code_server.supervisor import Supervisor

#: Bytes kept of one life of a process: the newest.
KEPT = 2 * 1024 * 1024
#: Lines that an error carries, and bytes of all of them together.
TAIL_LINES = 50
_TAIL = 100_000
#: Bytes in which the last line is looked for.
_LAST_LINE = 2000
#: Bytes: how much of a line whose beginning is gone is given up.
_BROKEN_LINE = 64 * 1024

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
                    self._kept = _without_broken_line(self._kept[-KEPT // 2 - _BROKEN_LINE :])
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
        return (_without_broken_line(end) if cut else end).decode("utf-8", "backslashreplace").splitlines()

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


def _without_broken_line(text: bytearray) -> bytearray:
    """Drop what is left of a line whose beginning was cut off: in the rest of a secret nobody knows the secret."""
    end = text.find(b"\n", 0, _BROKEN_LINE)
    return text[(end + 1 if end >= 0 else _BROKEN_LINE) :]
