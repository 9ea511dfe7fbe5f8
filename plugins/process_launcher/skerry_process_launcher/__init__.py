"""The run launcher ``process``: a run is a process beside the code, forked from what has been loaded."""

from __future__ import annotations

from skerry.plugin import RunLaunch, RunLauncher


class ProcessLauncher(RunLauncher):
    """Has the location's code server execute runs, on this machine or on the one that serves the location."""

    key = "process"
    summary = "A process beside the location's code"

    def is_elsewhere(self, launch: RunLaunch) -> bool:
        """As the code server says."""
        return launch.server.runs_elsewhere

    def start(self, launch: RunLaunch) -> None:
        """Ask the code server."""
        launch.server.start_run(launch.start, launch.report)

    def resume(self, launch: RunLaunch) -> bool:
        """Ask the code server."""
        return launch.server.resume_run(launch.start.run_id, launch.report)

    def cancel(self, launch: RunLaunch) -> None:
        """Ask the code server."""
        launch.server.cancel_run(launch.start.run_id)

    def detach(self, launch: RunLaunch) -> None:
        """Ask the code server."""
        launch.server.detach_run(launch.start.run_id)

    def update_output(self, launch: RunLaunch) -> None:
        """Ask the code server."""
        launch.server.update_run_output(launch.start.run_id)
