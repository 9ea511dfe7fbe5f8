"""What a user process is asked to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry.code_server.output import OpenLog
from skerry.pipe import Message
from skerry.plugin import LoadTarget, PythonEnvironment

#: For each kind of target the key under ``load_from``, and the option for what is loaded.
_KEYS = {
    "file": ("python_file", "relative_path"),
    "package": ("python_package", "package_name"),
    "module": ("python_module", "module_name"),
}


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

    @property
    def entry(self) -> Mapping[str, Any]:
        """Give an item of ``load_from`` that loads the same, but for its variables."""
        key, name = _KEYS[self.target.kind]
        options = {
            name: self.target.name,
            "attribute": self.target.attribute,
            "executable_path": self.environment.executable,
            "working_directory": self.environment.working_directory,
            "start": "fresh" if self.environment.fresh else None,
        }
        return {key: {option: value for option, value in options.items() if value is not None}}

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
