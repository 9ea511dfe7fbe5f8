"""Where a user process writes its Python stacks when it is asked for them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from skerry.code_server.supervisor import Supervisor, Timer

#: Seconds: how long to wait for a stack to begin, and for more of it.
_ANSWER = 2.0
_MORE = 0.1


class StackPipe:
    """A pipe of its own, since a stack must be told from what user code prints, while that may be stuck."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._text = bytearray()
        self._timer: Timer | None = None
        self._answer: Callable[[str], None] | None = None

    def read(self, answer: Callable[[str], None]) -> None:
        """Give the stack that is about to be written to ``answer``; empty when none comes. Supervising thread."""
        self._answer = answer
        self._supervisor.watch(self._reader, self._readable)
        self._timer = self._supervisor.call_later(_ANSWER, self._finish)

    def close_writer(self) -> None:
        """Close our copy of the writing end. Idempotent."""
        writer, self.writer = self.writer, -1
        if writer >= 0:
            os.close(writer)

    def close(self) -> None:
        """Stop reading. Supervising thread only; idempotent."""
        reader, self._reader = self._reader, -1
        if reader >= 0:
            self._supervisor.unwatch(reader)
            os.close(reader)
        self._answer = None

    def _readable(self) -> None:
        data = b""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._reader, 65536)
        self._text += data
        if self._timer is not None:
            self._timer.cancel()
        if data:
            self._timer = self._supervisor.call_later(_MORE, self._finish)
        else:
            self._finish()

    def _finish(self) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None:
            answer(self._text.decode("utf-8", "replace"))
