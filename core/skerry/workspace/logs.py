"""The log files of a workspace: found by whoever looks for them, whether or not a host writes them now."""

from __future__ import annotations

from pathlib import Path

from skerry.code_server.log_folder import LoggedLoad, labels_below, loads_in
from skerry.workspace.state_folder import StateFolder, folder_name

#: Of the state folder.
_PART = "logs"


class Logs:
    """Below the state folder, in a folder for each location. Thread-safe."""

    def __init__(self, state_folder: StateFolder) -> None:
        self._state_folder = state_folder

    @property
    def places(self) -> list[Path]:
        """Where they may be, made or not."""
        return self._state_folder.places(_PART)

    def make(self) -> Path:
        """Make the folder of all, for its user alone, and give it. Raises LocationError."""
        return self._state_folder.make(_PART, 0o700)

    def loads(self, location: str) -> list[LoggedLoad]:
        """Give the loads of a location's code of which files are kept, the oldest first. Raises OSError."""
        found = [load for place in self.places for load in loads_in(place / folder_name(location))]
        return sorted(found, key=lambda load: load.stem)

    def locations(self) -> list[str]:
        """Name the locations of which something is kept, those that no workspace file names included."""
        return list(dict.fromkeys(name for place in self.places for name in labels_below(place)))
