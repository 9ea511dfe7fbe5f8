"""A code server, of the code in `children/runs.py`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.runs import RUNS
from support.servers import Server, serving


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Give a folder with the code, apart from that of the workspace."""
    folder = tmp_path / "code"
    folder.mkdir()
    shutil.copy(RUNS, folder)
    return folder


@pytest.fixture
def server(code: Path) -> Iterator[Server]:
    with serving(code, "-f", "runs.py") as server:
        server.wait_for("READY")  # its processes are all there before a test looks what it leaves behind
        yield server
