"""One evaluation of a schedule or sensor: what is asked, and what comes of it."""

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple

from skerry.model.errors import ErrorInfo
from skerry.model.records import Record


@dataclass(frozen=True)
class Evaluation(Record):
    """Asks what a schedule or sensor wants to be started now.

    ``repository`` and ``name`` say which; ``type``: schedule or sensor. For a schedule, ``scheduled_execution_time``:
    the time that it is due, in seconds since the epoch. For a sensor, ``cursor``: what its last evaluation gave,
    ``last_completion_time``: when that was over, in seconds since the epoch, ``last_run_key``: of the run that it asked
    for last; each None at first.
    """

    repository: str
    name: str
    type: str
    scheduled_execution_time: Optional[float] = None
    cursor: Optional[str] = None
    last_completion_time: Optional[float] = None
    last_run_key: Optional[str] = None

    @property
    def words(self) -> str:
        """Name what is evaluated, in an error."""
        return f"the {self.type} {self.name!r}"


@dataclass(frozen=True)
class RequestedRun(Record):
    """A run that a schedule or sensor asks for. ``run_key``: with the same key, it is asked for once.

    ``run_config``: plain JSON. ``tags``: those of the request, after those of the schedule.
    """

    run_key: Optional[str] = None
    run_config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationResult(Record):
    """What came of an evaluation: runs, or none and perhaps a reason, or an error.

    ``cursor``: what the sensor is to be given next time; None after an error, when the one before stays.
    ``generation``: of the code that was evaluated; None when none was.
    """

    run_requests: Tuple[RequestedRun, ...] = ()
    skip_reason: Optional[str] = None
    cursor: Optional[str] = None
    error: Optional[ErrorInfo] = None
    generation: Optional[int] = None
