"""A code server together with what its location type was given to open it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from skerry.model import Evaluation, EvaluationResult, ReloadResult
from skerry.plugin import CodeServer, ServerStatus
from skerry.workspace.runtime import LocationRuntime


class OpenedCodeServer(CodeServer):
    """What ``open`` gave; closing it also ends what its runtime holds.

    ``begin_call`` and ``end_call`` are around each call into its code, so that it is known when the last one is over.
    """

    def __init__(self, server: CodeServer, runtime: LocationRuntime) -> None:
        self.owned = server.owned
        self._server = server
        self._runtime = runtime
        self._calls = 0
        self._when_idle: Callable[[], None] = lambda: None
        self._counting = threading.Lock()

    @property
    def calls_under_way(self) -> int:
        """How many calls into its code there are."""
        return self._calls

    def begin_call(self) -> None:
        """Count a call that begins."""
        with self._counting:
            self._calls += 1

    def end_call(self) -> None:
        """Count a call that is over."""
        with self._counting:
            self._calls -= 1
            idle = not self._calls
        if idle:
            self._when_idle()

    def when_idle(self, function: Callable[[], None]) -> None:
        """Call ``function`` whenever the last call is over, and now if there is none."""
        with self._counting:
            self._when_idle = function
            idle = not self._calls
        if idle:
            function()

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        self._server.watch(observer)

    def output(self) -> str:
        """See ``CodeServer``."""
        return self._server.output()

    def reload(self) -> ReloadResult | None:
        """See ``CodeServer``."""
        return self._server.reload()

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``CodeServer``."""
        return self._server.evaluate(evaluation, timeout)

    def close(self) -> None:
        """See ``CodeServer``."""
        try:
            self._server.close()
        finally:
            self._runtime.close()
