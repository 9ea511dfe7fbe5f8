"""The keeper of one evaluation: forks the process that runs user code, and sees to its end and that of all it starts.

The host's socket says how long: once its other end is closed, or shut for writing, time is up. Then the evaluation is
asked for its Python stack and killed with its descendants, in whatever session they are (Linux; elsewhere its process
group). Being the parent, the keeper alone knows that a pid is still that process.

It tells ``begun``; then ``ended`` with the exit code or signal, the stack if it was asked for, and the ``answer`` of
the evaluation, if it gave one; or ``not_begun``.
"""

import contextlib
import faulthandler
import os
import select
import signal
import socket
import sys
from typing import Callable, NoReturn, Optional, Sequence, Tuple

from skerry.errors import PipeError
from skerry.forking import fork
from skerry.pipe import Connection, Decoder, Message, encode
from skerry.user_process import processes
from skerry.user_process.start import STACK_SIGNAL
from skerry.user_process.streams import flush, read_stack

#: Seconds to wait for processes that were sent SIGKILL; one that hangs in the kernel cannot be waited for.
_KILL_WAIT = 5.0
_CHUNK = 256 * 1024

#: Makes the answer to the host's request, in the process of the evaluation.
Evaluate = Callable[[Message], Message]


def run(connection: Connection, evaluate: Evaluate, parent: int, life: int, inherited: Sequence[int]) -> NoReturn:
    """Keep one evaluation, in a process just forked from the template ``parent``; never returns.

    ``life``: closes with this process, and so tells the template of its end; ``inherited``: the template's own
    descriptors, which are to be closed.
    """
    try:
        os.setsid()
        processes.die_with_parent(parent)
        processes.become_subreaper()
        for descriptor in inherited:
            os.close(descriptor)
        request = connection.receive()
        if request is not None:
            _Keeper(connection, evaluate, request, life).keep()
    except OSError:
        pass  # the host is gone
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        # Whatever happened, nothing of the evaluation may be left.
        processes.kill_all((), _KILL_WAIT)
        os._exit(0)


class _Keeper:
    def __init__(self, connection: Connection, evaluate: Evaluate, request: Message, life: int) -> None:
        self._connection = connection
        self._evaluate = evaluate
        self._request = request
        self._life = life
        self._answers, self._answer_writer = os.pipe()
        self._stacks, self._stack_writer = os.pipe()
        self._answer = b""
        self._stopped = False

    def keep(self) -> None:
        wake_up, wake_up_writer = socket.socketpair()
        for end in (wake_up, wake_up_writer):
            end.setblocking(False)
        before = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_up_writer.fileno(), warn_on_full_buffer=False)
        keeper = os.getpid()
        try:
            pid = fork()
        except OSError as error:
            self._connection.send({"type": "not_begun", "reason": error.strerror})
            return
        if pid == 0:
            signal.set_wakeup_fd(-1)
            # None: it is no handler of Python's, which cannot be put back.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL if before is None else before)
            self._become_evaluation(keeper, [wake_up.fileno(), wake_up_writer.fileno()])
        for descriptor in (self._answer_writer, self._stack_writer):
            os.close(descriptor)
        self._connection.send({"type": "begun"})
        ended, stack = self._wait(pid, wake_up)
        processes.kill_all((), _KILL_WAIT)
        # The signal for its stack ends what waits: what that led to is no answer.
        answer = None if self._stopped else self._whole_answer()
        self._connection.send({"type": "ended", **ended, "stack": stack, "answer": answer})

    def _wait(self, pid: int, wake_up: socket.socket) -> "Tuple[Message, str]":
        """Wait for the end of the evaluation, or bring it about; gives how it ended, and its stack if it was asked."""
        stack = ""
        poll = select.poll()
        for descriptor in (self._connection.fileno(), self._answers, wake_up.fileno()):
            poll.register(descriptor, select.POLLIN)
        while True:
            readable = [descriptor for descriptor, _ in poll.poll()]
            if self._answers in readable and not self._read_answer():
                poll.unregister(self._answers)
            if wake_up.fileno() in readable:
                with contextlib.suppress(BlockingIOError):
                    wake_up.recv(4096)
                ended = reap(pid)
                if ended is not None:
                    while self._read_answer():  # what it said before it ended counts
                        pass
                    return ended, stack
            if self._connection.fileno() in readable:  # nothing comes that way but its end
                poll.unregister(self._connection.fileno())
                self._stopped = self._whole_answer() is None
                os.kill(pid, STACK_SIGNAL)
                stack = read_stack(self._stacks)
                processes.kill_group(pid, signal.SIGKILL)

    def _read_answer(self) -> bool:
        """Read what there is; tells whether there may be more."""
        os.set_blocking(self._answers, False)
        try:
            data = os.read(self._answers, _CHUNK)
        except BlockingIOError:
            return False
        self._answer += data
        return bool(data)

    def _whole_answer(self) -> Optional[Message]:
        try:
            messages = Decoder().feed(self._answer)
        except PipeError:
            return None  # user code wrote to a descriptor that is not its own
        return messages[0] if messages else None

    def _become_evaluation(self, keeper: int, inherited: Sequence[int]) -> NoReturn:
        """Never returns: user code must not come back into the keeper's frames."""
        try:
            os.setsid()
            processes.die_with_parent(keeper)
            self._connection.close()
            for descriptor in (*inherited, self._life, self._answers, self._stacks):
                os.close(descriptor)
            faulthandler.register(STACK_SIGNAL, file=self._stack_writer, all_threads=True)
            data = encode(self._evaluate(self._request))
            flush()
            with open(self._answer_writer, "wb", closefd=False) as answers:
                answers.write(data)
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)


def reap(kept: int) -> Optional[Message]:
    """Wait for all children that have ended, orphans too; tells how the one that is ``kept`` has, if it did."""
    found = None
    while True:
        pid, status = processes.wait_for_any()
        if pid == 0:
            return found
        if pid == kept:
            found = processes.ending(status)
