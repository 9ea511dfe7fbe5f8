"""The runs of one local code server: each kept by a process of its own, which the host hears over a socket."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from skerry.code_server.calls import Conversation
from skerry.code_server.fork_server import Child, Forker
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError, PipeError
from skerry.pipe import Connection, Message
from skerry.plugin import RunReport, RunStart

#: Seconds within which a run must have a process; the template may be forking others.
BEGIN_LIMIT = 30.0
#: Seconds that a run has to end once it is cancelled; then it is killed.
CANCEL_GRACE = 10.0
#: Seconds more that a close waits for the runs that it has cancelled.
_END_WAIT = 5.0

_ENDED = "the process of the code has ended"


@dataclass(eq=False)
class _Run:
    connection: Connection
    report: RunReport
    detached: bool
    keeper: int


class Runs:
    """Of one local code server. Thread-safe."""

    def __init__(
        self,
        template: Connection,
        sending: threading.Lock,
        fork_server: Forker,
        load: Message,
        another_writer: Callable[[], int | None],
        supervisor: Supervisor,
        *,
        fresh: bool,
    ) -> None:
        """Make it.

        ``sending``: held by whoever sends to the template. For runs whose code must be loaded once more, ``load``: the
        message that asks for it, ``fresh``: in a new interpreter; ``another_writer``: see ``Evaluator``.
        """
        self._template = template
        self._sending = sending
        self._fork_server = fork_server
        self._load = load
        self._another_writer = another_writer
        self._supervisor = supervisor
        self._fresh = fresh
        self._loaded: Message | None = None
        self._under_way: dict[str, _Run] = {}
        self._changed = threading.Condition(threading.RLock())
        self._closed = False

    def loaded(self, message: Message) -> None:
        """Take what the template has told of its load."""
        self._loaded = {**message, "repositories": ()}

    def start(self, start: RunStart, generation: int, report: RunReport) -> None:
        """See ``CodeServer.start_run``. ``generation``: of the code."""
        loaded = self._loaded
        if loaded is None:
            raise _not_started(_ENDED)
        if "runs" not in loaded:
            # An older skerry is installed in the environment.
            raise LocationError(
                ErrorKind.NOT_SUPPORTED,
                what="A run",
                server="the skerry that is installed in the environment of the code",
                advice="Update it there, or uninstall it: it is not needed.",
            )
        conversation = Conversation(time.monotonic() + BEGIN_LIMIT)
        try:
            if loaded["threads"]:
                self._spawn(conversation)
                more = {"load": self._load, "files": loaded["files"], "generation": generation}
            else:
                conversation.pass_on("run", self._template, self._sending)
                more = {}
            conversation.send({**_request(start, report.folder), **more})
            pid = _begun(conversation.receive())
        except TimeoutError:
            conversation.close()
            raise _not_started(f"its process was not there within {BEGIN_LIMIT:g} s") from None
        except (OSError, PipeError, ValueError):  # the last: the pipe was closed in this moment
            conversation.close()
            raise _not_started(_ENDED) from None
        except BaseException:  # also Ctrl-C: its keeper hears that nobody follows the run
            conversation.close()
            raise
        if start.detached:
            self._fork_server.release(pid)
        self._go_on(start, _Run(conversation.go_on_without_limit(), report, start.detached, pid))

    def _spawn(self, conversation: Conversation) -> None:
        """Ask for a process beside the template: threads that the import has started are in no fork of that."""
        output = self._another_writer()
        if output is None:
            raise _not_started(_ENDED)
        stack = os.dup(output)
        try:
            self._fork_server.spawn(
                _Spawned(conversation), [conversation.theirs.fileno(), output, stack], fresh=self._fresh
            )
        finally:
            conversation.theirs.close()
            os.close(output)
            os.close(stack)

    def _go_on(self, start: RunStart, run: _Run) -> None:
        with self._changed:
            self._under_way[start.run_id] = run
            closed = self._closed
        self._supervisor.call(lambda: self._listen(start.run_id, run))
        if closed and not start.detached:
            self.cancel(start.run_id)

    def cancel(self, run_id: str) -> None:
        """Ask for the cancellation of a run, if it is under way here."""
        with self._changed:
            run = self._under_way.get(run_id)
            if run is not None:
                with contextlib.suppress(OSError):  # it has just ended
                    run.connection.send({"type": "cancel"})

    def detach(self, run_id: str) -> None:
        """Let a run go on without this host, if it is under way here."""
        with self._changed:
            run = self._under_way.get(run_id)
            if run is not None and not run.detached:
                run.detached = True
                self._fork_server.release(run.keeper)
                with contextlib.suppress(OSError):  # it has just ended
                    run.connection.send({"type": "detach"})

    def close(self) -> None:
        """Cancel those that are not detached, and wait for their end. Idempotent; not from the supervising thread."""
        with self._changed:
            self._closed = True
            ours = [run_id for run_id, run in self._under_way.items() if not run.detached]
            for run_id in ours:
                self.cancel(run_id)
            self._changed.wait_for(
                lambda: not any(run_id in self._under_way for run_id in ours), CANCEL_GRACE + _END_WAIT
            )
            left = list(self._under_way.items())
        for run_id, run in left:
            self._supervisor.call(lambda run_id=run_id, run=run: self._leave(run_id, run))  # type: ignore[misc]

    # -- in the supervising thread ------------------------------------------------------------------------------------

    def _listen(self, run_id: str, run: _Run) -> None:
        self._supervisor.watch(run.connection.fileno(), lambda: self._readable(run_id, run))
        run.report.grew()

    def _readable(self, run_id: str, run: _Run) -> None:
        try:
            messages = run.connection.receive_some(wait=False)
        except BlockingIOError:
            return
        except (OSError, PipeError):
            messages = None
        if messages is None or any(message["type"] == "ended" for message in messages):
            self._over(run_id, run)
        else:
            run.report.grew()

    def _over(self, run_id: str, run: _Run) -> None:
        if self._forget(run_id, run):
            run.report.ended()

    def _leave(self, run_id: str, run: _Run) -> None:
        if self._forget(run_id, run):
            run.report.left()

    def _forget(self, run_id: str, run: _Run) -> bool:
        with self._changed:
            if self._under_way.pop(run_id, None) is None:
                return False
            self._supervisor.unwatch(run.connection.fileno())
            run.connection.close()
            self._changed.notify_all()
        return True


class _Spawned(Child):
    """Hears of the process of a run whose code is loaded once more. All but its not being there its keeper tells."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def spawned(self, pid: int) -> None:
        pass

    def not_spawned(self, error: LocationError) -> None:
        self._conversation.cut_off()

    def exited(self, code: int | None, signal: int | None) -> None:
        pass

    def lost(self, error: LocationError) -> None:
        pass


def _request(start: RunStart, folder: str) -> Message:
    return {
        "type": "run",
        "run_id": start.run_id,
        "folder": folder,
        "detached": start.detached,
        "grace": CANCEL_GRACE,
        "secrets": sorted(start.secrets),
        "options": start.options.to_json(),
    }


def _begun(message: Message | None) -> int:
    """Give the pid of the keeper. Raises LocationError."""
    if message is None:
        raise _not_started(_ENDED)
    if message["type"] != "begun":
        path, reason = message.get("path"), message["reason"]
        if path is not None:
            run_id = os.path.basename(path)
            raise LocationError(ErrorKind.RUN_RECORD_NOT_WRITABLE, run_id=run_id, path=path, reason=reason)
        raise _not_started(reason)
    pid: int = message["pid"]
    return pid


def _not_started(reason: str) -> LocationError:
    advice = "Start the run again; reload the location if that lasts."
    return LocationError(ErrorKind.PROCESS_NOT_STARTED, reason=reason, advice=advice)
