"""Locks that threads and processes of one machine take by a file, and that the system gives back when one dies."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock on ``path`` if nobody else does, thread or process; tells whether it is held. Raises OSError."""
    import fcntl  # not on Windows, where this module is imported all the same

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    mine = False
    try:
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last holder may have removed the file after it was opened here: then it locks nothing.
            mine = os.path.samestat(os.fstat(descriptor), os.stat(path))
        yield mine
    finally:
        if mine:
            path.unlink(missing_ok=True)
        os.close(descriptor)
