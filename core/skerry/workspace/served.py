"""A location as a code server, so that it can be published."""

from __future__ import annotations

from collections.abc import Callable

from skerry.model import Evaluation, EvaluationResult, LocationState, ReloadResult
from skerry.plugin import CodeServer, ServerStatus
from skerry.workspace.location import Location
from skerry.workspace.workspace import Workspace


class ServedLocation(CodeServer):
    """One location of a workspace. It outlives the loads of the code, and ``close`` leaves the location open."""

    def __init__(self, workspace: Workspace, location: Location) -> None:
        self._workspace = workspace
        self._location = location
        self._observer: Callable[[ServerStatus], None] | None = None

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``; called from whichever thread moves the location."""
        self._observer = observer
        self._workspace.subscribe(self._moved)
        self._moved(self._location.name, None, self._location.snapshot)

    def output(self) -> str:
        """See ``CodeServer``."""
        return self._location.output()

    def reload(self) -> ReloadResult | None:
        """See ``CodeServer``."""
        return self._location.reload()

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``CodeServer``."""
        return self._location.evaluate(evaluation, timeout)

    def close(self) -> None:
        """See ``CodeServer``."""
        self._observer = None

    def _moved(self, name: str, old: LocationState | None, new: LocationState) -> None:
        observer = self._observer
        if name == self._location.name and observer is not None:
            observer(
                ServerStatus(
                    state=new.state,
                    server=new.server,
                    repositories=new.repositories,
                    error=new.error,
                    explanation=new.explanation,
                    progress=new.progress,
                    stale=new.stale,
                    retry_at=new.retry_at,
                    busy_since=new.busy_since,
                    warnings=new.warnings,
                )
            )
