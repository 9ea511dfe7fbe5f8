"""A call that takes its time, beside the test."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Call:
    """A call in a thread: its result, or what it has raised."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self.result: object = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._function()
        except Exception as error:
            self.error = error

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def is_over_within(self, seconds: float) -> bool:
        """Tell whether it ends in that time; for calls that must not."""
        self._thread.join(seconds)
        return self.is_over

    def wait(self, seconds: float = 30.0) -> None:
        """Wait for its end; raises what it has raised."""
        self._thread.join(seconds)
        assert self.is_over
        if self.error is not None:
            raise self.error
