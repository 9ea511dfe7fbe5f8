"""One execution of a pipeline: what is asked for, what it tells, and what is known of it."""

from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Optional, Tuple

from skerry.errors import OpenEnum
from skerry.execution.events import EventType
from skerry.model.errors import ErrorInfo
from skerry.model.location import Origin
from skerry.model.records import Record


class RunStatus(OpenEnum):
    """Where a run is. The values are stable: they stand in ``--json`` and in the database."""

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self in (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED)


#: What an event of the run makes of its status.
_AFTER: Mapping[EventType, RunStatus] = {
    EventType.RUN_STARTED: RunStatus.RUNNING,
    EventType.RUN_SUCCEEDED: RunStatus.SUCCEEDED,
    EventType.RUN_FAILED: RunStatus.FAILED,
    EventType.RUN_CANCELED: RunStatus.CANCELED,
}


@dataclass(frozen=True)
class RunEvent(Record):
    """One line of a journal. ``sequence``: from 1, without gaps; ``at``: seconds since the epoch.

    ``type``, ``solid`` and ``data`` as ``skerry.execution.Event`` has them.
    """

    sequence: int
    at: float
    type: EventType
    solid: Optional[str] = None
    data: Mapping[str, Any] = field(default_factory=dict)
    error: Optional[ErrorInfo] = None

    @property
    def is_end(self) -> bool:
        """Whether the run is over with it: nothing follows."""
        status = _AFTER.get(self.type)
        return status is not None and status.is_over


@dataclass(frozen=True)
class RunOptions(Record):
    """What to run, and how.

    ``run_config``: plain JSON; ``tags``: beside those of the pipeline, over which they win; ``solids``: the names of
    those to run, empty for all; ``max_concurrency``: how many solids may be executed at the same time. ``parent_id``:
    the run whose outputs are taken over, of the solids that it has done.
    """

    repository: str
    pipeline: str
    run_config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    solids: Tuple[str, ...] = ()
    max_concurrency: int = 1
    parent_id: Optional[str] = None


@dataclass(frozen=True)
class Run(Record):
    """What is known of a run. ``id``: chosen by whoever launches it, unique.

    ``location`` and ``origin``: of the location whose code it runs, with the ``generation`` of that and its ``image``.
    ``created_at``, ``started_at``, ``ended_at``: seconds since the epoch. ``error``: why it has failed, where that is
    not the error of a solid. ``sequence``: of the last event that this takes into account; 0 at first. ``launcher``:
    the key of the run launcher. ``elsewhere``: it is executed where its journal is not on this machine: what is told
    here is a copy, which may be behind.
    """

    id: str
    location: str
    options: RunOptions
    created_at: float
    origin: Optional[Origin] = None
    generation: Optional[int] = None
    image: Optional[str] = None
    status: RunStatus = RunStatus.QUEUED
    started_at: Optional[float] = None
    ended_at: Optional[float] = None
    error: Optional[ErrorInfo] = None
    sequence: int = 0
    launcher: str = "process"
    elsewhere: bool = False

    def after(self, event: RunEvent) -> "Run":
        """Give what is known after an event. One that is taken into account already changes nothing."""
        if event.sequence <= self.sequence:
            return self
        status = _AFTER.get(event.type)
        if status is None:
            return replace(self, sequence=event.sequence)
        moved = replace(self, status=status, error=event.error, sequence=event.sequence)
        return replace(moved, ended_at=event.at) if status.is_over else replace(moved, started_at=event.at)
