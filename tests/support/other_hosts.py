"""Other processes with the same database: they say when they are ready, and go on when they are told to."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]

#: ``folder`` and ``url`` are there; ``ready()`` waits until the test says so.
_BEGIN = """
import sys
from pathlib import Path
from skerry.state import RunIndex
from skerry.model import RunStatus
from support.runs import a_run

folder, url, rest = Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3:]

def ready():
    print("ready", flush=True)
    sys.stdin.readline()
"""


class OtherHost:
    """A process that runs a program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def go_on(self) -> None:
        """Let it pass its ``ready()``."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def wait_until_ready(self) -> None:
        """Return once it is at its next ``ready()``."""
        line = self.line()
        assert line == "ready\n", line + self._told()

    def line(self) -> str:
        """Give the next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def result(self) -> str:
        """Give what it prints until its end."""
        told = self._told()
        assert self._process.returncode == 0, told
        return told

    def _told(self) -> str:
        output, errors = self._process.communicate(timeout=60)
        return output + errors


@contextlib.contextmanager
def other_host(program: str, folder: Path, url: str | None, *arguments: str) -> Iterator[OtherHost]:
    """Start one, at its first ``ready()``; it has ended afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", _BEGIN + program, str(folder), url or "", *arguments],
        cwd=TESTS,  # which is where it finds `support`
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            host = OtherHost(process)
            host.wait_until_ready()
            yield host
        finally:
            if process.poll() is None:
                process.kill()
