"""What user code writes, on its way to log files: in a thread of its own, so that nobody waits for a disk."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from skerry.code_server.backlog import Backlog
from skerry.code_server.log_folder import LoadWriter, label, loads_in
from skerry.errors import LocationError
from skerry.locking import try_lock
from skerry.user_process.masked_lines import Mask, MaskedLines

#: Loads of one location whose files are kept: the newest.
LOADS_KEPT = 10
#: Bytes of one load that wait while the disk is slow; beyond, the oldest are dropped.
WAITING = 4 * 1024 * 1024
#: Seconds that closing waits for the disk.
CLOSE_WAIT = 5.0

_LOCK = ".{}.lock"
#: More than one: another host that begins may just look whether we are dead.
_ATTEMPTS = 3

logger = logging.getLogger("skerry")


class LogFiles:
    """The log files that one host writes. Thread-safe, but for what is called in the writing thread."""

    def __init__(self, make_folder: Callable[[], Path]) -> None:
        """Begin to wait. ``make_folder``: makes and gives the folder of all logs; may raise LocationError."""
        self._make_folder = make_folder
        #: Once it is made; then ``_host`` is there, too.
        self._folder: Path | None = None
        self._host = ""
        #: Holds the lock by which other hosts see that we live.
        self._presence = contextlib.ExitStack()
        self._changed = threading.Condition()
        #: Those for which there is something to do, in the order in which it came.
        self._pending: dict[LoadLog, None] = {}
        self._closed = False
        self._warned = False
        #: The loads that are being written, by the stems of their files; the writing thread's alone.
        self._live: dict[str, LoadLog] = {}
        self._thread = threading.Thread(target=self._run, name="skerry-logs", daemon=True)
        self._thread.start()

    def open(self, location: str, folder: str, generation: int, mask: Callable[[], Mask]) -> LoadLog:
        """Begin the files of a load. ``folder``: the name of the location's; ``mask``: what hides its secrets by now.

        Returns at once; where no file can be written, the log takes what it is given all the same.
        """
        log = LoadLog(self, location, folder, generation, MaskedLines(mask))
        self._wake(log)
        return log

    def close(self) -> None:
        """Write what waits, for as long as the disk takes it, and end the thread. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_WAIT)

    def _wake(self, log: LoadLog, data: bytes = b"", *, ended: bool = False) -> None:
        with self._changed:
            if self._closed:
                return
            if data:
                log.backlog.put(data)
            log.ended = log.ended or ended
            self._pending[log] = None
            self._changed.notify()

    # -- in the writing thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        with self._presence:
            while work := self._next():
                log, data, dropped, ended = work
                self._write(log, data, dropped, ended=ended)
            for log in list(self._live.values()):
                self._write(log, b"", 0, ended=True)

    def _next(self) -> tuple[LoadLog, bytes, int, bool] | None:
        """Wait for something to do; gives None once it is closed and all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            log = next(iter(self._pending), None)
            if log is None:
                return None
            del self._pending[log]
            return (log, *log.backlog.take(), log.ended)

    def _write(self, log: LoadLog, data: bytes, dropped: int, *, ended: bool) -> None:
        try:
            if not log.begun:
                log.begun = True  # tried once: what cannot be written now is not tried again with each line
                self._begin(log)
            log.write(data, dropped, ended=ended)
        except (OSError, LocationError) as error:
            self._warn(error)
        except Exception:
            # One log's trouble must not end the thread that writes all of them.
            logger.exception("the thread that writes log files met an error")
        finally:
            if ended and log.writer is not None:
                self._live.pop(log.writer.stem, None)

    def _begin(self, log: LoadLog) -> None:
        if self._folder is None:
            folder = self._make_folder()
            self._host = self._introduce(folder)
            self._folder = folder
        folder = self._folder / log.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        label(folder, log.location)
        log.writer = LoadWriter(folder, log.generation, self._host)
        self._live[log.writer.stem] = log
        try:
            self._prune(folder)
        except OSError as error:
            self._warn(error)

    def _introduce(self, logs: Path) -> str:
        """Choose a name, and show under it that we live; clear away what showed that of the dead."""
        for left in logs.glob(_LOCK.format("*")):
            with contextlib.suppress(OSError), try_lock(left):
                pass
        for _ in range(_ATTEMPTS):
            host = os.urandom(4).hex()
            # Where nothing can be locked, nobody takes another for dead.
            with contextlib.suppress(OSError):
                if self._presence.enter_context(try_lock(logs / _LOCK.format(host))):
                    break
        return host

    def _prune(self, folder: Path) -> None:
        """Remove the oldest loads, but none that is being written, and none of another host that lives."""
        ours = [load for load in loads_in(folder) if load.host == self._host or not _is_alive(load.host, folder.parent)]
        excess = len(ours) - LOADS_KEPT
        ended = [load for load in ours if load.stem not in self._live]
        for load in ended[: max(0, excess)]:
            load.remove()

    def _warn(self, error: OSError | LocationError) -> None:
        if not self._warned:
            self._warned = True
            what = str(error)
            if isinstance(error, OSError):
                what = f"{error.filename}: {error.strerror}.\nMend that, or set SKERRY_HOME to another folder."
            logger.warning("What user code writes is missing in its log files. %s", what)


@dataclass(eq=False)
class LoadLog:
    """What one load of a location writes, on its way to its files."""

    _files: LogFiles
    location: str
    folder: str
    generation: int
    _lines: MaskedLines
    backlog: Backlog = field(default_factory=lambda: Backlog(WAITING))
    ended: bool = False
    begun: bool = False
    #: None where no file can be made.
    writer: LoadWriter | None = None
    _missing: int = 0
    _in_a_line: bool = False

    def take(self, data: bytes) -> None:
        """Take what was written; never blocks."""
        self._files._wake(self, data)

    def end(self) -> None:
        """Say that nothing more comes."""
        self._files._wake(self, ended=True)

    def write(self, data: bytes, dropped: int, *, ended: bool) -> None:
        """Write it, masked, and say where something is missing. From the writing thread only. Raises OSError."""
        if self.writer is None:
            return
        if dropped:
            whole = self._lines.skip(data)
            self._missing += dropped + len(data) - len(whole)
            data = whole
        blocks = [*self._lines.put(data), *([self._lines.end()] if ended else [])]
        for number, block in enumerate(blocks):
            try:
                self._write_block(self.writer, block)
            except OSError:
                self._missing += sum(len(lost) for lost in blocks[number:])
                raise

    def _write_block(self, writer: LoadWriter, block: bytes) -> None:
        if self._missing:
            before = "\n" if self._in_a_line else ""
            writer.write(f"{before}[skerry: {self._missing} bytes are missing here]\n".encode())
            self._missing = 0
            self._in_a_line = False
        if block:
            writer.write(block)
            self._in_a_line = not block.endswith(b"\n")


def _is_alive(host: str, logs: Path) -> bool:
    """Tell whether another host may still write."""
    path = logs / _LOCK.format(host)
    try:
        if not path.exists():
            return False
        with try_lock(path) as mine:
            return not mine
    except OSError:
        return True
