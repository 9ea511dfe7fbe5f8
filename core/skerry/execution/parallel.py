"""Solids that do not depend on each other, at the same time: each attempt in a process that is forked for it."""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from typing import Dict, Iterator, List, NamedTuple, NoReturn, Optional

from skerry.errors import ErrorKind, PipeError, RunError
from skerry.execution import cancellation, events
from skerry.execution.events import Emit, Event, EventType, NotToldError
from skerry.execution.plan import Plan
from skerry.execution.resources import set_up
from skerry.execution.settings import Settings
from skerry.execution.solids import Attempt, Ending, SolidRunner
from skerry.execution.values import Values
from skerry.forking import fork, signal_name
from skerry.pipe import Connection, Message

#: Seconds that solids have to end once the run is cancelled.
CANCEL_GRACE = 10.0
#: Seconds to wait for processes that were sent SIGKILL; one that hangs in the kernel cannot be waited for.
_KILL_WAIT = 5.0
#: Seconds that a process may take to end after it has closed its end of the pipe.
_END_WAIT = 1.0


@contextlib.contextmanager
def in_processes(plan: Plan, settings: Settings, values: Values, emit: Emit) -> "Iterator[_Processes]":
    """Execute attempts in processes, for the ``with``. Each sets up the resources that its solid requires.

    At the end those that are left, since the run was cancelled, are interrupted, and killed after a grace time.
    """
    processes = _Processes(plan, settings, values, emit)
    try:
        yield processes
    finally:
        processes.end()


class _Child(NamedTuple):
    pid: int
    solid: str
    connection: Connection


class _Processes:
    def __init__(self, plan: Plan, settings: Settings, values: Values, emit: Emit) -> None:
        self._plan = plan
        self._settings = settings
        self._values = values
        self._emit = emit
        self._children: Dict[int, _Child] = {}
        self._endings: List[Ending] = []
        self._poll = select.poll()

    def has_room(self) -> bool:
        """See ``Executor``."""
        return len(self._children) + len(self._endings) < self._settings.max_concurrency

    def start(self, attempt: Attempt) -> None:
        """See ``Executor``."""
        ours, theirs = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError, OSError):
                stream.flush()  # else the other process would write it once more
        cancellation.block()  # one that comes before the other process can take it would be lost
        pid = fork()
        if pid == 0:
            ours.close()
            self._become(attempt, Connection(theirs))
        theirs.close()
        # Before an interrupt may come: what is not among the children would not be ended.
        self._children[ours.fileno()] = _Child(pid, attempt.invocation.name, Connection(ours))
        self._poll.register(ours.fileno(), select.POLLIN)
        cancellation.unblock()

    def wait(self, until: Optional[float]) -> Optional[Ending]:
        """See ``Executor``."""
        while self._children and not self._endings:
            left = None if until is None else max(0.0, until - time.monotonic()) * 1000
            ready = self._poll.poll(left)
            if not ready:
                return None
            for descriptor, _ in ready:
                self._read(descriptor)
        return self._endings.pop(0) if self._endings else None

    def end(self) -> None:
        """Interrupt what is left, and kill what does not end; wait for it."""
        for number, seconds in ((signal.SIGINT, CANCEL_GRACE), (signal.SIGKILL, _KILL_WAIT)):
            for child in self._children.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, number)
            deadline = time.monotonic() + seconds
            while self._children and time.monotonic() < deadline:
                ready = self._poll.poll(min(max(0.0, deadline - time.monotonic()), cancellation.NUDGE_AGAIN) * 1000)
                if not ready:
                    for child in self._children.values():
                        cancellation.nudge(child.pid)
                for descriptor, _ in ready:
                    with contextlib.suppress(NotToldError):  # that is why the run ends
                        self._read(descriptor)

    # -- what a process tells ---------------------------------------------------------------------------------------

    def _read(self, descriptor: int) -> None:
        child = self._children[descriptor]
        try:
            messages = child.connection.receive_some()
        except (PipeError, OSError):
            messages = None  # user code wrote to a descriptor that is not its own
        for message in messages or ():
            self._handle(child, message)
        if messages is None and descriptor in self._children:
            self._died(child)

    def _handle(self, child: _Child, message: Message) -> None:
        if message["type"] == "event":
            self._emit(events.from_json(message["event"]))
        elif message["type"] == "ended":
            outputs = message["outputs"]
            ending = Ending(child.solid, None if outputs is None else frozenset(outputs), message["retry_in"])
            self._forget(child)
            os.waitpid(child.pid, 0)
            self._endings.append(ending)

    def _died(self, child: _Child) -> None:
        """Its process has ended without a word: os._exit, a signal, or the memory was used up."""
        self._forget(child)
        status = _wait(child.pid)
        if os.WIFSIGNALED(status):
            how = f"by {signal_name(os.WTERMSIG(status))}"
        else:
            how = f"with exit code {os.WEXITSTATUS(status)}"
        error = RunError(ErrorKind.SOLID_PROCESS_ENDED, solid=child.solid, how=how)
        self._emit(Event(EventType.SOLID_FAILED, child.solid, {}, error))
        self._endings.append(Ending(child.solid, error=error))

    def _forget(self, child: _Child) -> None:
        descriptor = child.connection.fileno()
        self._poll.unregister(descriptor)
        del self._children[descriptor]
        child.connection.close()

    # -- in the process of an attempt -------------------------------------------------------------------------------

    def _become(self, attempt: Attempt, connection: Connection) -> NoReturn:
        """Never returns: user code must not come back into the run's frames."""
        try:
            for child in self._children.values():
                child.connection.close()
            canceled = cancellation.Cancellation()
            process = os.getpid()

            def tell(event: Event) -> None:
                if os.getpid() != process:
                    events.printed(event)
                    return
                with canceled.later():
                    connection.send({"type": "event", "event": events.to_json(event)})

            try:
                ending = self._execute(attempt, events.described(tell, self._settings.describe))
            except KeyboardInterrupt:
                ending = Ending(attempt.invocation.name)
            outputs = None if ending.outputs is None else sorted(ending.outputs)
            with contextlib.suppress(KeyboardInterrupt), canceled.later():
                connection.send({"type": "ended", "outputs": outputs, "retry_in": ending.retry_in})
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
            status = 1
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(AttributeError, ValueError, OSError):
                    stream.flush()
            os._exit(status)

    def _execute(self, attempt: Attempt, emit: Emit) -> Ending:
        name = attempt.invocation.name
        with contextlib.ExitStack() as stack:
            try:
                made = stack.enter_context(set_up(self._plan, [attempt.invocation], self._settings, emit))
            except BaseException as error:  # of a resource
                canceled = isinstance(error, KeyboardInterrupt)
                emit(Event(EventType.SOLID_FAILED, name, {"canceled": True} if canceled else {}, error))
                return Ending(name, error=error)
            return SolidRunner(self._plan, self._settings, self._values, made, emit).execute(attempt)


def _wait(pid: int) -> int:
    """Wait for a process that is about to end; one that has only closed its pipe is killed. Gives its status."""
    deadline = time.monotonic() + _END_WAIT
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]
