"""Whether all is well with a workspace: what ``skerry check`` answers by its exit code."""

from __future__ import annotations

from skerry.model import Severity, State, WorkspaceState


def is_well(state: WorkspaceState, *, strict: bool) -> bool:
    """Tell whether no entry has an error, every location is READY and no definition was left out.

    ``strict``: warnings count as errors. A partial result is not well: whoever deploys it would miss a definition.
    """
    return (
        all(location.state is State.READY for location in state.locations)
        and not any(repository.errors for location in state.locations for repository in location.repositories)
        and not (strict and any(location.warnings for location in state.locations))
        and not any(strict or problem.severity is Severity.ERROR for problem in state.problems)
    )
