"""The local code server: one life of a location's code, in a user process at the other end of a pipe."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from signal import SIGKILL

from skerry.code_server.endings import ended, timed_out
from skerry.code_server.evaluator import Evaluator
from skerry.code_server.load_request import LoadRequest
from skerry.code_server.output import Output
from skerry.code_server.processes import Processes
from skerry.code_server.runs import Runs
from skerry.code_server.stack import StackPipe
from skerry.errors import ErrorKind, LocationError, PipeError
from skerry.model import (
    ErrorInfo,
    Evaluation,
    EvaluationResult,
    Explanation,
    ImportCost,
    RepositorySnapshot,
    ServerInfo,
    SourceFile,
    State,
)
from skerry.pipe import Connection, Message
from skerry.plugin import CodeServer, RunReport, RunStart, ServerStatus
from skerry.user_process.start import STACK_SIGNAL
from skerry.user_process.tracebacks import parse_stack

#: Seconds: how long a user process may take after it was asked to stop, and then after SIGTERM.
STOP_GRACE = 1.0
TERMINATE_GRACE = 2.0
#: Seconds that a close waits in all; what was sent SIGKILL is gone long before.
_CLOSE_WAIT = 10.0


class LocalCodeServer(CodeServer):
    """Everything but the calls from outside happens in the supervising thread."""

    def __init__(self, request: LoadRequest, processes: Processes) -> None:
        """Ask for the user process and return; ``watch`` tells the rest. Raises LocationError."""
        self._request = request
        supervisor = self._supervisor = processes.supervisor
        self._observer: Callable[[ServerStatus], None] | None = None
        self._status = ServerStatus(State.LOADING, progress="starting Python")
        self._lock = threading.RLock()
        self._pid: int | None = None
        self._standard_library = ""
        self._asked_at = time.monotonic()
        self._stopping = False
        self._timed_out = False
        self._ended = threading.Event()
        self._fork_server, variables = processes.fork_servers.choose(
            request.environment, request.target, request.deadline
        )
        self._output = Output(supervisor, echo=processes.echo, open_log=request.open_log)
        self._stack = StackPipe(supervisor)
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours)
        load = request.message(variables)
        self._evaluator = Evaluator(
            self._connection,
            self._fork_server,
            load,
            self._output,
            supervisor,
            self._busy,
            fresh=request.environment.fresh,
        )
        self._runs = Runs(
            self._connection,
            self._evaluator.sending,
            self._fork_server,
            load,
            self._evaluator.another_writer,
            supervisor,
            fresh=request.environment.fresh,
        )
        supervisor.call(self._begin)
        self._timers = [supervisor.call_later(request.deadline - time.monotonic(), self._startup_timed_out)]
        try:
            descriptors = [theirs.fileno(), self._output.writer, self._stack.writer]
            self._fork_server.spawn(self, descriptors, fresh=request.environment.fresh)
        finally:
            theirs.close()
            self._output.close_writer()
            self._stack.close_writer()
        # Where nobody reads, the fork server tells why.
        with contextlib.suppress(OSError):
            measure = processes.measure_imports and not request.environment.fresh
            self._connection.send({**load, "measure_imports": measure})

    # -- what the workspace calls -------------------------------------------------------------------------------

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        with self._lock:
            self._observer = observer
            observer(self._status)

    def output(self) -> str:
        """See ``CodeServer``."""
        return self._output.text()

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``CodeServer``."""
        return self._evaluator.evaluate(evaluation, timeout, self._request.generation)

    def start_run(self, start: RunStart, report: RunReport) -> None:
        """See ``CodeServer``."""
        self._runs.start(start, self._request.generation, report)

    def cancel_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._runs.cancel(run_id)

    def detach_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._runs.detach(run_id)

    def close(self) -> None:
        """Ask it to stop; SIGTERM, then SIGKILL, if it does not; see ``CodeServer``."""
        with self._lock:
            self._observer = None
        self._runs.close()
        self._supervisor.call(lambda: self._stop(busy=self._status.state is State.LOADING))
        self._ended.wait(_CLOSE_WAIT)

    def _begin(self) -> None:
        if not self._ended.is_set():  # else the process was refused before this call had its turn
            self._supervisor.watch(self._connection.fileno(), self._readable)

    # -- what the fork server tells (Child) ----------------------------------------------------------------------

    def spawned(self, pid: int) -> None:
        """See ``Child``."""
        self._pid = pid
        if self._stopping:
            self._signal(signal.SIGKILL)

    def not_spawned(self, error: LocationError) -> None:
        """See ``Child``."""
        self._fail(ErrorInfo(error.kind, str(error)))
        self._clean_up()

    def exited(self, code: int | None, signal: int | None) -> None:
        """See ``Child``."""
        with contextlib.suppress(BlockingIOError):
            while self._read():  # what it said before it ended counts
                pass
        if not self._stopping and self._status.state is not State.FAILED:
            self._output.drain()
            tail = self._output.tail()
            loaded = self._status.state is State.READY
            doing = "waiting for calls" if loaded else "loading"
            # Somebody kills what has been loaded before; what has not may have used up the memory, and would again.
            killed = self._request.again and signal == SIGKILL
            self._fail(ended(code, signal, doing, tail, self._standard_library), ended=loaded or killed)
        self._clean_up()

    def lost(self, error: LocationError) -> None:
        """See ``Child``."""
        if not self._stopping and self._status.state is not State.FAILED:
            self._output.drain()
            self._fail(ErrorInfo(error.kind, str(error), output=self._output.tail()), ended=True)
        self._clean_up()

    # -- what the user process tells -----------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            open_still = self._read()
        except BlockingIOError:
            return
        if not open_still:
            # User code closed the pipe; the fork server tells how the process ends.
            self._supervisor.unwatch(self._connection.fileno())
            if self._status.state is State.READY:
                self._signal(signal.SIGKILL)

    def _read(self) -> bool:
        """Read once, and tell whether the pipe is open still. Raises BlockingIOError when there is nothing."""
        if self._connection.fileno() < 0:
            return False
        try:
            messages = self._connection.receive_some(wait=False)
        except BlockingIOError:
            raise
        except (PipeError, OSError):
            return False
        for message in messages or ():
            self._handle(message)
        return messages is not None

    def _handle(self, message: Message) -> None:
        if self._status.state is not State.LOADING or self._timed_out:
            return  # it was given up: the signal for its stack may have woken it
        if message["type"] == "loading":
            self._loading(message)
        elif message["type"] == "loaded":
            self._cancel_timers()
            self._evaluator.loaded(message, self._standard_library)
            self._runs.loaded(message)
            self._output.drain()  # who sees it READY sees what it has printed
            server = self._status.server
            assert server is not None
            self._move(
                state=State.READY,
                server=replace(server, load_seconds=message["load_seconds"]),
                repositories=tuple(RepositorySnapshot.from_json(item) for item in message["repositories"]),
                explanation=self._explained(message),
                progress="",
                files=_files(message),
            )
        elif message["type"] == "failed":
            self._output.drain()
            error = replace(ErrorInfo.from_json(message["error"]), output=self._output.tail())
            self._fail(error, files=_files(message))
            self._stop()

    def _loading(self, message: Message) -> None:
        server = ServerInfo(
            id=os.urandom(8).hex(),
            pid=message["pid"],
            address="pipe",
            python=message["python"],
            executable=message["executable"],
            skerry=message["skerry"],
            image=message["image"],
            generation=self._request.generation,
            load_seconds=None,
            entry=self._request.entry,
        )
        self._standard_library = message["standard_library"]
        explanation = Explanation.from_json(message["explanation"])
        self._move(
            server=server,
            explanation=replace(explanation, preloaded=tuple(self._fork_server.preloaded)),
            progress=f"importing {self._request.target.words}",
            warnings=tuple(self._fork_server.warnings),
            files=_files(message),
        )

    def _explained(self, message: Message) -> Explanation | None:
        """Add what imports have cost, but for those that the entry wants preloaded, be it in vain."""
        explanation = self._status.explanation
        if explanation is None or "imports" not in message:
            return explanation
        wanted = {module.partition(".")[0] for module in self._request.environment.preload}
        costs = (ImportCost(name, seconds, int(size)) for name, seconds, size in message["imports"])
        imports = tuple(cost for cost in costs if cost.module.partition(".")[0] not in wanted)
        return replace(explanation, imports=imports)

    # -- endings --------------------------------------------------------------------------------------------------

    def _startup_timed_out(self) -> None:
        if self._status.state is not State.LOADING or self._stopping:
            return
        if self._pid is None:
            self._fail_to_start()
        else:
            self._timed_out = True
            self._stack.read(self._stack_read)
            self._fork_server.signal(self._pid, STACK_SIGNAL, group=False)

    def _fail_to_start(self) -> None:
        seconds = self._request.deadline - self._asked_at
        error = LocationError(
            ErrorKind.INTERPRETER_NOT_PYTHON,
            executable=self._fork_server.interpreter.executable,
            reason=f"it did not answer within {max(0.0, seconds):.1f} s",
        )
        self._fail(ErrorInfo(error.kind, str(error)))
        self._stop()

    def _stack_read(self, text: str) -> None:
        self._output.drain()
        request = self._request
        self._fail(
            timed_out(
                request.startup_timeout,
                request.startup_timeout_place,
                parse_stack(text, self._standard_library),
                self._output.tail(),
            )
        )
        self._stop(busy=True)

    def _stop(self, *, busy: bool = False) -> None:
        """Ask the process to end; one that is ``busy`` loading does not hear it, and is sent SIGTERM at once."""
        if self._stopping or self._ended.is_set():
            return
        self._stopping = True
        self._evaluator.close()
        self._cancel_timers()
        if self._pid is None:
            self._clean_up()  # should the process come to be, it finds its pipe closed
            return
        with contextlib.suppress(OSError):
            self._connection.endpoint.shutdown(socket.SHUT_WR)
        if busy:
            self._signal(signal.SIGTERM)
        self._timers = [
            self._supervisor.call_later(STOP_GRACE, lambda: self._signal(signal.SIGTERM)),
            self._supervisor.call_later(STOP_GRACE + TERMINATE_GRACE, lambda: self._signal(signal.SIGKILL)),
        ]

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None:
            self._fork_server.signal(self._pid, number, group=True)

    def _clean_up(self) -> None:
        self._evaluator.close()
        self._cancel_timers()
        self._output.drain()
        self._output.close()
        self._stack.close()
        self._supervisor.unwatch(self._connection.fileno())
        self._connection.close()
        self._ended.set()

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _busy(self, since: float | None) -> None:
        if self._status.state is State.READY:
            self._move(busy_since=since)

    # -- state ----------------------------------------------------------------------------------------------------

    def _fail(self, error: ErrorInfo, **changes: object) -> None:
        failed = {"state": State.FAILED, "server": None, "repositories": (), "progress": "", "busy_since": None}
        self._move(**failed, error=error, **changes)

    def _move(self, **changes: object) -> None:
        with self._lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]
            if self._observer is not None:
                self._observer(self._status)


def _files(message: Message) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path, digest) for path, digest in message.get("files", {}).items())
