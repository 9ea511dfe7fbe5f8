"""Reads the log files of one load, again and again while they are written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from skerry.code_server.log_folder import LoggedLoad

_CHUNK = 256 * 1024


class LogReader:
    """Goes on where it has come to, from part to part. A file is open only while it is read."""

    def __init__(self) -> None:
        """Begin at the beginning, as far as that is kept."""
        self._part = 0
        self._offset = 0

    def is_too_late(self, load: LoggedLoad) -> bool:
        """Tell whether something between what was read and what is there now has been removed."""
        return self._part > 0 and load.parts[0] > self._part + 1

    def read(self, load: LoggedLoad) -> Iterator[bytes]:
        """Give what has come since. ``load``: as it is now. Raises OSError."""
        for part in load.parts:
            # What follows a part came after its end.
            if part > self._part:
                self._part, self._offset = part, 0
            if part == self._part:
                yield from self._rest(load)

    def _rest(self, load: LoggedLoad) -> Iterator[bytes]:
        # It may have been removed meanwhile, since there are so many newer ones.
        with contextlib.suppress(FileNotFoundError), open(load.path(self._part), "rb", buffering=0) as file:
            file.seek(self._offset)
            while data := file.read(_CHUNK):
                self._offset += len(data)
                yield data
