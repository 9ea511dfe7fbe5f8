"""A run as commands look it up that load nothing: but for one that is executed elsewhere, which its location knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skerry.console.options import DEFAULT_FILE, WorkspaceSource, workspace_folder
from skerry.console.refusing import refusing
from skerry.errors import WorkspaceFileError
from skerry.workspace.launched_run import LaunchedRun, find
from skerry.workspace.state_folder import StateFolder


@contextmanager
def looked_up(run_id: str, files: tuple[str, ...]) -> Iterator[LaunchedRun]:
    """Give a run of the workspace, brought up to date where that can be.

    One that is executed elsewhere, and that nobody on this machine follows, is followed as long as the ``with`` lasts.
    """
    with refusing():
        found = find(StateFolder.of(workspace_folder(files)), run_id)
        source = WorkspaceSource(files=files or (DEFAULT_FILE,))
        if found.run.status.is_over or not found.run.elsewhere or found.is_followed or not _is_there(source):
            yield found
            return
        try:
            workspace = source.load(lazy=True)
        except WorkspaceFileError:
            yield found
            return
        with workspace:
            yield workspace.launched(run_id)


def _is_there(source: WorkspaceSource) -> bool:
    return all(Path(file).exists() for file in source.files)
