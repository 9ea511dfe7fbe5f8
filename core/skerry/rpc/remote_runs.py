"""The runs that this process has had started over one connection to a code server, or follows over it.

One call tells of all of them, and is made again when the connection was lost: each run is followed from the last event
on that its journal here has, and what was asked of it meanwhile is asked again.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from dataclasses import dataclass

from skerry.code_server.runs import CANCEL_GRACE
from skerry.errors import ErrorKind, LocationError, RunError
from skerry.model import ErrorInfo
from skerry.plugin import RunReport, RunStart
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.diagnosis import unreachable
from skerry.rpc.peer import Peer
from skerry.rpc.wire_errors import read_error
from skerry.rpc.wire_runs import read_event, write_start

#: Seconds within which a server must have started a run, the load of its code included.
START_TIMEOUT = 90.0
#: Seconds for which a start is tried again when the connection is lost meanwhile. The server starts each run once.
RETRY_FOR = 10.0
#: Seconds within which a connection is known to be lost, once a call over it has failed for that.
_NOTICE = 0.5
#: Seconds before the call that follows is made again, where the connection is there.
_PAUSE = 1.0
#: Seconds for what a run has written.
OUTPUT_TIMEOUT = 120.0
#: Seconds more than the grace time that closing waits for runs that it has cancelled.
_END_WAIT = 5.0

Requests = queue.SimpleQueue[messages.RunsRequest | None]


@dataclass(eq=False)
class _Run:
    run_id: str
    report: RunReport
    detached: bool
    #: The sequence number of the last event that its journal here has.
    after: int = 0
    canceled: bool = False
    #: Whether the server is still to be told that it is detached.
    detaching: bool = False
    #: Whether the server was asked if it knows the run, and what it has answered.
    resuming: bool = False
    known: bool | None = None
    #: Whether it has told all that there was when it was asked.
    caught_up: bool = False
    #: Whether all that it has written was brought here.
    is_output_kept: bool = False


class RemoteRuns:
    """Of one ``RemoteCodeServer``. Thread-safe."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._runs: dict[str, _Run] = {}
        self._peer: Peer | None = None
        #: What the call under way sends; None while there is none.
        self._requests: Requests | None = None
        self._following = False
        self._closed = False
        self._changed = threading.Condition(threading.RLock())

    # -- the connection ---------------------------------------------------------------------------------------------

    def connected(self, peer: Peer) -> None:
        """Follow over this connection from now on."""
        with self._changed:
            self._peer = peer
            self._changed.notify_all()
            self._follow_soon()

    def disconnected(self) -> None:
        """Take that the connection is lost."""
        with self._changed:
            self._peer = None
            self._changed.notify_all()

    # -- what code servers are asked for ----------------------------------------------------------------------------

    def start(self, start: RunStart, report: RunReport) -> None:
        """See ``CodeServer.start_run``."""
        try:
            parts = list(write_start(start))
        except ValueError as error:
            raise self._refused(str(error)) from None
        deadline = time.monotonic() + RETRY_FOR
        while True:
            peer = self._connected_peer(deadline, "StartRun", "A run")
            try:
                reply = peer.call(peer.stubs.start_run, iter(parts), START_TIMEOUT)
                break
            except LocationError as error:
                if error.kind is not ErrorKind.SERVER_UNREACHABLE or not self._is_lost(peer):
                    raise
        if reply.HasField("error"):
            raise self._refused(read_error(reply.error).message)
        self._follow(_Run(start.run_id, report, start.detached))

    def resume(self, run_id: str, report: RunReport) -> bool:
        """See ``CodeServer.resume_run``."""
        self._connected_peer(time.monotonic() + RETRY_FOR, "FollowRuns", "Following a run")
        run = _Run(run_id, report, detached=True, after=report.sequence, resuming=True)
        self._follow(run)
        with self._changed:
            self._changed.wait_for(lambda: run.known is False or run.caught_up or self._closed, RETRY_FOR)
            if not run.known:
                self._runs.pop(run_id, None)
        if run.known is None:
            raise unreachable(self._address, "it did not answer in time", "See whether it hangs.")
        return run.known

    def cancel(self, run_id: str) -> None:
        """See ``CodeServer.cancel_run``."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is not None:
                run.canceled = True
                self._ask(messages.RunsRequest(cancel=run_id))

    def detach(self, run_id: str) -> None:
        """See ``CodeServer.detach_run``."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is not None and not run.detached:
                run.detached = run.detaching = True
                self._ask(messages.RunsRequest(detach=run_id))

    def update_output(self, run_id: str) -> None:
        """See ``CodeServer.update_run_output``."""
        with self._changed:
            run, peer = self._runs.get(run_id), self._peer
        if run is not None and peer is not None:
            self._fetch_output(peer, run)

    def end(self) -> None:
        """Cancel the runs that are not detached, and wait for their end, as long as there is a connection.

        Those that were just detached are waited for until the server knows.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._peer is None or not any(run.detaching for run in self._runs.values()), _END_WAIT
            )
            attached = [run for run in self._runs.values() if not run.detached]
            for run in attached:
                self.cancel(run.run_id)
            self._changed.wait_for(
                lambda: self._peer is None or not any(run.run_id in self._runs for run in attached),
                CANCEL_GRACE + _END_WAIT,
            )

    def close(self) -> None:
        """Leave the runs that there still are. Idempotent."""
        with self._changed:
            self._closed = True
            left = list(self._runs.values())
            self._runs.clear()
            self._ask(None)
            self._changed.notify_all()
        for run in left:
            run.report.left()

    # -- following ----------------------------------------------------------------------------------------------------

    def _follow(self, run: _Run) -> None:
        with self._changed:
            if not self._closed:
                self._runs[run.run_id] = run
                if self._requests is not None:
                    self._ask(_follow_request(run))
                else:
                    self._follow_soon()
                return
        run.report.left()

    def _follow_soon(self) -> None:
        """Begin to follow, in a thread of its own, if there is anything to follow. Under the lock."""
        if self._runs and self._peer is not None and not self._following:
            self._following = True
            threading.Thread(target=self._follow_all, name="skerry-runs", daemon=True).start()

    def _follow_all(self) -> None:
        """Follow as long as there are runs and a connection."""
        while True:
            with self._changed:
                peer = self._peer
                if peer is None or not self._runs:
                    self._following = False
                    return
                requests = self._requests = self._all_requests()
            done = False
            with contextlib.suppress(LocationError, OSError):  # it is tried again; a disk may have room then
                done = self._follow_once(peer, requests)
            with self._changed:
                self._requests = None
                requests.put(None)
                if not done:
                    self._changed.wait_for(functools.partial(self._is_left, peer), _PAUSE)

    def _all_requests(self) -> Requests:
        requests: Requests = queue.SimpleQueue()
        for run in self._runs.values():
            requests.put(_follow_request(run))
            if run.canceled:
                requests.put(messages.RunsRequest(cancel=run.run_id))
            if run.detaching:
                requests.put(messages.RunsRequest(detach=run.run_id))
        return requests

    def _is_left(self, peer: Peer) -> bool:
        return self._closed or self._peer is not peer

    def _follow_once(self, peer: Peer, requests: Requests) -> bool:
        """Follow until nothing is left to follow, or the server ends it; tells which of them it was."""
        peer.require("FollowRuns", "Following a run")
        with peer.errors():
            call = peer.stream(peer.stubs.follow_runs, iter(requests.get, None))
            try:
                for part in call:
                    self._take(peer, part)
                    if self._is_done():
                        return True
            finally:
                call.cancel()
        return False

    def _is_done(self) -> bool:
        """Tell whether there are no runs any more; whoever starts the next one begins to follow anew then."""
        with self._changed:
            if not self._runs:
                self._requests = None
            return not self._runs

    def _take(self, peer: Peer, part: messages.RunsPart) -> None:
        with self._changed:
            run = self._runs.get(part.run_id)
        if run is None:
            return
        if part.unknown:
            self._tell(run, known=False)
            if not run.resuming:  # else who asks is told
                where = f"The code server at {self._address.words}"
                lost = RunError(ErrorKind.RUN_UNKNOWN_ELSEWHERE, where=where, run_id=run.run_id)
                self._over(run, ErrorInfo(lost.kind, str(lost)))
            return
        try:
            events = [read_event(event) for event in part.events]
            if any(event.is_end for event in events):
                self._fetch_last_output(peer, run)  # whoever hears of the end may look at it, or close all of this
            run.report.take(events)
            run.after = part.events[-1].sequence if part.events else run.after
        except (ValueError, RecursionError):
            advice = "See whether both sides have the same version of Skerry."
            error = unreachable(self._address, "it tells of a run what this side cannot read", advice)
            self._over(run, ErrorInfo(error.kind, str(error)))
            return
        if part.detached:
            with self._changed:
                run.detaching = False
                self._changed.notify_all()
            return
        if part.over:
            self._fetch_last_output(peer, run)
            self._over(run, None)
        self._tell(run, known=True, caught_up=part.over or not part.events)

    def _tell(self, run: _Run, *, known: bool, caught_up: bool = False) -> None:
        with self._changed:
            run.known, run.caught_up = known, run.caught_up or caught_up
            self._changed.notify_all()

    def _over(self, run: _Run, error: ErrorInfo | None) -> None:
        run.report.ended(error)
        with self._changed:
            self._runs.pop(run.run_id, None)
            self._changed.notify_all()

    def _fetch_last_output(self, peer: Peer, run: _Run) -> None:
        """Bring what a run that is over has written, unless it is here; if that cannot be now, once it is back."""
        if not run.is_output_kept:
            run.is_output_kept = self._fetch_output(peer, run)

    def _fetch_output(self, peer: Peer, run: _Run) -> bool:
        """Bring what a run has written by now; tells whether that could be."""
        with contextlib.suppress(LocationError):
            peer.require("RunOutput", "Showing what a run has written")
            with peer.errors():
                request = messages.RunOutputRequest(run_id=run.run_id)
                parts = peer.stream(peer.stubs.run_output, request, OUTPUT_TIMEOUT)
                run.report.keep_output("".join(part.text for part in parts))
                return True
        return False

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, request: messages.RunsRequest | None) -> None:
        """Send it with the call under way; without one it follows from what is known of the run. Under the lock."""
        if self._requests is not None:
            self._requests.put(request)

    def _connected_peer(self, deadline: float, capability: str, what: str) -> Peer:
        with self._changed:
            self._changed.wait_for(
                lambda: self._peer is not None or self._closed, max(0.0, deadline - time.monotonic())
            )
            peer = self._peer
        if peer is None:
            raise unreachable(self._address, "there is no connection")
        peer.require(capability, what)
        return peer

    def _is_lost(self, peer: Peer) -> bool:
        """Tell whether a connection is lost, which may be noticed a little later by who watches it."""
        with self._changed:
            return self._changed.wait_for(functools.partial(self._is_left, peer), _NOTICE)

    def _refused(self, reason: str) -> LocationError:
        return LocationError(ErrorKind.RUN_REFUSED, address=self._address.words, reason=reason)


def _follow_request(run: _Run) -> messages.RunsRequest:
    return messages.RunsRequest(follow=messages.FollowRun(run_id=run.run_id, after=run.after))
