"""A code server behind a command of ours: the command is watched and ended, its server is reached like any other."""

from __future__ import annotations

import contextlib
import shlex
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from skerry.code_server import Command, OpenLog, Processes
from skerry.errors import ErrorKind, LocationError
from skerry.model import ErrorInfo, Evaluation, EvaluationResult, ReloadResult, State
from skerry.plugin import CodeServer, RunReport, RunStart, ServerStatus, Tls
from skerry.rpc.address import Address
from skerry.rpc.client import RemoteCodeServer
from skerry.rpc.credentials import token_source

#: Seconds for the server to take the request to shut down, and then to end, before its command is stopped.
_ASK_TIMEOUT = 2.0
_END_WAIT = 5.0
_KNOCK = 1.0


@dataclass(frozen=True)
class Start:
    """What to start. ``env``: all its variables; ``deadline``: a ``time.monotonic()``; ``late``: the error after it.

    ``open_log``: opens the log that is given what the command writes.
    """

    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    address: str
    deadline: float
    late: LocationError
    open_log: OpenLog | None = None


class SpawnedCodeServer(CodeServer):
    """LOADING until the server is READY; whatever the command writes is its output."""

    runs_elsewhere = True

    def __init__(self, start: Start, tls: Tls | None, token: str | None, processes: Processes) -> None:
        """Start the command and return. Raises LocationError when the address is taken or it cannot be started."""
        address = Address.parse(start.address)
        _check_free(address)
        self._start = start
        self._observer: Callable[[ServerStatus], None] | None = None
        self._status = ServerStatus(State.LOADING, progress=f"starting {start.argv[0]}")
        self._lock = threading.RLock()
        self._closing = False
        with self._lock:  # what happens meanwhile waits until all of it is there
            self._command = Command(
                start.argv,
                start.cwd,
                start.env,
                processes,
                self._heard,
                over=self._command_ended,
                together=True,
                open_log=start.open_log,
            )
            self._limit = processes.supervisor.call_later(start.deadline - time.monotonic(), self._late)
            self._remote = RemoteCodeServer(address, tls, token_source(token, None), starting=True)
            self._remote.watch(self._remote_changed)

    # -- what the workspace calls -------------------------------------------------------------------------------

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        with self._lock:
            self._observer = observer
            observer(self._status)

    def output(self) -> str:
        """See ``CodeServer``: what the command wrote."""
        return self._command.stdout

    def reload(self) -> ReloadResult | None:
        """See ``CodeServer``: a new command takes the place of this one."""
        return None

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``CodeServer``."""
        return self._remote.evaluate(evaluation, timeout)

    def start_run(self, start: RunStart, report: RunReport) -> None:
        """See ``CodeServer``."""
        self._remote.start_run(start, report)

    def resume_run(self, run_id: str, report: RunReport) -> bool:
        """See ``CodeServer``."""
        return self._remote.resume_run(run_id, report)

    def cancel_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._remote.cancel_run(run_id)

    def detach_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._remote.detach_run(run_id)

    def update_run_output(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._remote.update_run_output(run_id)

    def close(self) -> None:
        """Ask the server to end, then stop its command; see ``CodeServer``."""
        with self._lock:
            self._observer = None
            self._closing = True
        self._limit.cancel()
        self._end()

    # -- in the threads of the remote side and of the supervisor ------------------------------------------------------

    def _remote_changed(self, status: ServerStatus) -> None:
        with self._lock:
            if self._closing:
                return
            if status.state is State.FAILED:
                status = replace(status, error=self._with_output(status.error))
            if status.state is not State.LOADING:
                self._limit.cancel()
            self._tell(status)

    def _heard(self, line: str) -> None:
        with self._lock:
            if not self._closing and self._status.state is State.LOADING and self._status.server is None and line:
                self._tell(replace(self._status, progress=line))

    def _command_ended(self) -> None:
        with self._lock:
            if not self._closing:
                self._fail(self._ending(), ended=self._status.state in (State.READY, State.UNREACHABLE))

    def _late(self) -> None:
        with self._lock:
            if not self._closing and self._status.state is State.LOADING:
                self._fail(self._start.late)

    def _fail(self, error: LocationError, *, ended: bool = False) -> None:
        """Tell it, and end what is left: not in the supervising thread, which that waits for."""
        self._closing = True
        info = self._with_output(ErrorInfo(error.kind, str(error)))
        self._tell(ServerStatus(State.FAILED, error=info, ended=ended))
        threading.Thread(target=self._end, name="skerry-end", daemon=True).start()

    def _ending(self) -> LocationError:
        if self._command.failure is not None:
            return self._command.failure
        code = self._command.returncode
        ending = f"ended with exit code {code}" if code is None or code >= 0 else f"was ended by signal {-code}"
        said = "\n".join(self._command.tail.splitlines()[-10:]) or "It wrote nothing."
        return LocationError(ErrorKind.COMMAND_FAILED, command=shlex.join(self._start.argv), ending=ending, said=said)

    def _with_output(self, error: ErrorInfo | None) -> ErrorInfo | None:
        return replace(error, output=error.output or self._command.tail) if error is not None else None

    def _tell(self, status: ServerStatus) -> None:
        self._status = status
        if self._observer is not None:
            self._observer(status)

    def _end(self) -> None:
        self._remote.end_runs()
        with contextlib.suppress(LocationError):
            self._remote.shut_down(_ASK_TIMEOUT)
            self._command.wait(_END_WAIT)
        self._remote.close()
        self._command.stop()


def _check_free(address: Address) -> None:
    """Raise LocationError when something listens there already: it would be taken for what is about to be started."""
    with contextlib.suppress(OSError):
        family = socket.AF_UNIX if address.socket else socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.settimeout(_KNOCK)
            trial.connect(address.socket or (address.host, address.port))
            reason = f"Something else serves at {address.words} already.\nStop it, or choose another address."
            raise LocationError(reason=reason)
