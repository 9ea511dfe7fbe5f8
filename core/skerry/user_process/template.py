"""A user process after its load: a template, from which evaluations and runs are forked. Single-threaded on its pipe.

For each ``evaluate`` or ``run`` that comes with a descriptor, the template forks a keeper (``keeper``, ``run_keeper``),
which does all the rest over that descriptor. Whatever happens there, the template and the others go on.
"""

import contextlib
import gc
import os
import select
import signal
import socket
from typing import Dict, Sequence

from skerry.definitions import RepositoryDefinition
from skerry.forking import fork
from skerry.pipe import Connection, Message
from skerry.user_process import keeper, processes
from skerry.user_process.evaluate import evaluate
from skerry.user_process.streams import flush


class Template:
    """The loop of the process, and the keepers that it has forked."""

    def __init__(self, connection: Connection, repositories: Sequence[RepositoryDefinition]) -> None:
        self._connection = connection
        self._repositories = repositories
        #: The keepers' pids, each by the reading end of a pipe that closes when the keeper ends. No signal is used:
        #: user code may have taken SIGCHLD.
        self._keepers: Dict[int, int] = {}
        #: The children that user code has started while it was loaded.
        self._own = set(processes.children())
        self._rehearsed = False
        self._poll = select.poll()  # user code may have opened more descriptors than `select` can wait for

    def serve(self) -> None:
        """Answer the host until its pipe closes."""
        gc.freeze()  # what was loaded is shared with the evaluations: no collection there should touch its pages
        self._poll.register(self._connection.fileno(), select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._keepers:
                    self._reap(descriptor)
                    continue
                messages = self._connection.receive_some()
                if messages is None:
                    return
                for message in messages:
                    if not self._handle(message):
                        return

    def _handle(self, message: Message) -> bool:
        """Do what the host asks for; tells whether the process goes on."""
        if message["type"] in ("evaluate", "run"):
            self._begin(message["type"], self._connection.descriptors.popleft())
            return True
        if message["type"] == "evaluate_here":
            # This process was started for one evaluation, since its code must not be forked.
            answer = self._evaluate(message)
            flush()
            self._connection.send(answer)
        return False

    def _begin(self, what: str, descriptor: int) -> None:
        if what == "run":
            # Imported when the first is asked for, and then shared by all. The others do not pay for it.
            from skerry.user_process import run_keeper, run_rehearsal

            if not self._rehearsed:
                self._rehearsed = True
                with contextlib.suppress(Exception):  # user code may have changed what it needs; the run will tell
                    run_rehearsal.rehearse()
        os.set_inheritable(descriptor, False)
        connection = Connection(socket.socket(fileno=descriptor))
        life, its_life = os.pipe()
        parent = os.getpid()
        try:
            pid = fork()
        except OSError as error:
            os.close(life)
            with contextlib.suppress(OSError):  # the host waits no longer
                connection.send({"type": "not_begun", "reason": error.strerror})
        else:
            if pid == 0:
                inherited = [self._connection.fileno(), life, *self._keepers]
                if what == "run":
                    run_keeper.run(connection, lambda: self._repositories, parent, its_life, inherited)
                keeper.run(connection, self._evaluate, parent, its_life, inherited)
            self._keepers[life] = pid
            self._poll.register(life, select.POLLIN)
        finally:
            os.close(its_life)
            connection.close()

    def _evaluate(self, request: Message) -> Message:
        return evaluate(self._repositories, request)

    def _reap(self, life: int) -> None:
        self._poll.unregister(life)
        os.close(life)
        status = 0
        with contextlib.suppress(ChildProcessError):  # user code may have asked for no zombies
            _, status = os.waitpid(self._keepers.pop(life), 0)
        if status:
            self._end_orphans()

    def _end_orphans(self) -> None:
        """End what a keeper has left that was killed itself; this process has inherited it."""
        for pid in set(processes.children()) - self._own - set(self._keepers.values()):
            processes.kill_group(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
