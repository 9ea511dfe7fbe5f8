"""What waits for somebody who is slower than user code."""

from __future__ import annotations

from collections import deque


class Backlog:
    """Bytes in the order in which they came; beyond ``limit`` the oldest are dropped. Not thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, data: bytes) -> None:
        """Add some; a piece is dropped whole, and the newest one never."""
        self._waiting.append(data)
        self._size += len(data)
        while self._size > self._limit and len(self._waiting) > 1:
            dropped = len(self._waiting.popleft())
            self._size -= dropped
            self._dropped += dropped

    def take(self) -> tuple[bytes, int]:
        """Take all that waits; gives also how many bytes before it were dropped."""
        taken = b"".join(self._waiting), self._dropped
        self._waiting.clear()
        self._size = self._dropped = 0
        return taken
