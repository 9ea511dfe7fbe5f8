"""A workspace in a folder of a test's own."""

from __future__ import annotations

import contextlib
from pathlib import Path
from textwrap import dedent
from types import TracebackType

from skerry.testing.leftovers import nothing_left
from skerry.workspace import Workspace


class WorkspaceProject:
    """A folder to write files and load workspaces in; on leaving it all is closed, and nothing may be left behind.

    The fixture ``workspace_project`` gives one in the test's ``tmp_path``; without pytest use it as a context
    manager. Leaving raises AssertionError when a process, a thread or an open file is still there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: contextlib.ExitStack = contextlib.ExitStack()

    def write(self, name: str, text: str) -> Path:
        """Write a file below the folder, dedented; gives its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def load(self, text: str) -> Workspace:
        """Write ``workspace.yaml`` and begin to load it; it is closed with the project. Raises WorkspaceFileError."""
        return self._open.enter_context(Workspace.load(self.write("workspace.yaml", text)))

    def __enter__(self) -> WorkspaceProject:
        self._open.enter_context(nothing_left())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, traceback)
