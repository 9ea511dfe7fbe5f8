"""The fork server: one single-threaded process for each interpreter, from which user processes are forked.

It serves the host's pipe: ``spawn`` (with the descriptors of a new user process: pipe, output, stack), ``execute``
(of any command: stdout, stderr) and ``preload`` (of another fork server, which imports modules first: pipe, output)
are answered by ``spawned`` or ``not_spawned``; ``signal`` is passed on; each end is told by ``exited``. Being the
parent, it alone knows that a pid is still that process. When the pipe closes, however the host ended, nothing that it
started is left, but for the runs that the host has told it to ``release``.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from typing import List, NoReturn, Set

# Imported for the children, with the caches of sys.path that finding it fills: what is there before the fork is shared.
import skerry_user_code  # type: ignore[import-not-found]  # noqa: F401  # in `injected`

import skerry
from skerry.forking import fork
from skerry.model import Evaluation
from skerry.pipe import PROTOCOL, Connection, Message, encode
from skerry.user_process import processes, serve, start
from skerry.user_process.evaluate import evaluate
from skerry.user_process.explain import explain
from skerry.user_process.load import load
from skerry.user_process.preload import become_another, preload
from skerry.user_process.target import Target

#: Descriptors that come with each request for a process.
_DESCRIPTORS = {"spawn": 3, "execute": 2, "preload": 2}
#: Seconds to wait for processes that were sent SIGKILL; one that hangs in the kernel cannot be waited for.
_KILL_WAIT = 5.0


def run(bootstrap: str, pipe: int, open_files: int) -> None:
    """Serve the pipe until it closes; never returns. ``open_files``: the soft limit that user code is to have."""
    try:
        _limit_open_files(open_files)
        processes.become_subreaper()
        connection = Connection(socket.socket(fileno=pipe))
        connection.send(_hello())
        _rehearse()
        ForkServer(bootstrap, connection).serve()
    finally:
        # Whatever happened, an exception of ours included, no process may be left.
        os._exit(0)


def _limit_open_files(soft: int) -> None:
    # The host raised its own limit; user code that closes all descriptors up to it should not pay for that.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class ForkServer:
    """The loop of the process, and the processes that it has forked."""

    def __init__(self, bootstrap: str, connection: Connection) -> None:
        self._bootstrap = bootstrap
        self._connection = connection
        self._children: Set[int] = set()
        #: Keepers of runs that go on when everything else ends.
        self._released: Set[int] = set()
        self._wake_up, wake_up_writer = socket.socketpair()
        self._wake_up_writer = wake_up_writer
        self._wake_up.setblocking(False)
        wake_up_writer.setblocking(False)

    def serve(self) -> None:
        """Answer the host until its pipe closes or SIGTERM comes; then kill what is left."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_up_writer.fileno(), warn_on_full_buffer=False)
        try:
            # The children share these objects: their pages must not be touched by a collection, nor new ones made in
            # the holes that one leaves.
            gc.freeze()
            gc.enable()
            while self._step():
                pass
        except OSError:
            pass  # the host is gone
        finally:
            processes.kill_all(self._children, _KILL_WAIT, self._released)

    def _step(self) -> bool:
        descriptors = [self._connection.fileno(), self._wake_up.fileno()]
        readable, _, _ = select.select(descriptors, [], [])
        if self._wake_up.fileno() in readable:
            with contextlib.suppress(BlockingIOError):
                self._wake_up.recv(4096)
            self._reap()
        if self._connection.fileno() in readable:
            messages = self._connection.receive_some()
            if messages is None:
                return False
            for message in messages:
                self._handle(message)
        return True

    def _handle(self, message: Message) -> None:
        if message["type"] in _DESCRIPTORS:
            descriptors = [self._connection.descriptors.popleft() for _ in range(_DESCRIPTORS[message["type"]])]
            self._spawn(message, descriptors)
        elif message["type"] == "signal" and message["pid"] in self._children:
            if message["group"]:
                processes.kill_group(message["pid"], message["signal"])
            else:
                os.kill(message["pid"], message["signal"])
        elif message["type"] == "release":
            self._children.discard(message["pid"])
            self._released.add(message["pid"])

    def _spawn(self, message: Message, descriptors: List[int]) -> None:
        parent = os.getpid()
        try:
            pid = fork()
        except OSError as error:
            answer = {"type": "not_spawned", "id": message["id"], "reason": error.strerror}
        else:
            if pid == 0:
                self._become(parent, message, descriptors)
            self._children.add(pid)
            answer = {"type": "spawned", "id": message["id"], "pid": pid}
        for descriptor in descriptors:
            os.close(descriptor)
        self._connection.send(answer)

    def _become(self, parent: int, message: Message, descriptors: List[int]) -> None:
        """Never returns: user code must not come back into the fork server's frames."""
        try:
            os.setsid()
            processes.die_with_parent(parent)
            processes.become_subreaper()
            self._forget()
            if message["type"] == "execute":
                _execute(message, *descriptors)
            if message["type"] == "preload":
                self._become_preloaded(message["modules"], *descriptors)
            become_another()
            self._become_user_process(*descriptors, fresh=message["fresh"])
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)

    def _become_user_process(self, pipe: int, output: int, stack: int, *, fresh: bool) -> None:
        _take_output(output, output)
        if fresh:
            for descriptor in (pipe, stack):
                os.set_inheritable(descriptor, True)
            line = start.command(sys.executable, self._bootstrap, start.USER_PROCESS, [pipe, stack])
            os.execv(sys.executable, line)
        serve.run(self._bootstrap, pipe, stack)

    def _become_preloaded(self, modules: List[str], pipe: int, output: int) -> None:
        """Become a fork server that has imported ``modules``; where one of them is not fit for that, end."""
        _take_output(output, output)
        connection = Connection(socket.socket(fileno=pipe))
        gc.disable()
        if preload(modules, connection):
            ForkServer(self._bootstrap, connection).serve()
        os._exit(0)

    def _forget(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._wake_up.close()
        self._wake_up_writer.close()
        self._connection.close()
        for descriptor in self._connection.descriptors:
            os.close(descriptor)

    def _reap(self) -> None:
        while True:
            pid, status = processes.wait_for_any()
            if pid == 0:
                break
            if pid in self._children:
                self._children.discard(pid)
                self._connection.send({"type": "exited", "pid": pid, **processes.ending(status)})
            self._released.discard(pid)
        # User processes are subreapers: only descendants of one that has ended become children of this process.
        processes.kill_strangers({*self._children, *self._released})


def _take_output(stdout: int, stderr: int) -> None:
    # Nothing of ours is on descriptors 0, 1 and 2: user code may close or redirect them.
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (stdout, 1), (stderr, 2)):
        os.dup2(descriptor, number)
    for descriptor in {nothing, stdout, stderr}:
        os.close(descriptor)


def _execute(message: Message, stdout: int, stderr: int) -> NoReturn:
    """Become a command; what hinders that goes where its complaints would go."""
    _take_output(stdout, stderr)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and a command would inherit that
    try:
        os.chdir(message["cwd"])
        os.execvpe(message["argv"][0], message["argv"], message["env"])
    except OSError as error:
        os.write(2, str(error).encode("utf-8", "backslashreplace"))
        os._exit(127)  # what a shell says of a command that it cannot start


def _rehearse() -> None:
    """Load something once: the memory that this fills or changes is shared by the children, not copied by each."""
    name = "skerry.user_process.rehearsal"
    target = Target.from_json(Target("module", name, None, "/", None).to_json())
    loaded, repositories = load(target)
    evaluation = Evaluation("repertoire", "rehearse", "schedule")
    evaluated = evaluate(repositories, {"evaluation": evaluation.to_json()})
    encode({"type": "rehearsal", "explanation": explain(target, "", "").to_json(), "messages": [loaded, evaluated]})
    sys.modules.pop(name, None)


def _hello() -> Message:
    return {
        "type": "hello",
        "protocol": PROTOCOL,
        "skerry": skerry.__version__,
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "executable": sys.executable,
    }
