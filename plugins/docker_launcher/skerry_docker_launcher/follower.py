"""Follows one container that executes a run: its lines become events, its end that of the run."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skerry.errors import ErrorKind, LocationError
from skerry.plugin import ErrorInfo, RunEvent, RunLaunch
from skerry.plugin.containers import EventLines
from skerry_docker_launcher.engine import FAULTS, APIError, Container, NotFound, reason_of, remove

if TYPE_CHECKING:
    from docker.types import CancellableStream

logger = logging.getLogger("skerry.docker")

#: Seconds from the first signal that cancels a run to its being killed. What executes it takes 10 for the same.
KILL_AFTER = 20.0
#: Seconds between two signals: one that comes before the container listens is lost.
_SIGNAL_AGAIN = 1.0
#: Seconds between two attempts to reach the engine, at first and at most.
FIRST_RETRY = 0.2
LAST_RETRY = 10.0
#: Bytes of what a run prints that are kept: the last ones; and lines of them in an error.
_OUTPUT_LIMIT = 16 * 1024 * 1024
_TAIL_LINES = 50
#: How often the engine may refuse the log of a container that has ended.
_REFUSALS = 5

_OVER = ("exited", "dead", "removing")


class Follower:
    """One run in a container, from its start to its end, or until it is left. Thread-safe."""

    def __init__(
        self, container: Container, launch: RunLaunch, *, detached: bool, over: Callable[[Follower], None]
    ) -> None:
        """``over``: called once nothing more is told."""
        self.run_id = launch.start.run_id
        self.detached = detached
        self._container = container
        self._report = launch.report
        self._when_over = over
        self._leaving = threading.Event()
        self._over = threading.Event()
        self._canceled = threading.Event()
        self._streaming = threading.Lock()
        self._stream: CancellableStream[bytes] | None = None
        self._keeping = threading.Lock()
        self._all_is_kept = False
        #: The sequence number of the last event that was met, and whether the one that ends the run was.
        self._known = 0
        self._has_end = False
        #: Why the journal cannot be completed, in words; how often the engine has refused to give the rest.
        self._lacks = ""
        self._refusals = 0
        self._threads = [threading.Thread(target=self._run, name=f"skerry-docker-{self.run_id}", daemon=True)]

    @property
    def is_ending(self) -> bool:
        """Whether the run is over, or is to be: then its container is about to end, and is to be removed."""
        return self._has_end or self._canceled.is_set()

    def begin(self) -> None:
        """Follow it from now on."""
        self._threads[0].start()

    def cancel(self) -> None:
        """Have the run cancelled, and killed if that takes too long. Returns at once."""
        if not self._canceled.is_set():
            self._canceled.set()
            thread = threading.Thread(target=self._cancel, name=f"skerry-docker-cancel-{self.run_id}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def leave(self) -> None:
        """Tell no more of it. Returns at once."""
        self._leaving.set()
        with self._streaming:
            self._close_stream()

    def join(self, timeout: float) -> None:
        """Wait until nothing more is told, at most so many seconds."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def update_output(self) -> None:
        """Keep what the run has printed until now, if the engine says."""
        with contextlib.suppress(*FAULTS):
            self._keep_output()

    def _keep_output(self, *, last: bool = False) -> str:
        with self._keeping:
            if self._all_is_kept:
                return ""
            self._all_is_kept = last
            output = self._output()
            self._report.keep_output(output)
            return output

    def _output(self) -> str:
        kept = bytearray()
        for part in self._container.logs(stdout=False, stderr=True, stream=True, follow=False):
            kept += part
            if len(kept) > 2 * _OUTPUT_LIMIT:
                del kept[:-_OUTPUT_LIMIT]
        return kept[-_OUTPUT_LIMIT:].decode("utf-8", "surrogateescape")

    # -- in the thread that cancels ----------------------------------------------------------------------------------

    def _cancel(self) -> None:
        began = None
        while not self._over.is_set() and not self._leaving.is_set():
            late = began is not None and time.monotonic() - began > KILL_AFTER
            with contextlib.suppress(*FAULTS):  # it has ended, or the engine is away: asked again until it is known
                self._container.kill(signal="SIGKILL" if late else "SIGTERM")
                began = began or time.monotonic()
            self._over.wait(_SIGNAL_AGAIN)

    # -- in the thread that follows ----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:
            logger.exception("the run %s is no longer followed", self.run_id)
            self._report.ended(self._described(f"is no longer followed: {type(error).__name__}: {error}"))
        finally:
            self._over.set()
            self._when_over(self)

    def _follow(self) -> None:
        """Follow it to its end, or until it is left."""
        pause = FIRST_RETRY
        while not self._leaving.is_set():
            known = self._known
            try:
                if self._look():
                    return
            except NotFound:
                self._report.ended(self._described("was removed"), canceled=self._canceled.is_set())
                return
            except FAULTS as error:
                if pause == FIRST_RETRY:
                    logger.warning("the run %s cannot be followed just now: %s", self.run_id, reason_of(error))
            pause = FIRST_RETRY if self._known > known else min(pause * 2, LAST_RETRY)
            self._leaving.wait(pause)
        self._report.left()

    def _look(self) -> bool:
        """Take the events as they come, for as long as that goes; tells whether the container has ended."""
        fault = None
        try:
            self._read_events()
        except NotFound:
            raise
        except FAULTS as error:
            fault = error
        self._container.reload()
        state = self._container.attrs["State"]
        if state["Status"] in _OVER:
            self._end(state)
            return True
        if fault is not None:
            raise fault
        return False

    def _read_events(self) -> None:
        """Take the events from the first on, until the container ends or the connection does."""
        stream = self._container.logs(stdout=True, stderr=False, stream=True, follow=True)
        with self._streaming:
            self._stream = stream
            if self._leaving.is_set():
                self._close_stream()
        try:
            lines = EventLines()
            for part in stream:
                self._take(lines.put(part))
        finally:
            with self._streaming:
                self._close_stream()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):  # the SDK looks for a socket that may be closed already
                stream.close()

    def _take(self, events: Sequence[RunEvent]) -> None:
        if self._lacks or not events:
            return
        if any(event.is_end for event in events):
            # Once the end is known, what has been printed is looked for.
            self.update_output()
            self._has_end = True
        try:
            self._report.take(events)
        except ValueError as error:
            # The engine has thrown away the beginning of its log. The run goes on; how it ends cannot be known.
            self._lacks = str(error)
        self._known = max(self._known, events[-1].sequence)

    def _end(self, state: Mapping[str, Any]) -> None:
        """Tell the end of the container, whose state that is, and remove it."""
        if not self._has_end:
            self._take_what_is_left()
        tail = "\n".join(self._keep_output(last=True).splitlines()[-_TAIL_LINES:])
        ending = (
            f"has ended, and its log does not tell how its run did: {self._lacks}" if self._lacks else _words(state)
        )
        self._report.ended(self._described(ending, tail), canceled=self._canceled.is_set())
        remove(self._container)

    def _take_what_is_left(self) -> None:
        """Take the events of a container that has ended: the connection may have ended before it did."""
        try:
            self._take(EventLines().put(self._container.logs(stdout=True, stderr=False)))
        except NotFound:
            raise
        except APIError as error:
            self._refusals += 1
            if self._refusals < _REFUSALS:
                raise
            self._lacks = reason_of(error)

    def _described(self, ending: str, output: str = "") -> ErrorInfo:
        error = LocationError(ErrorKind.RUN_CONTAINER_ENDED, container=self._container.name, ending=ending)
        return ErrorInfo(error.kind, str(error), output=output)


def _words(state: Mapping[str, Any]) -> str:
    """Say how a container has ended."""
    code = state["ExitCode"]
    if state["OOMKilled"]:
        return f"was out of memory, and killed (exit code {code})"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(code - 128).name} (exit code {code})"
    told = f": {state['Error']}" if state.get("Error") else ""
    return f"ended with exit code {code}{told}"
