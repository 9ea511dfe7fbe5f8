"""What a run writes to stdout and stderr: in files of bounded size, the newest at hand."""

import contextlib
import os

from skerry.user_process.masked_lines import MaskedLines
from skerry.user_process.masking import Masker

# The newest, and the one before it.
OUTPUT = "output.log"
OUTPUT_BEFORE = "output.1.log"

#: Bytes at which a file is full; the one before it is kept, too.
PART_SIZE = 8 * 1024 * 1024
#: Bytes and lines at hand for an error.
_TAIL = 100_000
_TAIL_LINES = 50


class RunOutput:
    """Writes ``output.log`` in the folder of a run; what was before the last full file is ``output.1.log``.

    Where there are secrets, a line is written once it has ended.
    """

    def __init__(self, folder: str, masker: Masker) -> None:
        self._path = os.path.join(folder, OUTPUT)
        self._before = os.path.join(folder, OUTPUT_BEFORE)
        self._size = 0
        self._tail = b""
        self._lines = MaskedLines(lambda: masker)

    def write(self, data: bytes) -> None:
        """Take what was written. A disk that takes nothing costs what would have stood there, and nobody waits."""
        for block in self._lines.put(data):
            self._write(block)

    def end(self) -> None:
        """Write the rest: nothing more comes."""
        self._write(self._lines.end())

    def _write(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-_TAIL:]
        with contextlib.suppress(OSError):
            if self._size and self._size + len(data) > PART_SIZE:
                os.replace(self._path, self._before)
                self._size = 0
            with open(self._path, "ab", buffering=0, opener=_private) as file:
                file.write(data)
            self._size += len(data)

    def tail(self) -> str:
        """Give the last lines."""
        lines = self._tail.decode("utf-8", "backslashreplace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
