"""How a process follows a run that it has launched or taken up again, through the run launcher."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from skerry.plugin import RunLaunch, RunLauncher
from skerry.workspace.launchers import MadeLauncher
from skerry.workspace.run_report import Report


@dataclass(frozen=True)
class Following:
    """How a process follows a run."""

    made: MadeLauncher
    launch: RunLaunch
    report: Report

    def start(self) -> None:
        """Have the run executed. Raises LocationError; like all that follows, also for what should not be raised."""
        with self._guarding() as launcher:
            launcher.start(self.launch)

    def resume(self) -> bool:
        """Take the run up again; tells whether there is such a run. Raises LocationError."""
        with self._guarding() as launcher:
            return launcher.resume(self.launch)

    def cancel(self) -> None:
        """Ask for the cancellation of the run. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.cancel(self.launch)

    def detach(self) -> None:
        """Let the run go on by itself. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.detach(self.launch)

    def update_output(self) -> None:
        """Have its output brought here. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.update_output(self.launch)

    def is_elsewhere(self) -> bool:
        """Tell whether the launcher takes the run, and has its journal written elsewhere. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.check(self.launch)
            return launcher.is_elsewhere(self.launch)

    @contextlib.contextmanager
    def _guarding(self) -> Iterator[RunLauncher]:
        with self.made.guarding(self.launch.start.secrets):
            yield self.made.launcher
