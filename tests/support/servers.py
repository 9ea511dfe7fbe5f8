"""Code servers in processes of their own: ``skerry api grpc``, as an operator starts it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from support.commands import environment
from support.waiting import wait_until

SECONDS = 30.0


class Server:
    """A running ``skerry api grpc``. ``log``: what it wrote to stderr; ``printed``: to stdout."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._log: list[str] = []
        self._printed: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stderr, self._log), (process.stdout, self._printed))
            if stream is not None
        ]
        for thread in self._threads:
            thread.start()

    @property
    def log(self) -> str:
        return "".join(self._log)

    @property
    def printed(self) -> str:
        return "".join(self._printed)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        """The port it listens on; it says so."""
        found = re.search(r"serving .* at .*:(\d+)(?=,)", self.log)
        assert found, self.log
        return int(found[1])

    def wait_for(self, words: str, seconds: float = SECONDS) -> None:
        """Wait until ``words`` stand in its log."""
        wait_until(lambda: words in self.log or self.process.poll() is not None, seconds, f"{words!r} in {self.log}")
        if words not in self.log:
            self.wait_for_end()
            assert words in self.log, f"it ended with {self.process.returncode}: {self.log}"

    def wait_for_end(self, seconds: float = SECONDS) -> int:
        """Wait until it has ended; gives its exit code."""
        code = self.process.wait(seconds)
        for thread in self._threads:
            thread.join(seconds)
        return code

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        """SIGTERM, and SIGKILL where that does not help."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(SECONDS)
        if self.process.poll() is None:
            self.process.kill()
        self.wait_for_end()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    @staticmethod
    def _read(stream: Iterator[str], lines: list[str]) -> None:
        with contextlib.suppress(ValueError):  # closed
            lines.extend(line for line in stream)


def start_server(
    folder: Path,
    *arguments: str,
    python: str = sys.executable,
    command: tuple[str, ...] = (),
    settings: str = "",
    **variables: str,
) -> Server:
    """Start ``skerry api grpc ARGUMENTS`` in ``folder``; ``command`` goes before it, as for another network.

    ``settings``: statements that are run first, where a limit is to be another than outside of tests.
    """
    program = ("-c", f"{settings}\nfrom skerry.console import main\nmain()") if settings else ("-m", "skerry")
    process = subprocess.Popen(
        [*command, python, *program, "api", "grpc", *arguments],
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1", **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
    )
    return Server(process)


@contextlib.contextmanager
def serving(
    folder: Path,
    *arguments: str,
    python: str = sys.executable,
    command: tuple[str, ...] = (),
    settings: str = "",
    **variables: str,
) -> Iterator[Server]:
    """Run one that listens, on any free port unless ``arguments`` say otherwise; it is ended afterwards."""
    where = () if {"--port", "-p", "--socket", "-s"} & set(arguments) else ("--port", "0")
    server = start_server(folder, *arguments, *where, python=python, command=command, settings=settings, **variables)
    try:
        server.wait_for("serving ")
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Give a folder whose path leaves room for a socket's name (107 bytes), and remove it."""
    with tempfile.TemporaryDirectory(prefix="skerry-", dir="/tmp") as folder:
        yield Path(folder)


def seconds_since(began: float) -> float:
    return time.monotonic() - began


def alive(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return not Path("/proc").exists()
        return False
