"""What the functions of schedules and sensors are given."""

from datetime import datetime
from typing import Optional

from skerry.definitions import messages, position
from skerry.definitions.base import words_for
from skerry.definitions.messages import invalid

#: Bytes of a cursor: it is a bookmark, stored and sent with every evaluation.
CURSOR_LIMIT = 32 * 1024


class ScheduleEvaluationContext:
    """Given to the function of a schedule, if it takes an argument. In a test, make one by hand.

    ``scheduled_execution_time``: when it is due, in the schedule's time zone (in UTC where the environment knows no
    time zones, as CPython 3.8 does not); ``repository_name``, ``schedule_name``: its own.
    """

    def __init__(
        self,
        scheduled_execution_time: Optional[datetime] = None,
        *,
        repository_name: str = "",
        schedule_name: str = "",
    ) -> None:
        self.scheduled_execution_time = scheduled_execution_time
        self.repository_name = repository_name
        self.schedule_name = schedule_name


class SensorEvaluationContext:
    """Given to the function of a sensor, if it takes an argument. In a test, make one by hand.

    ``last_completion_time``: when its last evaluation was over, in seconds since the epoch, and ``last_run_key`` of the
    run that it asked for last, both None at first; ``repository_name``, ``sensor_name``: its own.
    """

    def __init__(
        self,
        cursor: Optional[str] = None,
        *,
        last_completion_time: Optional[float] = None,
        last_run_key: Optional[str] = None,
        repository_name: str = "",
        sensor_name: str = "",
    ) -> None:
        self.last_completion_time = last_completion_time
        self.last_run_key = last_run_key
        self.repository_name = repository_name
        self.sensor_name = sensor_name
        self._cursor = cursor
        self._updated = False

    @property
    def cursor(self) -> Optional[str]:
        """What the last evaluation has left, or this one has since; None at first."""
        return self._cursor

    @property
    def cursor_updated(self) -> bool:
        """Whether this evaluation has called ``update_cursor``."""
        return self._updated

    def update_cursor(self, cursor: Optional[str]) -> None:
        """Leave a text for the next evaluation. It counts if this one comes to its end. Raises DefinitionError."""
        self._cursor = checked_cursor(self.sensor_name, cursor, position.of_caller())
        self._updated = True


def checked_cursor(sensor: str, cursor: Optional[str], at: position.Position) -> Optional[str]:
    """Give a cursor back. Raises DefinitionError if it is no text, or too long."""
    if cursor is None:
        return None
    if not isinstance(cursor, str):
        raise invalid(messages.CURSOR_NOT_TEXT, name=sensor, at=at, found=words_for(cursor))
    try:
        size = len(cursor.encode("utf-8"))
    except UnicodeEncodeError:
        found = "a text with half of a surrogate pair"
        raise invalid(messages.CURSOR_NOT_TEXT, name=sensor, at=at, found=found) from None
    if size > CURSOR_LIMIT:
        raise invalid(messages.CURSOR_TOO_LONG, name=sensor, at=at, size=size, limit=CURSOR_LIMIT)
    return cursor
