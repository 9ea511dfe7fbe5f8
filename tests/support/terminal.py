"""A command at a terminal of its own, as a person has it who could be asked for something."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from support.commands import environment

#: Makes the terminal on standard input the one that /dev/tty opens, and becomes the command.
_TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def at_a_terminal(folder: Path, *arguments: str, seconds: float = 60.0) -> tuple[int, str]:
    """Run ``skerry ARGUMENTS`` where nobody types; gives its exit code and all that the terminal showed."""
    ours, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE, sys.executable, "-m", "skerry", *arguments],
        cwd=folder,
        env=environment(COLUMNS="300"),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    try:
        shown = _read(ours, time.monotonic() + seconds)
        return process.wait(seconds), shown
    finally:
        process.kill()
        process.wait(seconds)
        os.close(ours)


def _read(descriptor: int, deadline: float) -> str:
    parts: list[bytes] = []
    with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([descriptor], [], [], left)
            if readable:
                parts.append(os.read(descriptor, 65536))
    return b"".join(parts).decode(errors="backslashreplace")
