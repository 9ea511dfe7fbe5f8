"""A fork server that has imported modules before it forks; itself forked from the clean one of its interpreter."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from signal import SIGKILL
from typing import Any

from skerry.code_server.fork_server import Child, ForkServer
from skerry.code_server.supervisor import Supervisor, Timer
from skerry.errors import LocationError, NotPreloaded
from skerry.forking import signal_name
from skerry.pipe import Message

#: Seconds that the import of one module may take.
PRELOAD_TIMEOUT = 60.0


@dataclass
class Installed:
    """What preloading has found in the environment: as long as that is unchanged, doing it again would change nothing.

    ``folders``: what is in each folder of packages; ``files``: of the modules, time of the last change and size.
    """

    folders: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[int]] = field(default_factory=dict)

    def is_unchanged(self) -> bool:
        """Look whether the environment is as it was. From any thread; a thousand files take two milliseconds."""
        return all(_stamp(file) == stamp for file, stamp in self.files.items()) and all(
            _entries(folder) == entries for folder, entries in self.folders.items()
        )

    def also(self, other: Installed) -> Installed:
        """Give both; what ``other`` has found is newer."""
        return Installed({**self.folders, **other.folders}, {**self.files, **other.files})


@dataclass(frozen=True)
class LeftOut:
    """Why a module is not preloaded, with the fields for the words."""

    why: NotPreloaded
    fields: Mapping[str, Any] = field(default_factory=dict)


class PreloadedForkServer(ForkServer, Child):
    """Everything happens in the supervising thread, but for what ``Forker`` says.

    ``ready``: it has imported ``modules``, except those in ``left_out``, and ``names`` are the top-level modules that
    came with them. When it ends before, ``left_out`` says because of which module; it is empty when its clean fork
    server has ended, or there was no process to be had: ``refused``.
    """

    def __init__(
        self,
        clean: ForkServer,
        modules: Sequence[str],
        supervisor: Supervisor,
        done: Callable[[PreloadedForkServer], None],
    ) -> None:
        """Have it forked from ``clean``. ``done`` is called once it is ready, or has ended before it was."""
        super().__init__(clean.interpreter, supervisor)
        self.modules = tuple(modules)
        self.left_out: dict[str, LeftOut] = {}
        self.names: frozenset[str] = frozenset()
        self.installed = Installed()
        self.ready = False
        self.refused = False
        self._clean = clean
        self._done = done
        self._pid: int | None = None
        self._importing = ""
        self._timer: Timer | None = None
        self._retired = False
        try:
            clean.preload(self, [self._theirs.fileno(), self._output.writer], self.modules)
        finally:
            self._begin()

    def has(self, modules: Sequence[str]) -> bool:
        """Tell whether all of these are preloaded here."""
        return all(module in self.modules and module not in self.left_out for module in modules)

    def retire(self) -> None:
        """End it once the last of its processes has ended: another one takes its place."""
        self._retired = True
        self._end_if_unused()

    def release(self, pid: int) -> None:
        """See ``Forker``: when this one ends, the clean one inherits its processes."""
        super().release(pid)
        self._clean.release(pid)

    def close(self) -> None:
        """Do nothing: it ends with the one that it was forked from."""

    def _end_if_unused(self) -> None:
        if self._retired and not self._waiting and not self._running:
            with contextlib.suppress(OSError):
                self._connection.endpoint.shutdown(socket.SHUT_RDWR)

    def _silent(self) -> None:
        self._supervisor.unwatch(self._connection.fileno())  # how it ends is told by the one that it was forked from

    def _handle(self, message: Message) -> None:
        if message["type"] == "found":
            self.installed.folders.update(message["folders"])
            self.installed.files.update(message["files"])
        elif message["type"] == "preloading":
            self._importing = message["module"]
            self._limit()
        elif message["type"] == "left_out":
            self._leave_out(message["module"], NotPreloaded(message["why"]), message["fields"])
        elif message["type"] == "preloaded":
            self._importing = ""
            self.names = frozenset(message["names"])
            self.installed.files.update(message["files"])
            self.ready = True
            self._finish()
        else:
            super()._handle(message)
            self._end_if_unused()

    def _leave_out(self, module: str, why: NotPreloaded, fields: Mapping[str, Any]) -> None:
        self.left_out.setdefault(module, LeftOut(why, fields))
        self._importing = ""

    def _limit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._supervisor.call_later(PRELOAD_TIMEOUT, self._timed_out)

    def _timed_out(self) -> None:
        if self._importing and self._pid is not None:
            self._leave_out(self._importing, NotPreloaded.TIMED_OUT, {"seconds": PRELOAD_TIMEOUT})
            self._clean.signal(self._pid, SIGKILL, group=True)

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._done(self)

    # -- what the clean fork server tells (Child) ---------------------------------------------------------------------

    def spawned(self, pid: int) -> None:
        """See ``Child``."""
        self._pid = pid

    def not_spawned(self, error: LocationError) -> None:
        """See ``Child``."""
        self.refused = True
        self._gone(error)

    def exited(self, code: int | None, signal: int | None) -> None:
        """See ``Child``."""
        self._read()  # what it said before it ended counts
        blamed = [self._importing] if self._importing else self.modules if not self.left_out else []
        for module in [] if self.ready else blamed:
            if signal is None:
                self._leave_out(module, NotPreloaded.EXITED, {"code": code})
            else:
                self._leave_out(module, NotPreloaded.SIGNALED, {"signal": signal_name(signal)})
        self._gone(self._ended(code))

    def lost(self, error: LocationError) -> None:
        """See ``Child``."""
        self._gone(error)

    def _gone(self, failure: LocationError) -> None:
        was_ready, self.ready = self.ready, False
        self._lost(failure)
        if not was_ready:
            self._finish()


def _stamp(file: str) -> list[int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]


def _entries(folder: str) -> list[str] | None:
    try:
        return sorted(set(os.listdir(folder)) - {"__pycache__"})
    except OSError:
        return None
