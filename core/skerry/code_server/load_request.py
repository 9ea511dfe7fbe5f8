"""What a user process is asked to load."""

from __future__ import annotations

from dataclasses import dataclass

from skerry.code_server.output import OpenLog
from skerry.pipe import Message
from skerry.plugin import LoadTarget, PythonEnvironment


@dataclass(frozen=True)
class LoadRequest:
    """What to load, where, and how long that may take.

    ``folder``: the absolute folder of the workspace file; ``startup_timeout``: seconds, from when the location began to
    open; ``deadline``: the ``time.monotonic()`` at which they are over; ``startup_timeout_place``: ``file:line:column``
    of that setting, or of the entry that leaves it out. ``again``: code that was READY before has ended by itself, and
    is loaded again. ``open_log``: opens the log that is given what the code writes.
    """

    target: LoadTarget
    environment: PythonEnvironment
    folder: str
    startup_timeout: float
    deadline: float
    startup_timeout_place: str = ""
    generation: int = 1
    again: bool = False
    open_log: OpenLog | None = None

    def message(self, variables: dict[str, str]) -> Message:
        """Give the message that asks a user process for it."""
        return {
            "type": "load",
            "target": {
                "kind": self.target.kind,
                "name": self.target.name,
                "attribute": self.target.attribute,
                "folder": self.folder,
                "working_directory": self.environment.working_directory,
                "env": variables,
            },
        }
