"""The keeper of one run: forks the process that executes it, keeps what that writes, and sees to its end.

Over the host's socket comes what to run; then perhaps ``cancel`` or ``detach``. It tells ``begun``, ``wrote`` whenever
the journal has grown, and ``ended``; or ``not_begun``. A lock on a file in the run's folder says that it lives. Should
the process end without a word, or its journal be refused by the disk, the keeper writes the last line of it. When the
host is gone, the run is cancelled, unless it is detached.
"""

import contextlib
import dataclasses
import errno
import fcntl
import os
import select
import signal
import socket
import sys
import time
from typing import NoReturn, Optional, Sequence

from skerry.errors import ErrorKind, LocationError, PipeError, RunError
from skerry.execution import NotToldError, cancellation
from skerry.forking import NATIVE_CRASHES, advice_on_signal, fork, signal_name
from skerry.model import ErrorInfo, RunOptions
from skerry.pipe import Connection, Message, encode
from skerry.user_process import processes
from skerry.user_process.journal import CANCEL, JOURNAL, LOCK
from skerry.user_process.keeper import reap
from skerry.user_process.masking import Masker
from skerry.user_process.run import Load, execute, fail
from skerry.user_process.run_output import RunOutput
from skerry.user_process.tracebacks import STANDARD_LIBRARY, parse_stack

#: Seconds between two looks for the file that asks for the cancellation.
_LOOK = 0.5
#: Seconds to wait for processes that were sent SIGKILL; one that hangs in the kernel cannot be waited for.
_KILL_WAIT = 5.0
_CHUNK = 256 * 1024
#: Bytes that the file with the lock takes up for as long as the run goes on. With that much the end of a run can be
#: written where a disk is full, for ``fail`` gives it back.
_ROOM = 64 * 1024
#: What the run's process writes when the journal has grown; the number of an error when it could not.
_GREW = b"!"


def run(connection: Connection, load: Load, parent: int, life: int, inherited: Sequence[int]) -> NoReturn:
    """Keep one run, in a process just forked from the template ``parent``; never returns.

    ``life``: closes with this process, and so tells the template of its end; ``inherited``: the template's own
    descriptors, which are to be closed.
    """
    try:
        os.setsid()
        for descriptor in inherited:
            os.close(descriptor)
        request = connection.receive()
    except BaseException:
        os._exit(1)  # the host is gone
    if request is None:
        os._exit(0)
    if not request["detached"]:
        processes.die_with_parent(parent)
    keep(connection, load, request, [life])


def keep(connection: Connection, load: Load, request: Message, inherited: Sequence[int]) -> NoReturn:
    """Keep one run, in this process, which is for that alone; never returns.

    ``inherited``: descriptors that the run's own process is not to have.
    """
    try:
        processes.become_subreaper()
        process = _begin(connection, load, request, inherited)
        if process is not None:
            _RunKeeper(connection, process, request).keep()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        processes.kill_all((), _KILL_WAIT)
        os._exit(0)


def _begin(connection: Connection, load: Load, request: Message, inherited: Sequence[int]) -> "Optional[_Process]":
    """Have the run begin, before all that can wait for that; None where it cannot, which the host is told."""
    try:
        lock = _take_lock(request["folder"])
    except OSError as error:
        _tell(connection, {"type": "not_begun", "reason": error.strerror, "path": request["folder"]})
        return None
    try:
        return _Process(load, request, [connection.fileno(), lock, *inherited])
    except OSError as error:
        _tell(connection, {"type": "not_begun", "reason": error.strerror})
        return None


def _take_lock(folder: str) -> int:
    lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # whoever looks whether it is held may have it for a moment
    left = _ROOM
    while left:
        left -= os.write(lock, bytes(left))
    return lock


def _tell(connection: Connection, message: Message) -> None:
    with contextlib.suppress(OSError):  # the host is gone
        connection.send(message)


class _Process:
    """The process of a run, as its keeper has it."""

    def __init__(self, load: Load, request: Message, inherited: Sequence[int]) -> None:
        """Fork it; ``inherited``: descriptors that it is not to have. Raises OSError."""
        #: What it writes to stdout and stderr; that its journal has grown; and that a child of the keeper has ended.
        self.output, output = os.pipe()
        self.wrote, wrote = os.pipe()
        self.ended, ended = os.pipe()
        for descriptor in (wrote, self.ended, ended):
            os.set_blocking(descriptor, False)
        before = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ended, warn_on_full_buffer=False)
        keeper = os.getpid()
        # Until the run's process can take them: one that comes before would be lost, or end it without a word.
        cancellation.block()
        self.pid = fork()
        if self.pid == 0:
            signal.set_wakeup_fd(-1)
            # None: it is no handler of Python's, which cannot be put back.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL if before is None else before)
            _become_run(keeper, load, request, output, wrote, [*inherited, self.output, self.wrote, self.ended, ended])
        cancellation.unblock()
        for descriptor in (output, wrote):
            os.close(descriptor)


def _become_run(
    keeper: int, load: Load, request: Message, output: int, wrote: int, inherited: Sequence[int]
) -> NoReturn:
    """Never returns: user code must not come back into the keeper's frames."""
    try:
        os.setsid()
        processes.die_with_parent(keeper)
        for descriptor in inherited:
            os.close(descriptor)
        for number in (1, 2):
            os.dup2(output, number)
        os.close(output)
        options, masker = RunOptions.from_json(request["options"]), Masker(request["secrets"])
        execute(load, request["folder"], request["run_id"], options, masker, lambda refused: _wrote(wrote, refused))
        os._exit(0)
    except NotToldError:
        pass  # the keeper knows
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _wrote(descriptor: int, refused: Optional[OSError]) -> None:
    """Tell the keeper that the journal has grown, or why it could not be written."""
    if refused is not None:
        os.set_blocking(descriptor, True)
        os.write(descriptor, b"%d" % (refused.errno or errno.EIO))
        return
    with contextlib.suppress(BlockingIOError):  # full: the keeper will look anyway
        os.write(descriptor, _GREW)


