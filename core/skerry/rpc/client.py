"""A code server over gRPC: one connection, watched by one thread for as long as the location is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from skerry.code_server import Backoff
from skerry.errors import ErrorKind, LocationError
from skerry.model import ErrorInfo, Evaluation, EvaluationResult, ReloadResult, RepositorySnapshot, State
from skerry.plugin import CodeServer, RunReport, RunStart, ServerStatus, Tls
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.credentials import TokenSource, token_source
from skerry.rpc.diagnosis import unreachable
from skerry.rpc.peer import Peer
from skerry.rpc.remote_runs import RemoteRuns
from skerry.rpc.wire import read_hello, read_snapshot, read_status
from skerry.rpc.wire_evaluation import read_result, write_evaluation
from skerry.rpc.wire_reload import read_reload

#: Seconds to wait before the second attempt, and at most before any.
FIRST_RETRY = 0.2
LAST_RETRY = 10.0
#: At most, while a server of ours is starting.
WHILE_STARTING = 0.4
#: Seconds that a connection must have held for the next attempt to be made at once.
STEADY = 1.0
#: Seconds that a server may take for its first answer.
HANDSHAKE_TIMEOUT = 10.0
#: The same right after a connection was lost: until then the location is shown as if nothing had happened.
RECONNECT_TIMEOUT = 2.0
#: Seconds for a whole snapshot, and for what was written.
TRANSFER_TIMEOUT = 120.0
#: Seconds that an answer may take beyond the limit of what was asked for.
ANSWER_TIMEOUT = 2.0
#: Seconds that closing waits for the thread; its calls are cancelled first.
_CLOSE_WAIT = 5.0
_SAME_VERSION = "See whether both sides have the same version of Skerry."


class RemoteCodeServer(CodeServer):
    """A code server that runs elsewhere, or at least by itself. Its own thread does all but the calls from outside."""

    owned = False
    runs_elsewhere = True

    def __init__(self, address: Address, tls: Tls | None, token: TokenSource, *, starting: bool = False) -> None:
        """Return at once. ``starting``: until it is reached for the first time, no connection means LOADING."""
        self._address = address
        self._tls = tls
        self._token = token
        self._starting = starting
        self._observer: Callable[[ServerStatus], None] | None = None
        self._status = ServerStatus(State.LOADING, progress=f"connecting to {address.words}")
        self._snapshot: tuple[str, int] | None = None
        self._repositories: tuple[RepositorySnapshot, ...] = ()
        self._peer: Peer | None = None
        self._was_connected = False
        self._runs = RemoteRuns(address)
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="skerry-remote", daemon=True)
        self._thread.start()

    # -- what the workspace calls -------------------------------------------------------------------------------

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        with self._lock:
            self._observer = observer
            observer(self._status)

    def output(self) -> str:
        """See ``CodeServer``; empty while there is no connection."""
        try:
            peer = self._connected("Showing its output", "Output")
            with peer.errors():
                parts = peer.stream(peer.stubs.output, messages.OutputRequest(), TRANSFER_TIMEOUT)
                return "".join(part.text for part in parts)
        except LocationError:
            return ""

    def reload(self) -> ReloadResult:
        """See ``CodeServer``. It takes as long as the server's own limit lets it."""
        peer = self._connected("A reload", "Reload")
        return read_reload(peer.call(peer.stubs.reload, messages.ReloadRequest(), None))

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``CodeServer``. That the server cannot be reached, or is lost meanwhile, is an error in the result."""
        request = write_evaluation(evaluation, timeout)
        try:
            peer = self._connected("An evaluation", "Evaluate")
            with peer.errors():
                return read_result(peer.stream(peer.stubs.evaluate, request, timeout + ANSWER_TIMEOUT))
        except LocationError as error:
            if error.kind is ErrorKind.NOT_SUPPORTED:
                raise
            return EvaluationResult(error=ErrorInfo(error.kind, str(error)))
        except (ValueError, RecursionError):
            unreadable = unreachable(self._address, "it answers what this side cannot read", _SAME_VERSION)
            return EvaluationResult(error=ErrorInfo(unreadable.kind, str(unreadable)))

    def start_run(self, start: RunStart, report: RunReport) -> None:
        """See ``CodeServer``. A connection that is lost meanwhile is waited for a while."""
        self._runs.start(start, report)

    def resume_run(self, run_id: str, report: RunReport) -> bool:
        """See ``CodeServer``."""
        return self._runs.resume(run_id, report)

    def cancel_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._runs.cancel(run_id)

    def detach_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._runs.detach(run_id)

    def update_run_output(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._runs.update_output(run_id)

    def end_runs(self) -> None:
        """Cancel the runs that are not detached, and wait for their end."""
        self._runs.end()

    def shut_down(self, timeout: float) -> None:
        """Ask the server to end. Raises LocationError when it cannot be asked."""
        peer = self._connected("Shutting down", "ShutDown")
        peer.call(peer.stubs.shut_down, messages.ShutDownRequest(), timeout)

    def close(self) -> None:
        """Leave the server; it goes on, without the runs that are not detached. See ``CodeServer``."""
        with self._lock:
            self._observer = None
        self._runs.end()
        with self._lock:
            self._closed.set()
            peer = self._peer
        self._runs.close()
        if peer is not None:
            peer.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_WAIT)

    # -- in its own thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        backoff, patience = Backoff(FIRST_RETRY, LAST_RETRY), HANDSHAKE_TIMEOUT
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                connected = self._follow(patience)
                error = unreachable(self._address, "it has ended")
            except LocationError as failure:
                connected, error = self._was_connected, failure
            except Exception as failure:  # whatever is wrong in there, the location must not hang in LOADING
                reason = f"{type(failure).__name__}: {failure}"
                connected, error = False, unreachable(self._address, reason, "Report this as a defect of Skerry.")
            if connected and time.monotonic() - began > STEADY:
                backoff.reset()
                patience = RECONNECT_TIMEOUT  # another one may have taken its place already
            elif not self._closed.is_set():
                pause = backoff.next(WHILE_STARTING if self._starting else None)
                self._lost(error, pause)
                self._closed.wait(pause)
                patience = HANDSHAKE_TIMEOUT

    def _follow(self, patience: float) -> bool:
        """Connect and follow the server's status to its end; tells whether it has told any."""
        self._was_connected = False
        with self._connection(patience) as peer:
            for message in self._statuses(peer):
                self._was_connected = True
                self._take(peer, message)
        return self._was_connected

    @contextmanager
    def _connection(self, patience: float) -> Iterator[Peer]:
        peer = Peer(self._address, self._tls, self._token)
        try:
            with self._lock:
                if self._closed.is_set():
                    raise unreachable(self._address, "it was left")
                self._peer = peer
            peer.shake_hands(patience)
            self._runs.connected(peer)
            yield peer
        finally:
            self._runs.disconnected()
            with self._lock:
                self._peer = None
            peer.close()

    def _statuses(self, peer: Peer) -> Iterator[messages.Status]:
        peer.require("Watch", "Watching it")
        with peer.errors():
            yield from peer.stream(peer.stubs.watch, messages.WatchRequest())

    def _take(self, peer: Peer, message: messages.Status) -> None:
        """Take a status, with the repositories that it speaks of."""
        self._starting = False  # from now on it is lost when it does not answer
        known = (peer.hello.server_id, message.snapshot)
        if message.snapshot and known != self._snapshot:
            message, self._repositories = self._fetch(peer, message)
            self._snapshot = (peer.hello.server_id, message.snapshot)
        status = read_status(message, self._address.words)
        if status.state is State.FAILED and status.server is None:
            # The user's process has ended; the server that tells so is there, and with it its image.
            status = replace(status, server=read_hello(peer.hello, self._address.words))
        self._tell(replace(status, repositories=self._repositories if message.snapshot else ()))

    def _fetch(self, peer: Peer, message: messages.Status) -> tuple[messages.Status, tuple[RepositorySnapshot, ...]]:
        peer.require("Snapshot", "Showing its definitions")
        items: list[messages.Item] = []
        with peer.errors():
            for part in peer.stream(peer.stubs.snapshot, messages.SnapshotRequest(), TRANSFER_TIMEOUT):
                if part.HasField("status"):
                    message = part.status  # the repositories are this one's, which may be a newer one
                items.extend(part.items)
        return message, read_snapshot(items)

    def _lost(self, error: LocationError, pause: float) -> None:
        self._snapshot = None
        if self._starting:
            self._tell(ServerStatus(State.LOADING, progress=f"waiting for the server at {self._address.words}"))
            return
        info = ErrorInfo(error.kind, str(error))
        self._tell(ServerStatus(State.UNREACHABLE, error=info, retry_at=time.time() + pause))

    def _tell(self, status: ServerStatus) -> None:
        with self._lock:
            before, self._status = self._status.state, status
            if self._observer is None:
                return
            if before is State.FAILED and status.state in (State.READY, State.UNREACHABLE):
                # It was loaded again, or left, unseen: no location comes out of FAILED but by LOADING.
                self._observer(ServerStatus(State.LOADING, progress="loading again"))
            self._observer(status)

    def _connected(self, what: str, capability: str) -> Peer:
        with self._lock:
            peer = self._peer
        if peer is None or not peer.hello.server_id:
            raise unreachable(self._address, "there is no connection")
        peer.require(capability, what)
        return peer


def connect(address: str, tls: Tls | None, token: str | None, token_file: str | None) -> RemoteCodeServer:
    """See ``skerry.plugin.Runtime.connect``. Called by the workspace's runtime."""
    return RemoteCodeServer(Address.parse(address), tls, token_source(token, token_file))
