"""Which of two records of one run is the newer."""

from __future__ import annotations

from collections.abc import Mapping

from skerry.model import Run, RunStatus

#: Before its first event a run moves without one: from the status in which it is stored to any of these.
_MOVES: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset(
        {RunStatus.STARTING, RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED}
    ),
    RunStatus.STARTING: frozenset({RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED}),
}


def supersedes(run: Run, stored: Run) -> bool:
    """Tell whether ``run`` is to replace ``stored``.

    Whoever has seen more events knows more. Who has seen as many knows more while nothing runs yet: it is starting,
    could not be started, or was canceled before.
    """
    if run.sequence != stored.sequence:
        return run.sequence > stored.sequence
    return run.status in _MOVES.get(stored.status, ())
