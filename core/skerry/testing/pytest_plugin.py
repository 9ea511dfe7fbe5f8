"""The pytest plugin: the fixture ``workspace_project``.

pytest imports it at every start, in every environment that has both: it imports nothing else before it is used.
"""

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from skerry.testing.project import WorkspaceProject


@pytest.fixture
def workspace_project(tmp_path: "Path") -> "Iterator[WorkspaceProject]":
    """Write files, load workspaces from them, and fail when the test leaves anything behind."""
    from skerry.testing.project import WorkspaceProject

    with WorkspaceProject(tmp_path) as project:
        yield project
