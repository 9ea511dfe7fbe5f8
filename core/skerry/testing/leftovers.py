"""What a piece of work leaves behind: processes, threads, open files."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from skerry.testing.waiting import wait_until

#: Seconds in which what was told to end must be gone.
PATIENCE = 20.0


@dataclass(frozen=True)
class Held:
    """What this process holds at one moment; ``files`` is a count of descriptors."""

    processes: frozenset[psutil.Process]
    threads: frozenset[threading.Thread]
    files: int


def held() -> Held:
    """Look at what this process holds now."""
    return Held(_descendants(), frozenset(threading.enumerate()), psutil.Process().num_fds())


def left_behind(before: Held) -> list[str]:
    """Give in words what there is beyond ``before``, once PATIENCE was not enough for it to go away."""
    gc.collect()  # what is closed only when it is collected is not what is looked for
    if wait_until(lambda: not _beyond(before), PATIENCE):
        return []
    return _beyond(before)


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """Fail with an AssertionError when the body leaves a process, a thread or an open file behind."""
    before = held()
    yield
    left = left_behind(before)
    if left:
        raise AssertionError(f"left behind: {', '.join(left)}")


def _beyond(before: Held) -> list[str]:
    now = held()
    words = [f"process {process.pid}{_command(process)}" for process in now.processes - before.processes]
    words += [f"thread {thread.name!r}" for thread in now.threads - before.threads]
    if now.files > before.files:
        more = now.files - before.files
        words.append(f"{more} open file{'s' if more > 1 else ''}")
    return words


def _command(process: psutil.Process) -> str:
    try:
        return f" ({' '.join(process.cmdline())[:60]})"
    except psutil.Error:
        return ""


def _descendants() -> frozenset[psutil.Process]:
    """Give the processes below this one that are alive; a zombie of somebody else's is not."""
    alive = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                alive.add(process)
    return frozenset(alive)
