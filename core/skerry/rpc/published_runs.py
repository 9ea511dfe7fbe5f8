"""What the service needs of the runs of the location that it publishes. The workspace implements it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from skerry.model import RunEvent
from skerry.plugin import RunStart


class FollowedRun(ABC):
    """A run, read from some event on by one who follows it. For one thread at a time."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether everything has been read, and nothing more comes."""

    @property
    @abstractmethod
    def tells(self) -> bool:
        """Whether it says when there is something new; else whoever follows it looks from time to time."""

    @abstractmethod
    def read(self, count: int) -> list[RunEvent]:
        """Give the next events, at most so many; none while nothing has happened. Raises OSError."""

    @abstractmethod
    def close(self) -> None:
        """Follow it no longer."""


class PublishedRuns(ABC):
    """The runs of a published location. Any thread may call; each call may take a while."""

    @abstractmethod
    def start(self, start: RunStart) -> None:
        """Start a run, if none of its id is there. Raises RunError, LocationError."""

    @abstractmethod
    def follow(self, run_id: str, after: int, news: Callable[[], None]) -> FollowedRun | None:
        """Follow a run from the event behind ``after`` on; None if there is none of that id.

        ``news`` is called, in any thread, when there may be something new; it does not block.
        """

    @abstractmethod
    def cancel(self, run_id: str) -> None:
        """Ask for the cancellation of a run, if there is one of that id."""

    @abstractmethod
    def detach(self, run_id: str) -> None:
        """Let a run go on when this process ends, if there is one of that id."""

    @abstractmethod
    def output(self, run_id: str) -> str:
        """Give what a run has written, as far as it is kept; nothing if there is none of that id."""

    @abstractmethod
    def attached(self) -> list[str]:
        """Give the ids of the runs that were started here, are not over, and would end with this process."""
