"""The smallest repository there is. The fork server loads it once, before it forks."""

from skerry import pipeline, repository, solid


@solid
def rehearse() -> None:
    """Do nothing."""


@pipeline
def rehearsal() -> None:
    """Do nothing, in order."""
    rehearse()


@repository
def repertoire():  # type: ignore[no-untyped-def]
    """Hold it."""
    return [rehearsal]