class _RunKeeper:
    def __init__(self, connection: Connection, process: _Process, request: Message) -> None:
        self._connection = connection
        self._process = process
        self._run_id: str = request["run_id"]
        self._folder: str = request["folder"]
        self._detached: bool = request["detached"]
        self._grace: float = request["grace"]
        self._output = RunOutput(self._folder, Masker(request["secrets"]))
        self._poll = select.poll()
        self._canceled = False
        self._deadline: Optional[float] = None
        #: When the run's process is nudged, once it was interrupted.
        self._nudge_at: Optional[float] = None
        self._ending: Optional[Message] = None
        #: What the disk has answered the run that would have written its journal, as an ``errno``.
        self._refused: Optional[int] = None

    def keep(self) -> None:
        _tell(self._connection, {"type": "begun", "pid": os.getpid()})
        self._wait()
        processes.kill_all((), _KILL_WAIT)
        self._write_end()
        _tell(self._connection, {"type": "ended"})

    def _wait(self) -> None:
        """Wait for the end of the run's process, or bring it about."""
        actions = {
            self._connection.fileno(): self._listen,
            self._process.output: self._take_output,
            self._process.wrote: self._journal_grew,
            self._process.ended: self._child_ended,
        }
        for descriptor in actions:
            self._poll.register(descriptor, select.POLLIN)
        while self._ending is None:
            for descriptor, _ in self._poll.poll(_LOOK * 1000):
                actions[descriptor]()
            if self._ending is not None:
                break  # its pid may be somebody else's now
            if not self._canceled and os.path.exists(os.path.join(self._folder, CANCEL)):
                self._cancel()
            if self._nudge_at is not None and time.monotonic() >= self._nudge_at:
                self._nudge_at = time.monotonic() + cancellation.NUDGE_AGAIN
                cancellation.nudge(self._process.pid)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._deadline = None
                processes.kill_group(self._process.pid, signal.SIGKILL)
        for reader, take in ((self._process.output, self._take_output), (self._process.wrote, self._journal_grew)):
            os.set_blocking(reader, False)
            with contextlib.suppress(BlockingIOError):
                while take():
                    pass
        self._output.end()

    def _listen(self) -> None:
        try:
            messages = self._connection.receive_some()
        except (OSError, PipeError):
            messages = None
        if messages is None:
            self._poll.unregister(self._connection.fileno())
        if any(one["type"] == "detach" for one in messages or ()):
            self._detached = True
            processes.outlive_parent()
        if (messages is None and not self._detached) or any(one["type"] == "cancel" for one in messages or ()):
            self._cancel()

    def _cancel(self) -> None:
        if not self._canceled:
            self._canceled = True
            self._deadline = time.monotonic() + self._grace
            self._nudge_at = time.monotonic() + cancellation.NUDGE_AGAIN
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)

    def _take_output(self) -> bool:
        data = os.read(self._process.output, _CHUNK)
        if data:
            self._output.write(data)
        else:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._process.output)
        return bool(data)

    def _journal_grew(self) -> bool:
        data = os.read(self._process.wrote, _CHUNK)
        refused = data.strip(_GREW)
        if refused:
            self._refused = int(refused)
            # It tears down what it has set up, and tells no more of that.
            self._deadline = self._deadline or time.monotonic() + self._grace
        if data:
            with contextlib.suppress(OSError):  # it does not listen just now, and will look by itself
                self._connection.endpoint.send(encode({"type": "wrote"}), socket.MSG_DONTWAIT)
        else:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._process.wrote)
        return bool(data)

    def _child_ended(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._process.ended, _CHUNK)
        self._ending = reap(self._process.pid)

    def _write_end(self) -> None:
        error = self._error_of_end()
        try:
            fail(self._folder, error, canceled=self._canceled)
        except OSError:
            with contextlib.suppress(OSError):  # whoever looks will find that nobody keeps the run any more
                fail(self._folder, dataclasses.replace(error, output=""), canceled=self._canceled)

    def _error_of_end(self) -> ErrorInfo:
        assert self._ending is not None
        code, number = self._ending["code"], self._ending["signal"]
        if self._refused is not None:
            error = RunError(
                ErrorKind.RUN_RECORD_NOT_WRITABLE,
                run_id=self._run_id,
                path=os.path.join(self._folder, JOURNAL),
                reason=os.strerror(self._refused),
            )
            return ErrorInfo(error.kind, str(error))
        if number is None:
            ended = LocationError(ErrorKind.PROCESS_EXITED, code=code, doing="the pipeline ran")
        else:
            name = signal_name(number)
            advice = advice_on_signal(name)
            ended = LocationError(ErrorKind.PROCESS_SIGNALED, signal=name, doing="the pipeline ran", advice=advice)
        tail = self._output.tail()
        crashed = number is not None and signal_name(number) in NATIVE_CRASHES
        return ErrorInfo(ended.kind, str(ended), parse_stack(tail, STANDARD_LIBRARY) if crashed else (), output=tail)
