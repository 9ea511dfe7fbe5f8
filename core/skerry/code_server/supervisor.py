"""The supervising thread: one selector and one list of timers for all the processes of a workspace."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

logger = logging.getLogger("skerry")


class Timer:
    """A call that is due later, unless it is cancelled before."""

    def __init__(self, due: float, function: Callable[[], None]) -> None:
        self.due = due
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Do not call; harmless when it is too late."""
        self.function = None


class Supervisor:
    """Runs short functions in one thread: when a descriptor can be read, when a time has come, or when asked."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._calls: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._stopping = False
        self._ended = False
        self._wake_up, self._wake_up_writer = socket.socketpair()
        for end in (self._wake_up, self._wake_up_writer):
            end.setblocking(False)
        self._selector.register(self._wake_up, selectors.EVENT_READ, self._awake)
        self._thread = threading.Thread(target=self._run, name="skerry-supervisor", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run ``function`` in the supervising thread, soon, after those asked for before. From any thread."""
        with self._lock:
            # It looks whether there are calls before it waits: only the first of several needs to wake it.
            idle = not self._calls
            self._calls.append(function)
            if idle and not self._ended:
                self._wake()

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Run ``function`` in the supervising thread in ``seconds``. From any thread."""
        timer = Timer(time.monotonic() + seconds, function)
        self.call(lambda: heapq.heappush(self._timers, (timer.due, next(self._count), timer)))
        return timer

    def watch(self, descriptor: int, function: Callable[[], None]) -> None:
        """Run ``function`` whenever ``descriptor`` can be read. From the supervising thread only."""
        self._selector.register(descriptor, selectors.EVENT_READ, function)

    def unwatch(self, descriptor: int) -> None:
        """Undo ``watch``; harmless when it was not watched. From the supervising thread only."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)

    def stop(self) -> None:
        """End the thread after what it was asked for before, and wait for it. Idempotent."""
        self.call(self._finish)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _finish(self) -> None:
        self._stopping = True

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it is awake as it is
            self._wake_up_writer.send(b"!")

    def _run(self) -> None:
        while not (self._stopping and not self._calls):
            for key, _ in self._selector.select(self._seconds_to_next()):
                self._protected(key.data)
            self._run_calls()
            self._run_timers()
        with self._lock:  # nobody wakes it from here on
            self._ended = True
            self._selector.close()
            self._wake_up.close()
            self._wake_up_writer.close()

    def _run_calls(self) -> None:
        for _ in range(len(self._calls)):
            self._protected(self._calls.popleft())

    def _run_timers(self) -> None:
        while self._timers and (self._timers[0][2].function is None or self._timers[0][0] <= time.monotonic()):
            function = heapq.heappop(self._timers)[2].function
            if function is not None:
                self._protected(function)

    def _seconds_to_next(self) -> float | None:
        if self._calls or self._stopping:
            return 0
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _protected(self, function: Callable[[], None]) -> None:
        try:
            function()
        except Exception:
            # One location's trouble must not end the thread that watches over all of them.
            logger.exception("the supervising thread met an error")

    def _awake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_up.recv(4096)
