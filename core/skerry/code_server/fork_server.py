"""The host's side of a fork server: asks it for processes, hears from it how they end."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from skerry.code_server.interpreter import Interpreter
from skerry.code_server.output import Output
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError, PipeError
from skerry.pipe import Connection, Message


class Child(Protocol):
    """Whoever asked for a process; called in the supervising thread."""

    def spawned(self, pid: int) -> None:
        """Hear that the process runs."""

    def not_spawned(self, error: LocationError) -> None:
        """Hear that there will be no process."""

    def exited(self, code: int | None, signal: int | None) -> None:
        """Hear that the process has ended, by exit code or by signal; it and its descendants are gone."""

    def lost(self, error: LocationError) -> None:
        """Hear that the fork server has ended, and with it the process, which it may not have started yet."""


class Forker(Protocol):
    """What a location's user process is asked for: a fork server, or what finds the one that suits it.

    ``preloaded``: the modules that the process has from its fork server; ``warnings``: why others are not among them.
    Both are known once the process is there.
    """

    interpreter: Interpreter
    preloaded: Sequence[str]
    warnings: Sequence[str]

    def spawn(self, child: Child, descriptors: Sequence[int], *, fresh: bool) -> None:
        """Ask for a user process with these descriptors (pipe, output, stack); the answer goes to ``child``.

        From any thread. The descriptors stay the caller's.
        """

    def signal(self, pid: int, number: int, *, group: bool) -> None:
        """Signal a user process, and its group if wanted; nothing happens once it has ended. From any thread."""

    def release(self, pid: int) -> None:
        """Let the keeper of a run go on when the fork server ends. From any thread."""


class ForkServer(ABC):
    """One fork server. ``failure`` is set once it cannot give processes any more."""

    preloaded: Sequence[str] = ()
    warnings: Sequence[str] = ()

    def __init__(self, interpreter: Interpreter, supervisor: Supervisor) -> None:
        """Make the pipe; who inherits this starts a process at its other end, ``_theirs``, and calls ``_begin``."""
        self.interpreter = interpreter
        self.failure: LocationError | None = None
        self._supervisor = supervisor
        self._output = Output(supervisor)
        self._waiting: dict[int, Child] = {}
        self._running: dict[int, Child] = {}
        self._ids = itertools.count()
        self._lock = threading.Lock()
        ours, self._theirs = socket.socketpair()
        self._connection = Connection(ours)

    def _begin(self) -> None:
        """The process has its end of the pipe: listen."""
        self._close_theirs()
        self._supervisor.call(self._watch)

    def _watch(self) -> None:
        if self._connection.fileno() >= 0:  # else it was refused before this call had its turn
            self._supervisor.watch(self._connection.fileno(), self._readable)

    def _not_begun(self) -> None:
        """There is no process."""
        self._close_theirs()
        self._connection.close()
        self._supervisor.call(self._output.close)

    def _close_theirs(self) -> None:
        self._theirs.close()
        self._output.close_writer()

    def spawn(self, child: Child, descriptors: Sequence[int], *, fresh: bool) -> None:
        """See ``Forker``."""
        self._ask({"type": "spawn", "fresh": fresh}, child, descriptors)

    def execute(
        self, child: Child, descriptors: Sequence[int], argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> None:
        """Ask for any command, with these descriptors (stdout, stderr); else as ``spawn``. ``env``: all of it."""
        self._ask({"type": "execute", "argv": list(argv), "cwd": cwd, "env": dict(env)}, child, descriptors)

    def preload(self, child: Child, descriptors: Sequence[int], modules: Sequence[str]) -> None:
        """Ask for another fork server that imports ``modules`` first (pipe, output); else as ``spawn``."""
        self._ask({"type": "preload", "modules": list(modules)}, child, descriptors)

    def _ask(self, request: Message, child: Child, descriptors: Sequence[int]) -> None:
        with self._lock:
            failure = self.failure
            if failure is None:
                number = next(self._ids)
                self._waiting[number] = child
                try:
                    self._connection.send({**request, "id": number}, descriptors)
                except OSError:
                    return  # it has ended: reading will tell, and answer everybody
        if failure is not None:
            error = failure
            self._supervisor.call(lambda: child.not_spawned(error))

    def signal(self, pid: int, number: int, *, group: bool) -> None:
        """See ``Forker``."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.send({"type": "signal", "pid": pid, "signal": number, "group": group})

    def release(self, pid: int) -> None:
        """See ``Forker``."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.send({"type": "release", "pid": pid})

    @abstractmethod
    def close(self) -> None:
        """End it and all that it forked, and wait for that. Idempotent; not from the supervising thread."""

    # -- in the supervising thread ----------------------------------------------------------------------------------

    def _readable(self) -> None:
        if not self._read():
            self._silent()

    def _read(self) -> bool:
        """Read once, without waiting; tells whether the pipe is open still."""
        try:
            messages = self._connection.receive_some(wait=False)
        except BlockingIOError:
            return True
        except (PipeError, OSError):
            return False
        for message in messages or ():
            self._handle(message)
        return messages is not None

    @abstractmethod
    def _silent(self) -> None:
        """Its pipe is closed: it has ended, or is about to."""

    def _handle(self, message: Message) -> None:
        if message["type"] == "spawned":
            child = self._running[message["pid"]] = self._waiting.pop(message["id"])
            child.spawned(message["pid"])
        elif message["type"] == "not_spawned":
            advice = "Free memory or processes on this machine, or load fewer locations."
            self._waiting.pop(message["id"]).not_spawned(
                LocationError(ErrorKind.PROCESS_NOT_STARTED, reason=message["reason"], advice=advice)
            )
        elif message["type"] == "exited":
            self._running.pop(message["pid"]).exited(message["code"], message["signal"])

    def _lost(self, failure: LocationError, *, began: bool = True) -> None:
        """It has ended, or must not be used: answer all who wait. ``began``: it could have given them processes."""
        self._supervisor.unwatch(self._connection.fileno())
        self._output.drain()
        self._output.close()
        with self._lock:
            self.failure = self.failure or failure
            waiting, self._waiting = self._waiting, {}
            running, self._running = self._running, {}
            self._connection.close()
        for child in running.values():
            child.lost(failure)
        for child in waiting.values():
            if began:
                child.lost(failure)
            else:
                child.not_spawned(self.failure)

    def _fail(self, failure: LocationError) -> None:
        with self._lock:
            if self.failure is None:
                self.failure = failure
            waiting, self._waiting = self._waiting, {}
        for child in waiting.values():
            child.not_spawned(self.failure)

    def _ended(self, code: int | None) -> LocationError:
        return LocationError(
            ErrorKind.PROCESS_NOT_STARTED,
            reason=f"the fork server of {self.interpreter.executable} has ended (exit code {code})",
            advice="Load the location again.",
        )
