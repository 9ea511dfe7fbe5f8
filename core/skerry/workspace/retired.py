"""Code servers that a location does not use any more, until they are closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from skerry.code_server.supervisor import Timer
from skerry.workspace.opened import OpenedCodeServer

#: Seconds for which a code server that was replaced may go on answering the calls that began in it. Runs may take
#: longer.
DRAIN_LIMIT = 60.0


class Threads(Protocol):
    """Where something is done by another thread."""

    def soon(self, task: Callable[[], None]) -> None:
        """Run a task that may wait, in another thread."""

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Call a short function once so many seconds have passed."""


class Retired:
    """Thread-safe. Whoever adds one sees to it that ``close_ended`` is called, by a thread that may wait."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._lock = threading.RLock()
        self._ended: list[OpenedCodeServer] = []
        #: Those that still have calls under way, each with the limit for these.
        self._draining: dict[OpenedCodeServer, Timer] = {}
        self._waits_for_calls = True
        self._closing = threading.Lock()

    def add(self, server: OpenedCodeServer | None) -> None:
        """Have one closed that is of no use to anybody; None is none."""
        with self._lock:
            if server is not None:
                self._ended.append(server)

    def drain(self, server: OpenedCodeServer | None) -> None:
        """Have one closed that was replaced: soon, or once the calls that began in it are over."""
        with self._lock:
            if server is None or not server.calls_under_way or not self._waits_for_calls:
                self.add(server)
                return
            self._draining[server] = self._threads.call_later(DRAIN_LIMIT, lambda: self._limit_passed(server))
        server.when_idle(lambda: self._drained(server))

    def stop_draining(self) -> None:
        """Wait for no call any more."""
        with self._lock:
            self._waits_for_calls = False
            draining, self._draining = self._draining, {}
            self._ended += draining
        for limit in draining.values():
            limit.cancel()

    def close_ended(self) -> None:
        """Close what has ended, and wait for who does so already. Called by a thread that may wait."""
        with self._closing:
            with self._lock:
                ended, self._ended = self._ended, []
            for server in ended:
                server.close()

    def _limit_passed(self, server: OpenedCodeServer) -> None:
        if not server.runs_under_way:
            self._drained(server)

    def _drained(self, server: OpenedCodeServer) -> None:
        with self._lock:
            limit = self._draining.pop(server, None)
            if limit is None:
                return
            limit.cancel()
            self._ended.append(server)
        self._threads.soon(self.close_ended)
