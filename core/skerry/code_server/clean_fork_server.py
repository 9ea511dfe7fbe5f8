"""A fork server in an interpreter of its own, with the standard library and Skerry's few modules and nothing else."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from signal import SIGKILL

from skerry import __version__
from skerry.code_server.fork_server import ForkServer
from skerry.code_server.interpreter import Interpreter
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError
from skerry.pipe import PROTOCOL, Message
from skerry.user_process import start

#: Seconds that a fork server may take to end after its pipe is closed; it kills what it forked first.
_END_WAIT = 6.0


class CleanForkServer(ForkServer):
    """See above."""

    def __init__(self, interpreter: Interpreter, open_files: int, supervisor: Supervisor) -> None:
        """Start it. ``open_files``: the soft limit for user code. Raises LocationError."""
        super().__init__(interpreter, supervisor)
        #: Of the fork server's interpreter, once it has said hello.
        self.python = ""
        try:
            self._process = self._start(open_files)
        except BaseException:
            self._not_begun()
            raise
        self._begin()

    def _start(self, open_files: int) -> subprocess.Popen[bytes]:
        executable, pipe = self.interpreter.executable, self._theirs.fileno()
        line = start.command(executable, start.bootstrap_path(), start.FORK_SERVER, [pipe, open_files])
        try:
            return subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=self._output.writer,
                stderr=self._output.writer,
                pass_fds=[pipe],
                cwd="/",
                env=self.interpreter.variables,
                start_new_session=True,  # Ctrl-C is for the host alone
            )
        except FileNotFoundError as error:
            # The file is there: what is missing is the interpreter that its first line names.
            raise self._not_python("the program that its first line names does not exist") from error
        except OSError as error:
            raise self._not_python(f"it cannot be executed ({error.strerror})") from error

    def close(self) -> None:
        """See ``ForkServer``."""
        with contextlib.suppress(OSError):
            self._connection.endpoint.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_END_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        closed = threading.Event()
        self._supervisor.call(self._silent)
        self._supervisor.call(closed.set)
        closed.wait(_END_WAIT)

    def _handle(self, message: Message) -> None:
        if message["type"] == "hello":
            self.python = message["python"]
            if message["protocol"] != PROTOCOL:
                self._fail(self._incompatible(message["skerry"], ""))
        elif message["type"] == "incompatible":
            self._fail(self._incompatible(message["skerry"], f": {message['reason']}"))
        elif message["type"] == "too_old":
            executable, version = self.interpreter.executable, message["python"]
            self._fail(LocationError(ErrorKind.INTERPRETER_TOO_OLD, executable=executable, version=version))
        else:
            super()._handle(message)

    def _silent(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._output.drain()
        code = self._process.poll()
        began = bool(self.python) or code == -SIGKILL  # nothing is wrong with an interpreter that somebody has killed
        self._lost(self._ended(code) if began else self._failed_to_start(code), began=began)

    def _failed_to_start(self, code: int | None) -> LocationError:
        tail = self._output.tail().splitlines()
        said = f", and said: {tail[-1]}" if tail else ""
        return self._not_python(f"it ended with exit code {code}{said}" if code is not None else "it closed its pipe")

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
