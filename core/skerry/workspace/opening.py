"""The worker threads in which location types open their locations."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

#: Built-in types open in a millisecond and do not wait; others may clone a repository or pull an image.
WORKERS = 16


class Workers:
    """Runs functions in up to ``WORKERS`` threads, which end when there is nothing left to do.

    The threads are daemons: one that hangs in a plugin must not keep the program from ending.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def submit(self, task: Callable[[], None]) -> None:
        """Run ``task`` soon. It must not raise."""
        with self._lock:
            self._tasks.put(task)
            if len(self._threads) < WORKERS:
                thread = threading.Thread(target=self._work, name="skerry-open", daemon=True)
                self._threads.add(thread)
                thread.start()

    def give_up(self, then: Callable[[], None]) -> Callable[[], None]:
        """Called in a task: gives a function that lets another thread take this one's place, and calls ``then``."""
        stuck = threading.current_thread()

        def replace() -> None:
            with self._lock:
                self._threads.discard(stuck)
            self.submit(then)

        return replace

    def _work(self) -> None:
        while True:
            with self._lock:
                if threading.current_thread() not in self._threads:
                    return  # it was given up
                try:
                    task = self._tasks.get_nowait()
                except queue.Empty:
                    self._threads.discard(threading.current_thread())
                    return
            task()
