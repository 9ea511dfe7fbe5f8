"""A code server together with what its location type was given to open it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from skerry.model import Evaluation, EvaluationResult, ReloadResult
from skerry.plugin import CodeServer, RunReport, RunStart, ServerStatus
from skerry.workspace.runtime import LocationRuntime


class OpenedCodeServer(CodeServer):
    """What ``open`` gave; closing it also ends what its runtime holds.

    ``begin_call`` and ``end_call`` are around each call into its code, so that it is known when the last one is over.
    """

    def __init__(self, server: CodeServer, runtime: LocationRuntime) -> None:
        self.owned = server.owned
        self.runs_elsewhere = server.runs_elsewhere
        self._server = server
        self._runtime = runtime
        self._calls = 0
        self._runs = 0
        self._when_idle: Callable[[], None] = lambda: None
        self._counting = threading.Lock()

    @property
    def calls_under_way(self) -> int:
        """How many calls into its code there are, runs included."""
        return self._calls + self._runs

    @property
    def runs_under_way(self) -> int:
        """How many runs of its code there are."""
        return self._runs

    def begin_call(self) -> None:
        """Count a call that begins."""
        with self._counting:
            self._calls += 1

    def end_call(self) -> None:
        """Count a call that is over."""
        with self._counting:
            self._calls -= 1
            idle = not self.calls_under_way
        if idle:
            self._when_idle()

    def begin_run(self) -> None:
        """Count a run that begins."""
        with self._counting:
            self._runs += 1

    def end_run(self) -> None:
        """Count a run that is over."""
        with self._counting:
            self._runs -= 1
            idle = not self.calls_under_way
        if idle:
            self._when_idle()

    def when_idle(self, function: Callable[[], None]) -> None:
        """Call ``function`` whenever the last call is over, and now if there is none."""
        with self._counting:
            self._when_idle = function
            idle = not self.calls_under_way
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

    def start_run(self, start: RunStart, report: RunReport) -> None:
        """See ``CodeServer``."""
        self._server.start_run(start, report)

    def resume_run(self, run_id: str, report: RunReport) -> bool:
        """See ``CodeServer``."""
        return self._server.resume_run(run_id, report)

    def cancel_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._server.cancel_run(run_id)

    def detach_run(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._server.detach_run(run_id)

    def update_run_output(self, run_id: str) -> None:
        """See ``CodeServer``."""
        self._server.update_run_output(run_id)

    def close(self) -> None:
        """See ``CodeServer``."""
        try:
            self._server.close()
        finally:
            self._runtime.close()
