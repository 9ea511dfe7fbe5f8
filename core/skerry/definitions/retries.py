"""Whether and when a solid that has failed is run again."""

from enum import Enum
from typing import Any, Optional

from skerry.definitions import messages, position
from skerry.definitions.base import words_for
from skerry.definitions.messages import invalid

#: Seconds: nobody waits longer for the next attempt, however often the delay was doubled.
LONGEST_DELAY = 24 * 3600.0


class Backoff(Enum):
    """How the delay grows from attempt to attempt: by the first delay each time, or doubled."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class RetryPolicy:
    """Runs a solid again when it raises an exception: up to ``max_retries`` times.

    ``delay``: seconds before the first retry, and before each of the others where ``backoff`` is None.
    Raises DefinitionError.
    """

    def __init__(self, max_retries: int = 1, delay: float = 0.0, backoff: Optional[Backoff] = None) -> None:
        at = position.of_caller()
        if not isinstance(max_retries, int) or isinstance(max_retries, bool) or max_retries < 0:
            raise invalid(messages.RETRIES_NOT_NUMBER, name="", at=at, found=words_for(max_retries))
        if not _is_delay(delay):
            raise invalid(messages.DELAY_NOT_SECONDS, name="", at=at, found=words_for(delay))
        if backoff is not None and not isinstance(backoff, Backoff):
            raise invalid(messages.BACKOFF_UNKNOWN, name="", at=at, found=words_for(backoff))
        self.max_retries = max_retries
        self.delay = float(delay)
        self.backoff = backoff

    def seconds_before(self, retry: int) -> float:
        """Give the delay before a retry; ``retry`` counts from 1."""
        factor = 1.0
        if self.backoff is Backoff.LINEAR:
            factor = float(retry)
        elif self.backoff is Backoff.EXPONENTIAL:
            factor = 2.0 ** min(retry - 1, 64)
        return min(self.delay * factor, LONGEST_DELAY)


class RetryRequested(Exception):  # noqa: N818  # it is no error: it asks for something
    """Raised in a solid: run it again in ``seconds_to_wait``, unless that was done ``max_retries`` times already.

    ``raise RetryRequested() from error`` tells why.
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float = 0.0) -> None:
        super().__init__(f"a retry was asked for, at most {max_retries}")
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait if _is_delay(seconds_to_wait) else 0.0


def _is_delay(seconds: Any) -> bool:
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return number and 0 <= seconds <= LONGEST_DELAY
