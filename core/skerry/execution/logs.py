"""The log of a run: what user code logs becomes events."""

import logging
from typing import Optional

from skerry.execution.events import Emit, Event, EventType

#: As long as one event may be.
_LONGEST = 100_000


class _Events(logging.Handler):
    def __init__(self, emit: Emit, solid: Optional[str]) -> None:
        super().__init__()
        self._emit = emit
        self._solid = solid

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()[:_LONGEST]
        except Exception:
            self.handleError(record)  # the arguments do not fit the message: a line on stderr, as in any logging
            return
        error = record.exc_info[1] if record.exc_info else None
        data = {"level": record.levelname, "message": message}
        self._emit(Event(EventType.LOG, self._solid, data, error))


def logger(emit: Emit, solid: Optional[str] = None) -> logging.Logger:
    """Make a logger whose records become LOG events, of ``solid`` or of the run. All levels count."""
    made = logging.Logger("skerry.run", logging.DEBUG)
    made.addHandler(_Events(emit, solid))
    return made
