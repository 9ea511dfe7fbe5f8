"""The host's side of one fork server: starts it, asks it for processes, hears from it how they end."""

from __future__ import annotations

import contextlib
import itertools
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from skerry import __version__
from skerry.code_server.interpreter import Interpreter
from skerry.code_server.output import Output
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError, PipeError
from skerry.pipe import PROTOCOL, Connection, Message
from skerry.user_process import start

#: Seconds that a fork server may take to end after its pipe is closed; it kills what it forked first.
_END_WAIT = 6.0


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


class ForkServer:
    """One fork server. ``failure`` is set once it cannot give processes any more."""

    def __init__(self, interpreter: Interpreter, open_files: int, supervisor: Supervisor) -> None:
        """Start it. ``open_files``: the soft limit for user code. Raises LocationError."""
        self.interpreter = interpreter
        self.failure: LocationError | None = None
        #: Of the fork server's interpreter, once it has said hello.
        self.python = ""
        self._supervisor = supervisor
        self._output = Output(supervisor)
        self._waiting: dict[int, Child] = {}
        self._running: dict[int, Child] = {}
        self._ids = itertools.count()
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours)
        try:
            self._process = self._start(theirs, open_files)
        except BaseException:
            ours.close()
            supervisor.call(self._output.close)
            raise
        finally:
            theirs.close()
            self._output.close_writer()
        supervisor.call(lambda: supervisor.watch(ours.fileno(), self._readable))

    def _start(self, pipe: socket.socket, open_files: int) -> subprocess.Popen[bytes]:
        executable = self.interpreter.executable
        line = start.command(executable, start.bootstrap_path(), start.FORK_SERVER, [pipe.fileno(), open_files])
        try:
            return subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=self._output.writer,
                stderr=self._output.writer,
                pass_fds=[pipe.fileno()],
                cwd="/",
                env=self.interpreter.variables,
                start_new_session=True,  # Ctrl-C is for the host alone
            )
        except FileNotFoundError as error:
            # The file is there: what is missing is the interpreter that its first line names.
            raise self._not_python("the program that its first line names does not exist") from error
        except OSError as error:
            raise self._not_python(f"it cannot be executed ({error.strerror})") from error

    def spawn(self, child: Child, descriptors: Sequence[int], *, fresh: bool) -> None:
        """Ask for a user process with these descriptors (pipe, output, stack); the answer goes to ``child``.

        From any thread. The descriptors stay the caller's.
        """
        self._ask({"type": "spawn", "fresh": fresh}, child, descriptors)

    def execute(
        self, child: Child, descriptors: Sequence[int], argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> None:
        """Ask for any command, with these descriptors (stdout, stderr); else as ``spawn``. ``env``: all of it."""
        self._ask({"type": "execute", "argv": list(argv), "cwd": cwd, "env": dict(env)}, child, descriptors)

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
        """Signal a user process, and its group if wanted; nothing happens once it has ended. From any thread."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.send({"type": "signal", "pid": pid, "signal": number, "group": group})

    def close(self) -> None:
        """End it and all that it forked, and wait for that. Idempotent; not from the supervising thread."""
        with contextlib.suppress(OSError):
            self._connection.endpoint.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_END_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        closed = threading.Event()
        self._supervisor.call(self._lost)
        self._supervisor.call(closed.set)
        closed.wait(_END_WAIT)

    def _readable(self) -> None:
        try:
            messages = self._connection.receive_some()
        except (PipeError, OSError):
            messages = None
        if messages is None:
            self._lost()
            return
        for message in messages:
            self._handle(message)

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
        elif message["type"] == "hello":
            self.python = message["python"]
            if message["protocol"] != PROTOCOL:
                self._fail(self._incompatible(message["skerry"], ""))
        elif message["type"] == "incompatible":
            self._fail(self._incompatible(message["skerry"], f": {message['reason']}"))
        elif message["type"] == "too_old":
            self._fail(
                LocationError(
                    ErrorKind.INTERPRETER_TOO_OLD,
                    executable=self.interpreter.executable,
                    version=message["python"],
                )
            )

    def _lost(self) -> None:
        """It has ended, or must not be used: answer all who wait."""
        self._supervisor.unwatch(self._connection.fileno())
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._output.drain()
        self._output.close()
        failure = self._ended() if self.python else self._failed_to_start()
        with self._lock:
            self.failure = self.failure or failure
            waiting, self._waiting = self._waiting, {}
            running, self._running = self._running, {}
            self._connection.close()
        for child in running.values():
            child.lost(failure)
        for child in waiting.values():
            if self.python:
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

    def _failed_to_start(self) -> LocationError:
        code = self._process.poll()
        tail = self._output.tail().splitlines()
        said = f", and said: {tail[-1]}" if tail else ""
        return self._not_python(f"it ended with exit code {code}{said}" if code is not None else "it closed its pipe")

    def _ended(self) -> LocationError:
        return LocationError(
            ErrorKind.PROCESS_NOT_STARTED,
            reason=f"the fork server of {self.interpreter.executable} has ended (exit code {self._process.poll()})",
            advice="Load the location again.",
        )

    def _not_python(self, reason: str) -> LocationError:
        return LocationError(ErrorKind.INTERPRETER_NOT_PYTHON, executable=self.interpreter.executable, reason=reason)

    def _incompatible(self, theirs: str, reason: str) -> LocationError:
        return LocationError(
            ErrorKind.INCOMPATIBLE_SKERRY,
            executable=self.interpreter.executable,
            theirs=theirs,
            ours=__version__,
            reason=reason,
        )
