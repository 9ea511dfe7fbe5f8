"""Servers written by hand, of tests/children/servers, each in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.commands import environment

SERVERS = Path(__file__).parents[1] / "children" / "servers"
SECONDS = 30.0


@contextlib.contextmanager
def peer(script: str, *arguments: str) -> Iterator[str]:
    """Run one; gives the line that it prints once it listens. It is ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, str(SERVERS / script), *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        assert line, f"{script} did not start"
        yield line
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
        process.kill()
        process.wait(SECONDS)
        process.stdout.close()
