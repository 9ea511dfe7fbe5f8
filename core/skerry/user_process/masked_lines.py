"""Takes secrets out of a stream: line by line, since a line may come in pieces."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Protocol, TypeVar

Bytes = TypeVar("Bytes", bytes, bytearray)

#: Bytes that are masked at a time, which no other thread of the host runs meanwhile. A line that is longer is masked
#: in pieces; a secret of this length is found all the same.
BLOCK = 64 * 1024


class Mask(Protocol):
    """What hides secrets; ``skerry.workspace_file.Masker`` is one."""

    @property
    def secrets(self) -> Collection[str]:
        """The values to hide."""

    def data(self, data: bytes) -> bytes:
        """Mask every secret in ``data``, and change nothing else."""


class MaskedLines:
    """Where there are secrets, the line that is being written is kept back until it has ended."""

    def __init__(self, mask: Callable[[], Mask]) -> None:
        """``mask``: gives what hides all the secrets known by now."""
        self._mask = mask
        self._held = b""

    def put(self, data: bytes) -> Iterator[bytes]:
        """Add some; gives blocks that can be written."""
        for start in range(0, len(data), BLOCK):
            self._held += data[start : start + BLOCK]
            mask = self._mask()
            end = max(self._held.rfind(b"\n"), self._held.rfind(b"\r")) + 1 if mask.secrets else len(self._held)
            if end:
                yield mask.data(self._held[:end])
                self._held = self._held[end:]
            elif len(self._held) > 2 * BLOCK:
                masked = mask.data(self._held)
                yield masked[:-BLOCK]
                self._held = masked[-BLOCK:]

    def skip(self, data: bytes) -> bytes:
        """Give up the line that is kept back, and its end in ``data``, since what was between them is lost."""
        if not self._mask().secrets:
            return data
        self._held = b""
        return without_broken_line(data)

    def end(self) -> bytes:
        """Give the rest: nothing more will come."""
        rest, self._held = self._mask().data(self._held), b""
        return rest


def without_broken_line(text: Bytes) -> Bytes:
    """Drop what is left of a line whose beginning was cut off: in the rest of a secret nobody knows the secret."""
    end = text.find(b"\n", 0, BLOCK)
    return text[(end + 1 if end >= 0 else BLOCK) :]
