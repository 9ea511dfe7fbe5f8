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
from skerry.forking import fork, signal_name
from skerry.model import ErrorInfo, RunOptions
from skerry.pipe import Connection, Message, encode
from skerry.user_process import processes
from skerry.user_process.journal import CANCEL, JOURNAL, LOCK
from skerry.user_process.keeper import reap
from skerry.user_process.masking import Masker
from skerry.user_process.run import Load, execute, fail
from skerry.user_process.run_output import RunOutput

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
        _RunKeeper(connection, load, request, inherited).keep()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        processes.kill_all((), _KILL_WAIT)
        os._exit(0)


class _RunKeeper:
    def __init__(self, connection: Connection, load: Load, request: Message, inherited: Sequence[int]) -> None:
        self._connection = connection
        self._inherited = inherited
        self._load = load
        self._folder: str = request["folder"]
        self._run_id: str = request["run_id"]
        self._detached: bool = request["detached"]
        self._grace: float = request["grace"]
        self._options = RunOptions.from_json(request["options"])
        self._masker = Masker(request["secrets"])
        self._output = RunOutput(self._folder, self._masker)
        self._output_reader, self._output_writer = os.pipe()
        self._wrote_reader, self._wrote_writer = os.pipe()
        self._wake_up, self._wake_up_writer = socket.socketpair()
        self._poll = select.poll()
        self._pid = 0
        self._canceled = False
        self._deadline: Optional[float] = None
        self._ending: Optional[Message] = None
        #: What the disk has answered the run that would have written its journal, as an ``errno``.
        self._refused: Optional[int] = None

    def keep(self) -> None:
        try:
            lock = self._take_lock()
        except OSError as error:
            self._tell({"type": "not_begun", "reason": error.strerror, "path": self._folder})
            return
        for end in (self._wake_up, self._wake_up_writer):
            end.setblocking(False)
        os.set_blocking(self._wrote_writer, False)
        before = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_up_writer.fileno(), warn_on_full_buffer=False)
        keeper = os.getpid()
        # Until the run's process can take them: one that comes before would be lost, or end it without a word.
        cancellation.block()
        try:
            self._pid = fork()
        except OSError as error:
            self._tell({"type": "not_begun", "reason": error.strerror})
            return
        if self._pid == 0:
            signal.set_wakeup_fd(-1)
            # None: it is no handler of Python's, which cannot be put back.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL if before is None else before)
            self._become_run(keeper, lock)
        cancellation.unblock()
        for descriptor in (self._output_writer, self._wrote_writer):
            os.close(descriptor)
        self._tell({"type": "begun", "pid": keeper})
        self._wait()
        processes.kill_all((), _KILL_WAIT)
        self._write_end()
        self._tell({"type": "ended"})

    def _take_lock(self) -> int:
        lock = os.open(os.path.join(self._folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever looks whether it is held may have it for a moment
        left = _ROOM
        while left:
            left -= os.write(lock, bytes(left))
        return lock

    def _wait(self) -> None:
        """Wait for the end of the run's process, or bring it about."""
        actions = {
            self._connection.fileno(): self._listen,
            self._output_reader: self._take_output,
            self._wrote_reader: self._journal_grew,
            self._wake_up.fileno(): self._child_ended,
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
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._deadline = None
                processes.kill_group(self._pid, signal.SIGKILL)
        for reader, take in ((self._output_reader, self._take_output), (self._wrote_reader, self._journal_grew)):
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
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGINT)

    def _take_output(self) -> bool:
        data = os.read(self._output_reader, _CHUNK)
        if data:
            self._output.write(data)
        else:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._output_reader)
        return bool(data)

    def _journal_grew(self) -> bool:
        data = os.read(self._wrote_reader, _CHUNK)
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
                self._poll.unregister(self._wrote_reader)
        return bool(data)

    def _child_ended(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_up.recv(4096)
        self._ending = reap(self._pid)

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
            advice = "If nobody killed it, the system was out of memory: look at the kernel's log."
            ended = LocationError(ErrorKind.PROCESS_SIGNALED, signal=name, doing="the pipeline ran", advice=advice)
        return ErrorInfo(ended.kind, str(ended), output=self._output.tail())

    def _tell(self, message: Message) -> None:
        with contextlib.suppress(OSError):  # the host is gone
            self._connection.send(message)

    def _become_run(self, keeper: int, lock: int) -> NoReturn:
        """Never returns: user code must not come back into the keeper's frames."""
        try:
            os.setsid()
            processes.die_with_parent(keeper)
            self._connection.close()
            ends = [self._output_reader, self._wrote_reader, self._wake_up.fileno(), self._wake_up_writer.fileno()]
            for descriptor in (*self._inherited, lock, *ends):
                os.close(descriptor)
            for number in (1, 2):
                os.dup2(self._output_writer, number)
            os.close(self._output_writer)
            execute(self._load, self._folder, self._run_id, self._options, self._masker, self._wrote)
            os._exit(0)
        except NotToldError:
            pass  # the keeper knows
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)

    def _wrote(self, refused: Optional[OSError]) -> None:
        if refused is not None:
            os.set_blocking(self._wrote_writer, True)
            os.write(self._wrote_writer, b"%d" % (refused.errno or errno.EIO))
            return
        with contextlib.suppress(BlockingIOError):  # full: the keeper will look anyway
            os.write(self._wrote_writer, _GREW)
