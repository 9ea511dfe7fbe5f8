"""A small disk that can be full: a tmpfs in a mount namespace, which nobody outside sees."""

from __future__ import annotations

import contextlib
import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.commands import environment
from support.namespaces import SECONDS, entering, hold, making

_KIB = 1024


class SmallDisk:
    """``path``: where it is for commands that are run there; ``seen``: the same folder for the test itself."""

    def __init__(self, path: Path, pid: int) -> None:
        self.path = path
        self.seen = Path(f"/proc/{pid}/root{path}")
        self._enter = entering(pid, "--mount", "mnt")

    def skerry(self, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that keeps its state on this disk."""
        # Entering leads to the root folder.
        shell = ("sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder))
        home = str(self.path / "home")
        return subprocess.Popen(
            [*self._enter, *shell, sys.executable, "-m", "skerry", *arguments],
            env=environment(SKERRY_HOME=home, XDG_STATE_HOME=home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.skerry(folder, *arguments) as process:
            try:
                output, errors = process.communicate(timeout=60)
            finally:
                process.kill()
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def fill(self, left: int = 0) -> None:
        """Fill it, but for this many KiB."""
        with (self.seen / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4 * _KIB))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            file.truncate(file.tell() - left * _KIB)

    def free(self) -> None:
        """Undo ``fill``."""
        (self.seen / "filler").unlink()


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Give a disk of 2 MiB at ``path``, or skip the test by name where the system does not allow it."""
    mount = ("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path))
    path.mkdir()
    command = making(["--mount"], mount, "util-linux")
    with contextlib.ExitStack() as stack:
        pid = hold(stack, command)
        subprocess.run([*entering(pid, "--mount", "mnt"), *mount], check=True, timeout=SECONDS)
        yield SmallDisk(path, pid)
