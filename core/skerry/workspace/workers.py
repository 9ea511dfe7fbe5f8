"""The worker threads in which location types open their locations."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from skerry.code_server.supervisor import Timer

#: Built-in types open in a millisecond and do not wait; others may clone a repository or pull an image.
WORKERS = 16
#: Seconds after which a task is one that waits, and another thread takes its thread's place.
PATIENCE = 0.5


class Workers:
    """Runs functions in up to ``WORKERS`` threads, which end when there is nothing left to do.

    Those that run one for longer than ``PATIENCE`` do not count, so that what waits or hangs delays nobody; there are
    never more threads than tasks that have not returned. The threads are daemons: one that hangs in a plugin must not
    keep the program from ending.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Timer]) -> None:
        self._call_later = call_later
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def submit(self, task: Callable[[], None]) -> None:
        """Run ``task`` soon. It must not raise."""
        with self._lock:
            self._tasks.put(task)
            self._start_thread()

    def _start_thread(self) -> None:
        if len(self._threads) < WORKERS:
            thread = threading.Thread(target=self._work, name="skerry-open", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _replace(self, waiting: threading.Thread) -> None:
        """Let another thread take the place of one whose task takes long."""
        with self._lock:
            self._threads.discard(waiting)
            if not self._tasks.empty():
                self._start_thread()

    def _work(self) -> None:
        thread = threading.current_thread()
        while True:
            with self._lock:
                if thread not in self._threads:
                    return  # it was replaced
                try:
                    task = self._tasks.get_nowait()
                except queue.Empty:
                    self._threads.discard(thread)
                    return
            patience = self._call_later(PATIENCE, lambda: self._replace(thread))
            task()
            patience.cancel()
