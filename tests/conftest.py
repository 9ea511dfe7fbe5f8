from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry import Workspace, testing

HELLO = """
    from skerry import pipeline, repository, solid

    @solid
    def hello():
        return 1

    @pipeline
    def hello_pipeline():
        hello()

    @repository
    def hello_repository():
        return [hello_pipeline]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file, dedented, below the test's folder."""
    return testing.WorkspaceProject(tmp_path).write


@pytest.fixture
def hello(write: Callable[[str, str], Path]) -> Path:
    """Give a file that defines one repository."""
    return write("hello.py", HELLO)


@pytest.fixture
def load(workspace_project: testing.WorkspaceProject) -> Callable[[str], Workspace]:
    """Load a workspace from the text of its file; it is closed after the test, which may leave nothing behind."""
    return workspace_project.load


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail when the test leaves a process, a thread or an open file behind."""
    with testing.nothing_left():
        yield
