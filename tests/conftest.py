from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from skerry import Workspace, testing

# What a property test has found stays in .hypothesis until it is an @example in the test. Under CI the same examples
# are tried each time. A machine may be busy: no example has a time of its own, and pytest's limit holds for the test.
settings.register_profile("here", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

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
