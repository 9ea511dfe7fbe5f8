"""What a user process is to load."""

import os
import sys
from dataclasses import dataclass, field
from typing import Mapping, Optional

from skerry.errors import ErrorKind, LocationError
from skerry.model import Record


@dataclass(frozen=True)
class Target(Record):
    """What to load and where, as the host sends it.

    ``kind``: file, package or module; ``name``: an absolute path or a dotted name; ``folder``: the workspace file's;
    ``working_directory``: absolute, or None; ``env``: variables to set before anything is imported.
    """

    kind: str
    name: str
    attribute: Optional[str]
    folder: str
    working_directory: Optional[str]
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Name the target in a message."""
        return os.path.basename(self.name) if self.kind == "file" else self.name

    @property
    def module_name(self) -> str:
        """Give the name under which the code is imported."""
        if self.kind != "file":
            return self.name
        import skerry_user_code  # type: ignore[import-not-found]  # in `injected`

        name: str = skerry_user_code.module_name(self.name)
        return name

    def enter(self) -> None:
        """Make this process the one that the target is to be loaded in. Raises LocationError."""
        if self.kind == "file":
            os.environ["SKERRY_USER_FILE"] = self.name
        sys.argv = [self.name]
        try:
            os.chdir(self.working_directory or self.folder)
        except OSError:
            folder = self.working_directory or self.folder
            raise LocationError(ErrorKind.WORKING_DIRECTORY_NOT_FOUND, path=folder) from None
        if self.working_directory is not None:
            sys.path.insert(0, self.working_directory)
