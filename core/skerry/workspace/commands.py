"""The commands that a location type runs while it opens a location."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from skerry.code_server import Command, Processes
from skerry.errors import ErrorKind, LocationError

#: Lines of a failed command's output that its error shows, and characters of the command.
_SAID_LINES = 10
_COMMAND_LENGTH = 200


class Commands:
    """Runs commands until ``close``, which stops those that run. Thread-safe."""

    def __init__(self, processes: Processes, progress: Callable[[str], None]) -> None:
        self._processes = processes
        self._progress = progress
        self._running: set[Command] = set()
        self._closed = False
        self._lock = threading.Lock()

    def run(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        until: float,
        late: Callable[[str], LocationError],
        *,
        check: bool,
    ) -> subprocess.CompletedProcess[str]:
        """Run one to its end, see ``skerry.plugin.Runtime.run``.

        At ``until`` it is stopped, and what ``late`` makes of the end of its output is raised.
        """
        command = self._start(argv, cwd, {**os.environ, **env})
        try:
            ended = command.wait(max(0.0, until - time.monotonic()))
            if not ended:
                command.stop()
        finally:
            with self._lock:
                self._running.discard(command)
                closed = self._closed
        if closed:
            raise closed_error()
        if command.failure is not None:
            raise command.failure
        if not ended:
            raise late(command.tail)
        assert command.returncode is not None
        if check and command.returncode != 0:
            raise failed(argv, _ending(command.returncode), command.tail, command.returncode)
        return subprocess.CompletedProcess(argv, command.returncode, command.stdout, command.stderr)

    def close(self) -> None:
        """Stop what runs, wait for its end, and run nothing more. Idempotent."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for command in running:
            command.stop()

    def _start(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> Command:
        program = argv[0]
        if "/" not in program and shutil.which(program, path=env.get("PATH")) is None:
            raise LocationError(
                reason=f"The program {program!r} is not on PATH.\nInstall it, or put its folder on PATH."
            )
        with self._lock:
            if self._closed:
                raise closed_error()
            command = Command(argv, cwd, env, self._processes, self._progress)
            self._running.add(command)
        return command


def words(argv: Sequence[str]) -> str:
    """Show a command as it would be typed, cut to a length that can be read."""
    line = shlex.join(argv)
    return line if len(line) <= _COMMAND_LENGTH else f"{line[:_COMMAND_LENGTH]}..."


def failed(argv: Sequence[str], ending: str, tail: str, returncode: int | None = None) -> LocationError:
    """Give the error of a command that ended badly; ``tail``: the end of its output."""
    said = "\n".join(tail.splitlines()[-_SAID_LINES:]) or "It wrote nothing."
    return LocationError(ErrorKind.COMMAND_FAILED, command=words(argv), ending=ending, said=said, returncode=returncode)


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"


def closed_error() -> LocationError:
    """Give the error of whatever is asked for when nobody waits for it any more."""
    return LocationError(reason="The location was closed before it was open.")
