"""Runs as plugins see them: what is to be executed, where that is told, and what has it executed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from skerry.model import ErrorInfo, LocationState, Origin, RunEvent, RunOptions

if TYPE_CHECKING:
    from skerry.plugin.code_server import CodeServer


@dataclass(frozen=True)
class RunStart:
    """Asks for the execution of a pipeline.

    ``run_id``: chosen by whoever asks. ``detached``: the run goes on when the workspace is closed, or its process ends.
    ``secrets``: what must not stand in its journal, nor in what is kept of its output; from the location, and from
    the options of the run launcher.
    """

    run_id: str
    options: RunOptions
    detached: bool = False
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


class RunReport(ABC):
    """Where a run is told: its folder on this machine. Made by the workspace; any thread may call, one at a time.

    Whoever executes the run on this machine writes the journal in ``folder`` itself, and calls ``grew``; whoever has it
    executed elsewhere copies the events to here with ``take``.
    """

    @property
    @abstractmethod
    def folder(self) -> str:
        """The absolute path of the folder of the run, which is there."""

    @property
    @abstractmethod
    def sequence(self) -> int:
        """The sequence number of the last event in the journal; 0 at first."""

    @abstractmethod
    def take(self, events: Iterable[RunEvent]) -> None:
        """Add events to the journal, in order; those that are there already are left out.

        Raises ValueError where one is missing in between, OSError where the journal cannot be written: what was added
        before is there, and the rest may be given again.
        """

    @abstractmethod
    def keep_output(self, text: str) -> None:
        """Keep what the run has written to stdout and stderr until now, in the place of what was kept before."""

    @abstractmethod
    def grew(self) -> None:
        """Say that the journal may have grown, by another hand. Does not block."""

    @abstractmethod
    def ended(self, error: ErrorInfo | None = None, *, canceled: bool = False) -> None:
        """Say that nothing more comes. Does not block; called again, it does nothing.

        A journal without an end is given one then: the run has failed with ``error``, or ended without a word; or it is
        ``canceled``, since what executed it had to be killed for that.
        """

    @abstractmethod
    def left(self) -> None:
        """Say that the run goes on, and that nothing more of it is told here. As ``ended``."""


@dataclass(frozen=True)
class RunLaunch:
    """One run, for a run launcher. ``location``: what is known of its location; ``server``: what answers for that.

    ``origin``: the storable recipe of the location.
    """

    start: RunStart
    report: RunReport
    server: CodeServer
    location: LocationState
    origin: Origin


class RunLauncher(ABC):
    """Has runs executed. A plugin gives a subclass, found by an entry point in the group ``skerry.run_launchers``.

    The workspace makes one object of it, when the first run is launched with it or its use is checked, and another one
    when the options in the workspace file have changed; the earlier one goes on with the runs that it has. It closes
    them with itself. All methods may be called by any thread, several at a time.
    """

    #: The entry point's name, by which the launcher is chosen.
    key: ClassVar[str]
    #: One line for people who choose between launchers.
    summary: ClassVar[str]
    #: JSON Schema (draft-07) of its options, a mapping: what stands under its key in ``run_launcher``.
    schema: ClassVar[Mapping[str, Any]] = {"type": "object", "additionalProperties": False}

    def __init__(self, options: Mapping[str, Any]) -> None:
        """``options``: as the schema has them, references resolved. Reaches for nothing outside this process yet.

        Raises LocationError where they cannot be used, or the launcher lacks something here, such as a package.
        """
        self.options = options

    def check(self, launch: RunLaunch) -> None:  # noqa: B027  # most have nothing to check
        """Raise LocationError for a run that this launcher cannot have executed.

        Called in the thread that launches, before anything is kept of the run: ``launch.report.folder`` is not there.
        """

    def is_elsewhere(self, launch: RunLaunch) -> bool:
        """Tell whether the journal is written elsewhere, and copied to here, so that it can be copied again.

        Called as ``check`` is. The default says so.
        """
        return True

    @abstractmethod
    def start(self, launch: RunLaunch) -> None:
        """Have a run executed, and return once that has begun.

        Called in the thread that launches. From then on ``launch.report`` is told what becomes of the run, to its
        end, or until ``close``. Raises LocationError when it cannot be: then nothing of it may be left.
        """

    def resume(self, launch: RunLaunch) -> bool:
        """Take up again a run that another process of the workspace has started, and that nobody tells of any more.

        Called in the thread that asks for the run, where it is executed elsewhere. As after ``start``,
        ``launch.report`` is told the rest. Tells whether there is such a run. Raises LocationError when that cannot be
        known now.
        """
        return False

    @abstractmethod
    def cancel(self, launch: RunLaunch) -> None:
        """Ask for the cancellation of a run: user code is interrupted, and killed if that takes too long.

        Called in any thread, and perhaps again; it may be over. Must raise nothing: what cannot be reached now is asked
        as soon as it can be.
        """

    @abstractmethod
    def detach(self, launch: RunLaunch) -> None:
        """Let a run go on when the workspace is closed. As ``cancel``."""

    def update_output(self, launch: RunLaunch) -> None:  # noqa: B027  # where it is written on this machine
        """Have ``launch.report.keep_output`` called with what the run has written by now, where that is elsewhere.

        Called in the thread that looks at the output of a run that goes on. Must raise nothing.
        """

    def close(self) -> None:  # noqa: B027  # some hold nothing
        """Cancel the runs that are not detached, wait for their end, and leave the others. Idempotent.

        Called by the workspace when it is closed, before its locations are.
        """
