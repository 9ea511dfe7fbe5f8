from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import psutil
import pytest
from support.waiting import wait_until

from skerry import Workspace

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

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
        return path

    return write_file


@pytest.fixture
def hello(write: Callable[[str, str], Path]) -> Path:
    """Give a file that defines one repository."""
    return write("hello.py", HELLO)


@pytest.fixture
def load(write: Callable[[str, str], Path], nothing_left: None) -> Iterator[Callable[[str], Workspace]]:
    """Load a workspace from the text of its file; it is closed after the test."""
    opened: list[Workspace] = []

    def load_text(text: str) -> Workspace:
        workspace = Workspace.load(write("workspace.yaml", text))
        opened.append(workspace)
        return workspace

    yield load_text
    for workspace in opened:
        workspace.close()


def descendants() -> list[psutil.Process]:
    """Give the processes below this one that are alive; a zombie of somebody else's is not."""
    alive = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
        except psutil.NoSuchProcess:
            continue
    return alive


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail when the test leaves a process, a thread or an open file behind."""
    before = {process.pid for process in descendants()}
    files = psutil.Process().num_fds()
    yield
    wait_until(lambda: {p.pid for p in descendants()} <= before, what="the end of every process of the test")
    wait_until(
        lambda: not [t.name for t in threading.enumerate() if t.name.startswith("skerry")],
        what="the end of every thread of the test",
    )
    wait_until(lambda: psutil.Process().num_fds() <= files, what="the closing of every file of the test")
