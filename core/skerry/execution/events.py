"""What is told of a run, in the order in which it happens."""

import sys
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional

from skerry.errors import OpenEnum


class EventType(OpenEnum):
    """What has happened. The values are stable: they stand in journals and in ``--json``."""

    RUN_STARTED = "RUN_STARTED"
    RUN_SUCCEEDED = "RUN_SUCCEEDED"
    RUN_FAILED = "RUN_FAILED"
    RUN_CANCELED = "RUN_CANCELED"
    SOLID_STARTED = "SOLID_STARTED"
    SOLID_SUCCEEDED = "SOLID_SUCCEEDED"
    SOLID_FAILED = "SOLID_FAILED"
    SOLID_SKIPPED = "SOLID_SKIPPED"
    SOLID_RETRIED = "SOLID_RETRIED"
    OUTPUT = "OUTPUT"
    LOG = "LOG"
    PROGRESS = "PROGRESS"


class Event(NamedTuple):
    """One event. ``solid``: its name in the pipeline, None for what concerns the run.

    ``data``, by type, of plain JSON: of RUN_STARTED ``solids``, the names of those that are to run, and ``done``, those
    of a run before with the outputs that they gave, if there are any; of RUN_FAILED ``failed``, the names of those that
    have failed; of SOLID_SKIPPED ``reason``, a sentence; of SOLID_RETRIED ``retry``, from 1, and ``seconds`` until
    then; of OUTPUT ``output`` and, where it is kept, its ``size`` in bytes; of LOG ``level`` and ``message``; of
    PROGRESS ``fraction`` and ``text``. ``error``: the exception, or what the ``describe`` of the settings makes of it.
    """

    type: EventType
    solid: Optional[str] = None
    data: Mapping[str, Any] = {}
    error: Any = None


class NotToldError(BaseException):
    """What is told of a run cannot be kept any more: it ends. No exception that user code would handle.

    ``error``: why.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


#: Hears of each event, before anything follows from it. Where it raises NotToldError, it does so from then on.
Emit = Callable[[Event], None]


def described(emit: Emit, describe: Callable[[BaseException], Any]) -> Emit:
    """Give what tells ``emit`` events in which exceptions are described."""

    def tell(event: Event) -> None:
        error = event.error
        emit(event._replace(error=describe(error)) if isinstance(error, BaseException) else event)

    return tell


def printed(event: Event) -> None:
    """Print what a process logs that user code has forked: a run is told by one process alone."""
    if event.type is EventType.LOG:
        print(f"{event.solid}  {event.data['level']}  {event.data['message']}", file=sys.stderr, flush=True)


def to_json(event: Event) -> Dict[str, Any]:
    """Write an event whose error is described as plain JSON."""
    return {"type": event.type.value, "solid": event.solid, "data": dict(event.data), "error": event.error}


def from_json(written: Mapping[str, Any]) -> Event:
    """Read what ``to_json`` wrote."""
    return Event(EventType(written["type"]), written["solid"], written["data"], written["error"])
