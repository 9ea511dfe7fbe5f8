"""The contents of files, read again only where something points to a change."""

from __future__ import annotations

import os
import time

from skerry.user_process.files import digest

#: Seconds within which a file may change twice and still bear the same times.
_COARSE = 0.1


class Digests:
    """The digests of paths, as ``skerry.user_process.files.digest`` gives them. For one thread."""

    def __init__(self) -> None:
        #: Of each path the digest, and what told that the file was the same, if that can be relied on.
        self._read: dict[str, tuple[tuple[int, ...] | None, str]] = {}
        self._looked: dict[str, str] = {}

    def look_again(self) -> None:
        """Have each path looked at once more: until this is called again, a path has one digest."""
        for path in self._read.keys() - self._looked.keys():
            del self._read[path]  # nobody asks for it any more
        self._looked = {}

    def __call__(self, path: str) -> str:
        """Give what stands for the content of a path."""
        if path not in self._looked:
            self._looked[path] = self._digest(path)
        return self._looked[path]

    def _digest(self, path: str) -> str:
        try:
            status = os.stat(path)
        except OSError:
            self._read.pop(path, None)
            return ""
        times = status.st_mtime_ns, status.st_ctime_ns
        marks = (*times, status.st_size, status.st_ino, status.st_dev)
        known, content = self._read.get(path, (None, ""))
        if known != marks:
            content = digest(path)
            settled = max(times) < (time.time() - _COARSE) * 1e9
            self._read[path] = (marks if settled else None, content)
        return content
